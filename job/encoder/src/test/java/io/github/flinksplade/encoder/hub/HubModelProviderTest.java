package io.github.flinksplade.encoder.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.github.flinksplade.encoder.LayoutFolder;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.RecordedWarnings;
import io.github.flinksplade.encoder.model.ModelDigests;
import io.github.flinksplade.environment.ForwardProxy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HubModelProviderTest {

    private static final String REFERENCE = "hf:owner/name";
    private static final String OWN_PART = ".flink-splade.incomplete";

    @TempDir Path directory;
    private FakeHub hub;
    private final Map<String, String> environment = new HashMap<>();
    private Duration readTimeout = Duration.ofSeconds(20);

    @BeforeEach
    void start() throws IOException {
        hub = new FakeHub();
        hub.files.put("README.md", "# not needed".getBytes(StandardCharsets.UTF_8));
        hub.files.put("pytorch_model.bin", new byte[5000]);
        hub.files.put("config.json", "{\"model_type\":\"bert\"}".getBytes(StandardCharsets.UTF_8));
        hub.files.put(
                "tokenizer.json", ("{" + " ".repeat(1500) + "}").getBytes(StandardCharsets.UTF_8));
        hub.files.put("onnx/model.onnx", graph(200_000));
        environment.put("HF_ENDPOINT", hub.endpoint());
        environment.put("HF_HOME", directory.resolve("hf").toString());
        environment.put("HOME", directory.resolve("home").toString());
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private static byte[] graph(int bytes, String... external) {
        byte[] weights = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            weights[i] = (byte) (i * 31 + i / 257);
        }
        GraphProto.Builder graph =
                GraphProto.newBuilder()
                        .addInitializer(
                                TensorProto.newBuilder().setRawData(ByteString.copyFrom(weights)));
        for (String location : external) {
            graph.addInitializer(
                    TensorProto.newBuilder()
                            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                            .addExternalData(
                                    StringStringEntryProto.newBuilder()
                                            .setKey("location")
                                            .setValue(location)));
        }
        return ModelProto.newBuilder().setGraph(graph).build().toByteArray();
    }

    private HubModelProvider models() {
        return new HubModelProvider(
                environment, new HubHttp.RetryPolicy(Duration.ofMillis(1), readTimeout));
    }

    private Path provide(String reference) {
        return models().provide(reference, directory.resolve("unused"), Progress.SILENT);
    }

    private Path repository() {
        return directory.resolve("hf/hub/models--owner--name");
    }

    private Path blob(String name) {
        return repository()
                .resolve("blobs")
                .resolve(FakeHub.digest("SHA-256", hub.files.get(name)));
    }

    private void assertComplete(Path snapshot, String... names) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(snapshot)) {
            files.filter(Files::isRegularFile)
                    .forEach(file -> found.add(snapshot.relativize(file).toString()));
        }
        assertThat(found).containsExactlyInAnyOrder(names);
        for (String name : names) {
            assertThat(snapshot.resolve(name)).hasBinaryContent(hub.files.get(name));
        }
    }

    @Test
    void downloadsNeededFilesIntoTheSharedLayout() throws Exception {
        List<String> reported = new ArrayList<>();
        Path snapshot =
                models().provide(
                                REFERENCE,
                                directory.resolve("unused"),
                                (what, done, total) ->
                                        reported.add(what + " " + done + "/" + total));
        assertThat(snapshot).isEqualTo(repository().resolve("snapshots/" + FakeHub.COMMIT));
        assertComplete(snapshot, "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(repository().resolve("refs/main")).hasContent(FakeHub.COMMIT);
        assertThat(Files.readSymbolicLink(snapshot.resolve("onnx/model.onnx")))
                .isRelative()
                .isEqualTo(
                        Path.of("../../../blobs")
                                .resolve(blob("onnx/model.onnx").getFileName().toString()));
        assertThat(blob("onnx/model.onnx")).isRegularFile();
        assertThat(
                        repository()
                                .resolve("blobs")
                                .resolve(FakeHub.gitBlobId(hub.files.get("config.json"))))
                .isRegularFile();
        int size = hub.files.get("onnx/model.onnx").length;
        assertThat(reported)
                .contains("onnx/model.onnx 0/" + size, "onnx/model.onnx " + size + "/" + size);
        assertThat(directory.resolve("unused")).doesNotExist();
        assertThat(directory.resolve("home")).doesNotExist();
        try (Stream<Path> blobs = Files.list(repository().resolve("blobs"))) {
            assertThat(blobs).hasSize(3);
        }
    }

    @Test
    void sendsNoRequestForCachedModel() throws Exception {
        Path first = provide(REFERENCE);
        hub.requests.clear();
        assertThat(provide(REFERENCE)).isEqualTo(first);
        assertThat(provide(REFERENCE + "@main")).isEqualTo(first);
        assertThat(provide(REFERENCE + "@" + FakeHub.COMMIT)).isEqualTo(first);
        assertThat(hub.requests).isEmpty();
    }

    @Test
    void usesFilesOfOtherTools() throws Exception {
        Path snapshot = repository().resolve("snapshots/" + FakeHub.COMMIT);
        Files.createDirectories(snapshot);
        Files.createDirectories(repository().resolve("refs"));
        Files.writeString(repository().resolve("refs/main"), FakeHub.COMMIT);
        hub.files.remove("onnx/model.onnx");
        hub.files.put("model.onnx", graph(10));
        Files.write(snapshot.resolve("model.onnx"), graph(10));
        Files.write(snapshot.resolve("tokenizer.json"), hub.files.get("tokenizer.json"));
        Files.write(snapshot.resolve("config.json"), hub.files.get("config.json"));
        assertThat(provide(REFERENCE)).isEqualTo(snapshot);
        assertThat(hub.paths("GET"))
                .as("only whether it has files with metadata was looked up")
                .containsExactly("hub /api/models/owner/name/revision/main");
        hub.requests.clear();
        assertThat(provide(REFERENCE)).isEqualTo(snapshot);
        assertThat(hub.requests).isEmpty();
    }

    @Test
    void completesPartialDownloadOfAnotherTool() throws Exception {
        provide(REFERENCE);
        Files.delete(repository().resolve("snapshots/" + FakeHub.COMMIT + "/onnx/model.onnx"));
        hub.requests.clear();
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(hub.paths("GET")).as("its blob was cached").hasSize(1);
    }

    @Test
    void prefersGraphAtTheRootAndDownloadsItsConfig() throws Exception {
        hub.files.put("model.onnx", graph(300));
        hub.files.put("splade.json", "{}".getBytes(StandardCharsets.UTF_8));
        assertComplete(
                provide(REFERENCE), "tokenizer.json", "config.json", "splade.json", "model.onnx");
    }

    @Test
    void downloadsExternalFiles() throws Exception {
        hub.files.put("onnx/model.onnx", graph(10, "model.onnx_data", "w eights"));
        hub.files.put("onnx/model.onnx_data", new byte[30_000]);
        hub.files.remove("onnx/w eights");
        assertThatThrownBy(() -> provide(REFERENCE)).isInstanceOf(ModelException.class);
        assertThat(repository().resolve("refs/main"))
                .as("a reference to an incomplete snapshot")
                .doesNotExist();
        hub.files.put("onnx/model.onnx", graph(10, "model.onnx_data"));
        hub.commit = "f".repeat(40);
        assertComplete(
                provide(REFERENCE),
                "tokenizer.json",
                "config.json",
                "onnx/model.onnx",
                "onnx/model.onnx_data");
    }

    private void serve(LayoutFolder folder) {
        hub.files.clear();
        hub.files.put("README.md", "# not needed".getBytes(StandardCharsets.UTF_8));
        hub.files.put("pytorch_model.bin", new byte[5000]);
        hub.files.putAll(folder.files());
    }

    /** Each a layout, and the files that are not needed. */
    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of(
                        "transformers",
                        LayoutFolder.transformers().put("vocab.txt", "a"),
                        "vocab.txt"),
                Arguments.of(
                        "transformers with vocab.txt",
                        LayoutFolder.transformers()
                                .remove("tokenizer.json")
                                .put("vocab.txt", "[PAD]")
                                .put("special_tokens_map.json", "{}"),
                        ""),
                Arguments.of("sentence-transformers 5", LayoutFolder.sentenceTransformers5(), ""),
                Arguments.of("sentence-transformers 6", LayoutFolder.sentenceTransformers6(), ""),
                Arguments.of(
                        "OpenSearch with modules",
                        LayoutFolder.router()
                                .put("idf.json", "{}")
                                .put("query_token_weights.txt", "a\t1"),
                        "idf.json query_token_weights.txt"),
                Arguments.of(
                        "OpenSearch without modules",
                        LayoutFolder.transformers()
                                .put("idf.json", "{}")
                                .put("query_token_weights.txt", "a\t1"),
                        "query_token_weights.txt"),
                Arguments.of("a model per role", LayoutFolder.pair(), ""),
                Arguments.of(
                        "shards",
                        LayoutFolder.sentenceTransformers5()
                                .remove("model.safetensors")
                                .put(
                                        "model.safetensors.index.json",
                                        "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\":"
                                                + " \"2.safetensors\"}}")
                                .put("1.safetensors", "1")
                                .put("2.safetensors", "2")
                                .put("3.safetensors", "3"),
                        "3.safetensors"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void downloadsTheFilesOfALayout(String name, LayoutFolder folder, String unneeded)
            throws Exception {
        serve(folder);
        List<String> needed = new ArrayList<>(folder.files().keySet());
        needed.removeAll(List.of(unneeded.split(" ")));
        Path snapshot = provide(REFERENCE);
        assertComplete(snapshot, needed.toArray(String[]::new));
        hub.requests.clear();
        assertThat(provide(REFERENCE)).isEqualTo(snapshot);
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(provide(REFERENCE)).isEqualTo(snapshot);
        assertThat(hub.requests).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void downloadsTheFilesOfALayoutFromMirrorsWithoutApi(
            String name, LayoutFolder folder, String unneeded) throws Exception {
        hub.isMirror = true;
        downloadsTheFilesOfALayout(name, folder, unneeded);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void downloadsMissingFilesOfALayout(String name, LayoutFolder folder, String unneeded)
            throws Exception {
        serve(folder);
        Path snapshot = provide(REFERENCE);
        for (String file : folder.files().keySet()) {
            Files.deleteIfExists(snapshot.resolve(file));
            assertThat(provide(REFERENCE + "@" + FakeHub.COMMIT)).isEqualTo(snapshot);
            if (!List.of(unneeded.split(" ")).contains(file)) {
                assertThat(snapshot.resolve(file)).as(file).exists();
            }
        }
    }

    @Test
    void prefersGraphOverSafetensors() throws Exception {
        serve(LayoutFolder.sentenceTransformers5());
        hub.files.put("onnx/model.onnx", graph(3000));
        hub.files.put("onnx/model_quantized.onnx", graph(2000, "quantized_data"));
        hub.files.put("onnx/quantized_data", new byte[1000]);
        String[] metadata = {
            "1_SpladePooling/config.json",
            "config.json",
            "config_sentence_transformers.json",
            "modules.json",
            "sentence_bert_config.json",
            "tokenizer.json",
            "tokenizer_config.json"
        };
        List<String> expected = new ArrayList<>(List.of(metadata));
        expected.add("onnx/model.onnx");
        assertComplete(provide(REFERENCE), expected.toArray(String[]::new));
        Path file = provide(REFERENCE + "@main#onnx/model_quantized.onnx");
        Path snapshot = repository().resolve("snapshots/" + FakeHub.COMMIT);
        assertThat(file).isEqualTo(snapshot.resolve("onnx/model_quantized.onnx"));
        expected.add("onnx/model_quantized.onnx");
        expected.add("onnx/quantized_data");
        assertComplete(snapshot, expected.toArray(String[]::new));
        assertThat(provide(REFERENCE + "#model.safetensors"))
                .isEqualTo(snapshot.resolve("model.safetensors"))
                .exists();
        hub.requests.clear();
        assertThat(provide(REFERENCE + "#onnx/model_quantized.onnx")).isEqualTo(file);
        assertThat(provide(REFERENCE)).isEqualTo(snapshot);
        assertThat(hub.requests).isEmpty();
        assertThatThrownBy(() -> provide(REFERENCE + "#onnx/model_O4.onnx"))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "hf:owner/name#onnx/model_O4.onnx: onnx/model_O4.onnx does not exist; there"
                                + " is onnx/model.onnx, onnx/model_quantized.onnx");
        for (String invalid : List.of("#", "#/etc/passwd", "#../x.onnx", "#a\\b")) {
            assertThatThrownBy(() -> provide(REFERENCE + invalid))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("is not a valid Hugging Face model");
        }
    }

    @Test
    void reportsWhatALayoutLacks() {
        serve(LayoutFolder.router().remove("query_0_SparseStaticEmbedding/model.safetensors"));
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "hf:owner/name: query_0_SparseStaticEmbedding/model.safetensors");
        serve(LayoutFolder.sentenceTransformers5().remove("model.safetensors"));
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("in hf:owner/name; it contains pytorch_model.bin, a format");
        serve(LayoutFolder.sentenceTransformers5().remove("tokenizer.json"));
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no tokenizer.json");
        assertThat(repository().resolve("refs/main")).doesNotExist();
    }

    @Test
    void downloadsNoWeightsOfUnsupportedModels() {
        serve(
                LayoutFolder.sentenceTransformers5()
                        .replace("1_SpladePooling/config.json", "\"max\"", "\"mean\""));
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("hf:owner/name: 1_SpladePooling/config.json")
                .hasMessageContaining("\"mean\"");
        assertThat(hub.paths("GET")).noneMatch(path -> path.endsWith("model.safetensors"));
    }

    @Test
    void doesNotUseWeightsOfOtherToolsWithoutTheirFormula() throws Exception {
        serve(LayoutFolder.router());
        Path snapshot = repository().resolve("snapshots/" + FakeHub.COMMIT);
        Files.createDirectories(repository().resolve("refs"));
        Files.writeString(repository().resolve("refs/main"), FakeHub.COMMIT);
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.createDirectories(snapshot);
            Files.write(snapshot.resolve(name), hub.files.get(name));
        }
        List<String> warnings = new ArrayList<>();
        Progress progress = new RecordedWarnings(warnings);
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(models().provide(REFERENCE, directory, progress)).isEqualTo(snapshot);
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains("hf:owner/name is used without ", "modules.json", "HF_HUB_OFFLINE");
        environment.remove("HF_HUB_OFFLINE");
        assertComplete(
                models().provide(REFERENCE, directory, progress),
                LayoutFolder.router().files().keySet().toArray(String[]::new));
        assertThat(warnings).hasSize(1);
    }

    @Test
    void reportsDamagedMetadata() throws Exception {
        serve(LayoutFolder.sentenceTransformers5());
        Path snapshot = provide(REFERENCE);
        Path blob = snapshot.resolve("1_SpladePooling/config.json").toRealPath();
        Files.writeString(blob, Files.readString(blob).replace("max", "sum"));
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(blob + " is damaged: ")
                .hasMessageEndingWith("model pull hf:owner/name");
        models().refresh(REFERENCE, directory, Progress.SILENT);
        assertThat(snapshot.resolve("1_SpladePooling/config.json")).content().contains("max");
    }

    @Test
    void resumesAfterLostConnection() throws Exception {
        hub.cuts = 3;
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(hub.requests)
                .filteredOn(request -> request.server().equals("store"))
                .filteredOn(request -> request.range() != null)
                .hasSize(3);
    }

    @Test
    void resumesAfterStalledConnection() throws Exception {
        readTimeout = Duration.ofMillis(700);
        hub.cuts = 1;
        hub.stalls = true;
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(hub.requests).anyMatch(request -> request.range() != null);
    }

    @Test
    void supportsMirrorsWithoutApi() throws Exception {
        hub.isMirror = true;
        hub.files.put("onnx/model.onnx", graph(10, "model.onnx_data"));
        hub.files.put("onnx/model.onnx_data", new byte[30_000]);
        assertComplete(
                provide(REFERENCE),
                "tokenizer.json",
                "config.json",
                "onnx/model.onnx",
                "onnx/model.onnx_data");
        assertThatThrownBy(() -> provide("hf:owner/other"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("hf:owner/other");
    }

    @Test
    void resumesDownloadOfAnEarlierProcess() throws Exception {
        byte[] whole = hub.files.get("onnx/model.onnx");
        Files.createDirectories(repository().resolve("blobs"));
        Path part = Path.of(blob("onnx/model.onnx") + OWN_PART);
        Files.write(part, Arrays.copyOf(whole, 150_000));
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(hub.requests).extracting(FakeHub.Request::range).contains("bytes=150000-");
        assertThat(part).doesNotExist();
    }

    @Test
    void restartsIfTheServerCannotResume() throws Exception {
        hub.cuts = 1;
        hub.ignoreRanges = true;
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
    }

    @Test
    void discardsDamagedPart() throws Exception {
        Files.createDirectories(repository().resolve("blobs"));
        Files.write(Path.of(blob("onnx/model.onnx") + OWN_PART), new byte[1234]);
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        Files.delete(blob("onnx/model.onnx"));
        Files.write(Path.of(blob("onnx/model.onnx") + OWN_PART), new byte[999_999]);
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
    }

    @Test
    void rejectsContentWithAnotherDigest() {
        hub.corrupt = true;
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer.json cannot be downloaded")
                .hasMessageContaining("it has the SHA-256 ")
                .hasMessageContaining(FakeHub.digest("SHA-256", hub.files.get("tokenizer.json")));
        assertThat(blob("tokenizer.json")).doesNotExist();
    }

    @Test
    void sendsTheTokenToTheHubOnly() throws Exception {
        hub.requiredToken = "hf_secret";
        environment.put("HF_TOKEN", "hf_secret\n");
        provide(REFERENCE);
        assertThat(hub.requests)
                .filteredOn(request -> request.server().equals("hub"))
                .isNotEmpty()
                .allMatch(request -> "Bearer hf_secret".equals(request.token()));
        assertThat(hub.requests)
                .filteredOn(request -> request.server().equals("store"))
                .isNotEmpty()
                .allMatch(request -> request.token() == null);
    }

    @Test
    void readsTheTokenOfALogin() throws Exception {
        hub.requiredToken = "hf_stored";
        Files.createDirectories(directory.resolve("hf"));
        Files.writeString(directory.resolve("hf/token"), "hf_stored\n");
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
    }

    @Test
    void rejectsInvalidToken() {
        environment.put("HF_TOKEN", "two words");
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("HF_TOKEN")
                .message()
                .doesNotContain("two words");
    }

    @Test
    void reportsMissingOrInvalidToken() {
        hub.requiredToken = "hf_secret";
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("hf:owner/name")
                .hasMessageContaining("(401)")
                .hasMessageContaining("set HF_TOKEN");
        environment.put("HF_TOKEN", "hf_wrong");
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("whether the token in HF_TOKEN has access")
                .message()
                .doesNotContain("hf_wrong");
    }

    @Test
    void reportsWhatIsNotFound() {
        assertThatThrownBy(() -> provide("hf:owner/other"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("hf:owner/other: the repository does not exist");
        assertThatThrownBy(() -> provide("hf:owner/name@v9"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("hf:owner/name@v9: the revision does not exist");
        hub.files.remove("onnx/model.onnx");
        hub.files.put("onnx/model_O4.onnx", graph(10));
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "no model.onnx, onnx/model.onnx or model.safetensors in hf:owner/name; it"
                                + " contains onnx/model_O4.onnx: name the file");
        hub.files.put("onnx/model.onnx", graph(10));
        hub.files.remove("tokenizer.json");
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no tokenizer.json");
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 502, 503})
    void retriesAfterTransientFailure(int status) throws Exception {
        hub.failureStatus = status;
        hub.failures = 4;
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
    }

    @Test
    void failsAfterMaxAttempts() {
        hub.failures = Integer.MAX_VALUE;
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("it returns status 503");
        assertThat(hub.requests).hasSize(5);
    }

    @Test
    void reportsUnreachableHub() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        environment.put("HF_ENDPOINT", "http://127.0.0.1:" + port);
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("127.0.0.1:" + port)
                .hasMessageContaining("cannot be reached: ")
                .hasMessageContaining("HF_ENDPOINT")
                .message()
                .doesNotContain("Exception");
    }

    @Test
    void reportsUnknownHost() {
        environment.put("HF_ENDPOINT", "http://no-such-host.invalid");
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("cannot be reached: the host name is unknown; ");
    }

    @Test
    void timesOutOnSilentServer() throws Exception {
        readTimeout = Duration.ofMillis(50);
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            environment.put("HF_ENDPOINT", "http://127.0.0.1:" + silent.getLocalPort());
            assertThatThrownBy(() -> provide(REFERENCE))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("cannot be reached: no response in time");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"huggingface.co", "ftp://x", "http://", "http://a b"})
    void rejectsInvalidEndpoint(String endpoint) {
        environment.put("HF_ENDPOINT", endpoint);
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("HF_ENDPOINT is '" + endpoint + "'");
    }

    @Test
    void endpointMayHaveAPath() throws Exception {
        hub.prefix = "/mirror/hf";
        environment.put("HF_ENDPOINT", hub.endpoint() + "/");
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "true", "YES", "on"})
    void sendsNoRequestWhenOffline(String value) throws Exception {
        environment.put("HF_HUB_OFFLINE", value);
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(REFERENCE)
                .hasMessageContaining("HF_HUB_OFFLINE");
        assertThat(hub.requests).isEmpty();
        environment.remove("HF_HUB_OFFLINE");
        Path snapshot = provide(REFERENCE);
        environment.put("HF_HUB_OFFLINE", value);
        hub.requests.clear();
        assertThat(provide(REFERENCE)).isEqualTo(snapshot);
        assertThat(models().refresh(REFERENCE, directory, Progress.SILENT)).isEqualTo(snapshot);
        assertThat(hub.requests).isEmpty();
    }

    @Test
    void followsBranchOnlyOnRefresh() throws Exception {
        Path first = provide(REFERENCE);
        hub.commit = "a".repeat(40);
        hub.files.put("onnx/model.onnx", graph(70_000));
        assertThat(provide(REFERENCE)).isEqualTo(first);
        Path second = models().refresh(REFERENCE, directory, Progress.SILENT);
        assertThat(second.getFileName()).hasToString(hub.commit);
        assertComplete(second, "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(provide(REFERENCE)).isEqualTo(second);
        assertThat(provide(REFERENCE + "@" + FakeHub.COMMIT)).isEqualTo(first);
    }

    @Test
    void revisionMayBeATagOrAPullRequest() throws Exception {
        hub.revision = "refs%2Fpr%2F7";
        Path snapshot = provide("hf:owner/name@refs/pr/7");
        assertComplete(snapshot, "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(repository().resolve("refs/refs/pr/7")).hasContent(FakeHub.COMMIT);
        assertThat(provide("hf:owner/name@refs/pr/7")).isEqualTo(snapshot);
    }

    @Test
    void usesTheCacheDirectoryOfOtherTools() throws Exception {
        environment.put("HF_HUB_CACHE", directory.resolve("elsewhere").toString());
        assertThat(provide(REFERENCE)).startsWith(directory.resolve("elsewhere"));
        environment.remove("HF_HUB_CACHE");
        environment.remove("HF_HOME");
        environment.put("XDG_CACHE_HOME", directory.resolve("xdg").toString());
        assertThat(provide(REFERENCE)).startsWith(directory.resolve("xdg/huggingface/hub"));
        environment.remove("XDG_CACHE_HOME");
        assertThat(provide(REFERENCE)).startsWith(directory.resolve("home/.cache/huggingface/hub"));
        environment.put("HF_HOME", "~/hf2");
        assertThat(provide(REFERENCE)).startsWith(directory.resolve("home/hf2/hub"));
    }

    @Test
    void reportsCacheThatCannotBeWritten() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        environment.put("HF_HOME", file.resolve("below").toString());
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("cannot be written");
    }

    @Test
    void filesAndDirectoriesHaveThePermissionsOfTheUmask() throws Exception {
        Path file = Files.writeString(directory.resolve("plain"), "");
        Path folder = Files.createDirectory(directory.resolve("folder"));
        provide(REFERENCE);
        try (Stream<Path> all = Files.walk(directory.resolve("hf"))) {
            assertThat(all)
                    .hasSizeGreaterThan(10)
                    .allSatisfy(
                            path ->
                                    assertThat(Files.getPosixFilePermissions(path))
                                            .as(path.toString())
                                            .isEqualTo(
                                                    Files.getPosixFilePermissions(
                                                            Files.isDirectory(path)
                                                                    ? folder
                                                                    : file)));
        }
    }

    /** A file instead of a directory stops root too, unlike permissions. */
    @Test
    void worksWithoutWritableLocksAndReferences() throws Exception {
        Files.createDirectories(directory.resolve("hf/hub"));
        Files.writeString(directory.resolve("hf/hub/.locks"), "");
        provide(REFERENCE);
        Files.delete(repository().resolve("refs/main"));
        Files.delete(repository().resolve("refs"));
        Files.writeString(repository().resolve("refs"), "");
        hub.requests.clear();
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(hub.paths("GET")).as("only the branch was looked up").hasSize(1);
        try (Stream<Path> blobs = Files.list(repository().resolve("blobs"))) {
            assertThat(blobs).as("no parts are left").hasSize(3);
        }
    }

    @Test
    void rejectsReferenceThatCannotBeReplaced() throws Exception {
        provide(REFERENCE);
        Path ref = repository().resolve("refs/main");
        Files.delete(ref);
        Files.createDirectories(ref.resolve("sub")); // cannot be replaced by a file
        assertThatThrownBy(() -> models().refresh(REFERENCE, directory, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(ref + " names another commit than " + FakeHub.COMMIT)
                .hasMessageContaining(" and cannot be written: ");
    }

    @Test
    void reportsWhyTheCacheCannotBeWritten() throws Exception {
        Files.createDirectories(repository());
        Path blobs = Files.writeString(repository().resolve("blobs"), "");
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "the model is not complete in the cache "
                                + repository()
                                + ", which cannot be written: "
                                + blobs
                                + " is a file, not a directory; free some space, change its"
                                + " permissions, or set HF_HOME to another directory");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pullRepairsTruncatedAndDamagedFiles(boolean truncated) throws Exception {
        Path snapshot = provide(REFERENCE);
        for (String name : List.of("config.json", "tokenizer.json", "onnx/model.onnx")) {
            Path blob = snapshot.resolve(name).toRealPath();
            byte[] content = Files.readAllBytes(blob);
            content[content.length / 2] ^= 1;
            Files.write(blob, truncated ? Arrays.copyOf(content, content.length - 9) : content);
            ModelDigests digests =
                    new ModelDigests(directory.resolve("digests"), true, Progress.SILENT);
            assertThatThrownBy(
                            () -> {
                                if (name.endsWith(".onnx")) {
                                    digests.model(snapshot.resolve(name));
                                } else {
                                    digests.file(snapshot.resolve(name));
                                }
                            })
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(
                            "; download it again with flink-splade model pull hf:owner/name");
        }
        hub.requests.clear();
        List<String> warnings = new ArrayList<>();
        Progress progress = new RecordedWarnings(warnings);
        assertThat(models().refresh(REFERENCE, directory, progress)).isEqualTo(snapshot);
        assertComplete(snapshot, "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(warnings)
                .hasSize(3)
                .allMatch(warning -> warning.endsWith(" and is downloaded again"))
                .anyMatch(warning -> warning.contains("onnx/model.onnx is damaged (it has "));
        warnings.clear();
        hub.requests.clear();
        models().refresh(REFERENCE, directory, progress);
        assertThat(warnings).isEmpty();
        assertThat(hub.paths("GET")).as("only the branch was looked up").hasSize(1);
    }

    @Test
    void reportsHowToRepairTruncatedGraph() throws Exception {
        Path snapshot = provide(REFERENCE);
        Path blob = blob("onnx/model.onnx");
        Files.write(blob, Arrays.copyOf(Files.readAllBytes(blob), 1000));
        assertThatThrownBy(() -> provide(REFERENCE + "@" + FakeHub.COMMIT))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(snapshot.resolve("onnx/model.onnx").toString())
                .hasMessageEndingWith("model pull hf:owner/name");
        Files.writeString(repository().resolve("refs/main"), "another");
        assertThatThrownBy(() -> provide(REFERENCE + "@" + FakeHub.COMMIT))
                .hasMessageEndingWith("model pull hf:owner/name@" + FakeHub.COMMIT);
    }

    @Test
    void repairOfNamedGraphNamesItToo() throws Exception {
        hub.files.put("onnx/model_quantized.onnx", graph(2000));
        Path file = provide(REFERENCE + "#onnx/model_quantized.onnx");
        Files.write(file.toRealPath(), new byte[1]);
        assertThatThrownBy(() -> provide(REFERENCE + "#onnx/model_quantized.onnx"))
                .isInstanceOf(ModelException.class)
                .hasMessageEndingWith("model pull hf:owner/name#onnx/model_quantized.onnx");
        models().refresh(REFERENCE + "#onnx/model_quantized.onnx", directory, Progress.SILENT);
        assertThat(file).hasBinaryContent(graph(2000));
    }

    @Test
    void doesNotTouchDownloadsOfOtherTools() throws Exception {
        Files.createDirectories(repository().resolve("blobs"));
        Path part = Path.of(blob("onnx/model.onnx") + ".incomplete");
        Files.write(part, new byte[1234]);
        assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(part).hasBinaryContent(new byte[1234]);
        try (Stream<Path> locks = Files.walk(directory.resolve("hf/hub/.locks"))) {
            assertThat(locks.filter(Files::isRegularFile))
                    .hasSize(3)
                    .allMatch(lock -> lock.toString().endsWith(".flink-splade.lock"));
        }
    }

    @Test
    void usesTheProxyOfTheEnvironment() throws Exception {
        try (ForwardProxy proxy = new ForwardProxy()) {
            int port = URI.create(hub.endpoint()).getPort();
            proxy.hosts.put("hub.example", port);
            proxy.requiredAuthorization = "Basic bWU6c2VjcmV0";
            environment.put("HTTP_PROXY", "http://me:secret@127.0.0.1:" + proxy.port());
            environment.put("NO_PROXY", "127.0.0.1");
            environment.put("HF_ENDPOINT", "http://hub.example:" + port);
            assertComplete(provide(REFERENCE), "tokenizer.json", "config.json", "onnx/model.onnx");
            assertThat(proxy.requests)
                    .isNotEmpty()
                    .allMatch(line -> line.contains(" http://hub.example:" + port + "/"));
            assertThat(hub.paths("GET"))
                    .as("large files come from another host, which is excluded")
                    .contains("store /onnx/model.onnx");

            environment.put("HTTP_PROXY", "http://me:wrong@127.0.0.1:" + proxy.port());
            assertThatThrownBy(() -> provide("hf:owner/other"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("the proxy 127.0.0.1:" + proxy.port() + " (HTTP_PROXY)")
                    .hasMessageContaining("requires other credentials (407)")
                    .message()
                    .doesNotContain("wrong");
            environment.put("HTTP_PROXY", "socks5://127.0.0.1:1");
            assertThatThrownBy(() -> provide("hf:owner/other"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("HTTP_PROXY is a socks5 proxy, which is not supported");
        }
    }

    @Test
    void reportsUnreachableProxy() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        environment.put("all_proxy", "127.0.0.1:" + port);
        environment.put("HF_ENDPOINT", "https://hub.example");
        assertThatThrownBy(() -> provide(REFERENCE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "cannot be reached through the proxy 127.0.0.1:" + port + " (all_proxy)");
    }

    @RepeatedTest(10)
    void concurrentThreadsDownloadOnce() throws Exception {
        hub.graphRequests = new CountDownLatch(4);
        List<Thread> threads = new ArrayList<>();
        List<Path> snapshots = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 4; i++) {
            threads.add(new Thread(() -> snapshots.add(provide(REFERENCE))));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(snapshots).hasSize(4);
        assertComplete(snapshots.get(0), "tokenizer.json", "config.json", "onnx/model.onnx");
        assertThat(hub.paths("GET")).containsOnlyOnce("store /onnx/model.onnx");
    }
}
