package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelStoreTest {

    @TempDir Path directory;
    private Path model;
    private EncoderOptions options;

    @BeforeEach
    void createDirectories() throws IOException {
        model = Files.createDirectory(directory.resolve("model"));
        options =
                EncoderOptions.builder()
                        .cacheDirectory(directory.resolve("cache").toString())
                        .build();
    }

    private ModelFiles resolve() {
        return ModelStore.resolve(model.toString(), options, Progress.SILENT);
    }

    private Path write(String name, byte[] content) throws IOException {
        Path file = model.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
        // as usual for files of models: created a while ago
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
        return file;
    }

    private Path write(String name, String content) throws IOException {
        return write(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] graph(TensorProto... tensors) {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .setGraph(GraphProto.newBuilder().addAllInitializer(List.of(tensors)))
                .build()
                .toByteArray();
    }

    private static TensorProto inside() {
        return TensorProto.newBuilder().setRawData(ByteString.copyFrom(new byte[4000])).build();
    }

    private static TensorProto external(String location) {
        return TensorProto.newBuilder()
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("location").setValue(location))
                .addExternalData(StringStringEntryProto.newBuilder().setKey("offset").setValue("0"))
                .build();
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    @Test
    void findsBothLayouts() throws Exception {
        write("tokenizer.json", "{}");
        Path inFolder = write("onnx/model.onnx", graph(inside()));
        ModelFiles files = resolve();
        assertThat(files.graph()).isEqualTo(inFolder);
        assertThat(files.tokenizer()).isEqualTo(model.resolve("tokenizer.json"));
        assertThat(files.name()).isEqualTo(model.toString());
        assertThat(files.sha256()).isEqualTo(sha256(graph(inside())));
        assertThat(files.tokenizerSha256())
                .isEqualTo(sha256("{}".getBytes(StandardCharsets.UTF_8)));
        assertThat(files.documentTokens()).isZero();
        assertThat(files.queryTokens()).isZero();

        Path above = write("model.onnx", graph());
        assertThat(resolve().graph()).isEqualTo(above);
        write("onnx/tokenizer.json", "{ }");
        model = model.resolve("onnx");
        assertThat(resolve().graph()).isEqualTo(inFolder);
        assertThat(resolve().tokenizer()).isEqualTo(model.resolve("tokenizer.json"));
    }

    @Test
    void acceptsFilesAndFileUris() throws Exception {
        write("tokenizer.json", "{}");
        Path file = write("onnx/model_O2.onnx", graph(inside()));
        for (String reference : List.of(file.toString(), "file:" + file, file.toUri().toString())) {
            assertThat(ModelStore.resolve(reference, options, Progress.SILENT).graph())
                    .as(reference)
                    .isEqualTo(file);
        }
    }

    @Test
    void readsTheModelsOwnLimits() throws Exception {
        write("tokenizer.json", "{}");
        write("onnx/model.onnx", graph());
        write("splade.json", "{\"document_tokens\": 256, \"query_tokens\": 32}");
        assertThat(resolve().documentTokens()).isEqualTo(256);
        assertThat(resolve().queryTokens()).isEqualTo(32);
        write("splade.json", "{\"query_tokens\": 64}");
        assertThat(resolve().documentTokens()).isZero();
        assertThat(resolve().queryTokens()).isEqualTo(64);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"document_tokens\": 0}",
                "{\"document_tokens\": -5}",
                "{\"document_tokens\": 1.5}",
                "{\"document_tokens\": \"128\"}",
                "{\"document_tokens\": 99999999999}",
                "{\"documents\": 128}",
                "[128, 24]",
                "128",
                "",
                "{\"query_tokens\": 24",
                "{\"query_tokens\": 24} x"
            })
    void rejectsInvalidTokenLimits(String content) throws Exception {
        write("tokenizer.json", "{}");
        write("model.onnx", graph());
        write("splade.json", content);
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(model.resolve("splade.json").toString());
    }

    @Test
    void reportsMissingFiles() throws Exception {
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "no model.onnx, onnx/model.onnx or model.safetensors in " + model);
        write("onnx/model_quantized.onnx", graph());
        assertThatThrownBy(this::resolve)
                .hasMessageContaining("it contains onnx/model_quantized.onnx: name the file");
        write("model.onnx", graph());
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no tokenizer.json next to " + model.resolve("model.onnx"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prithivida/Splade_PP_en_v1 -> write hf:prithivida/Splade_PP_en_v1",
                "./no/such/place -> no such directory: ",
                "builtin:minilm2 -> builtin:minilm2",
                "s3://bucket/model -> models from 's3://bucket/model' are not supported",
                "file:/no/such/place -> no such directory: /no/such/place",
                "file://%zz -> is not a valid path",
                "a\0b -> is not a valid path",
                "hf: -> write hf:owner/name",
                "hf:a/b/c -> write hf:owner/name",
                "hf:../x -> write hf:owner/name",
                "hf:a/b@../../x -> write hf:owner/name",
                "  -> the model is missing"
            })
    void rejectsInvalidReferencesWithAdvice(String row) {
        String[] cells = row.split(" -> ", 2);
        String reference = cells.length == 2 ? cells[0] : "";
        assertThatThrownBy(() -> ModelStore.resolve(reference, options, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(cells[cells.length - 1].replaceFirst("^ *-> ", ""));
    }

    @Test
    void digestIncludesExternalFiles() throws Exception {
        write("tokenizer.json", "{}");
        byte[] graph = graph(inside(), external("model.onnx_data"), external("b"), external("b"));
        write("model.onnx", graph);
        write("model.onnx_data", "weights");
        write("b", "more weights");
        String listing =
                sha256(graph)
                        + "  model.onnx\n"
                        + sha256("more weights".getBytes(StandardCharsets.UTF_8))
                        + "  b\n"
                        + sha256("weights".getBytes(StandardCharsets.UTF_8))
                        + "  model.onnx_data\n";
        String expected = sha256(listing.getBytes(StandardCharsets.UTF_8));
        assertThat(resolve().sha256()).isEqualTo(expected);
        assertThat(resolve().sha256()).as("from the cache").isEqualTo(expected);

        write("b", "other weights!");
        assertThat(resolve().sha256()).isNotEqualTo(expected);
        Files.delete(model.resolve("b"));
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("are in b, which is not next to it");
    }

    @Test
    void findsExternalFilesOfAllTensors() throws Exception {
        write("tokenizer.json", "{}");
        GraphProto inner = GraphProto.newBuilder().addInitializer(external("in-branch")).build();
        GraphProto outer =
                GraphProto.newBuilder()
                        .addNode(
                                NodeProto.newBuilder()
                                        .setOpType("If")
                                        .addAttribute(AttributeProto.newBuilder().setG(inner))
                                        .addAttribute(
                                                AttributeProto.newBuilder()
                                                        .setT(external("in-constant"))))
                        .build();
        write("model.onnx", ModelProto.newBuilder().setGraph(outer).build().toByteArray());
        assertThatThrownBy(this::resolve).hasMessageContaining("in-branch");
        write("in-branch", "1");
        assertThatThrownBy(this::resolve).hasMessageContaining("in-constant");
        write("in-constant", "2");
        assertThat(resolve().sha256()).hasSize(64);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../secret", "/etc/passwd", "a/../../b"})
    void rejectsExternalFilesOutsideTheDirectory(String location) throws Exception {
        write("tokenizer.json", "{}");
        write("model.onnx", graph(external(location)));
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("'" + location + "', which is outside its directory");
    }

    @Test
    void rejectsFilesThatAreNotGraphs() throws Exception {
        write("tokenizer.json", "{}");
        byte[] whole = graph(inside());
        write("model.onnx", java.util.Arrays.copyOf(whole, whole.length - 100));
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model.onnx is not an ONNX model, or is truncated");
        write("model.onnx", new byte[0]);
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model.onnx is empty");
        write("model.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("is a Git LFS pointer");
    }

    @Test
    void rejectsModelWithAnotherDigestThanThePinned() throws Exception {
        write("tokenizer.json", "{}");
        write("model.onnx", graph(inside()));
        String right = sha256(graph(inside()));
        String wrong = "0".repeat(64);
        options = options.toBuilder().sha256(right.toUpperCase(java.util.Locale.ROOT)).build();
        assertThat(resolve().sha256()).isEqualTo(right);
        options = options.toBuilder().sha256(wrong).build();
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(right)
                .hasMessageContaining(wrong);
        options = options.toBuilder().sha256("abc").build();
        assertThatThrownBy(this::resolve)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("64 hexadecimal digits");
    }

    @Test
    void readsLargeFileOnce() throws Exception {
        write("tokenizer.json", "{}");
        TensorProto large =
                TensorProto.newBuilder().setRawData(ByteString.copyFrom(new byte[3 << 20])).build();
        write("model.onnx", graph(large));
        List<String> reported = new ArrayList<>();
        Progress progress = (what, done, total) -> reported.add(what);
        String first = ModelStore.resolve(model.toString(), options, progress).sha256();
        assertThat(reported).isNotEmpty();
        reported.clear();
        assertThat(ModelStore.resolve(model.toString(), options, progress).sha256())
                .isEqualTo(first);
        assertThat(reported).as("read again").isEmpty();

        // changed, with the same size
        byte[] changed = graph(large);
        changed[changed.length - 100]++;
        Path file = write("model.onnx", changed);
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T00:00:00.5Z")));
        assertThat(resolve().sha256()).isEqualTo(sha256(changed)).isNotEqualTo(first);
    }

    @Test
    void verifyReadsUnchangedFiles() throws Exception {
        write("tokenizer.json", "{}");
        byte[] content = graph(inside());
        Path file = write("model.onnx", content);
        FileTime time = Files.getLastModifiedTime(file);
        String before = resolve().sha256();
        content[content.length - 100]++;
        Files.write(file, content);
        Files.setLastModifiedTime(file, time);
        assertThat(resolve().sha256()).as("from the cache").isEqualTo(before);
        assertThat(ModelStore.verify(model.toString(), options, Progress.SILENT).sha256())
                .isEqualTo(sha256(content));
        assertThat(resolve().sha256()).isEqualTo(sha256(content));
    }

    @Test
    void recomputesDamagedDigest() throws Exception {
        write("tokenizer.json", "{}");
        write("model.onnx", graph(inside()));
        String right = resolve().sha256();
        List<Path> entries;
        try (var files = Files.list(directory.resolve("cache").resolve("digests"))) {
            entries = files.toList();
        }
        assertThat(entries).hasSize(2);
        for (String garbage : List.of("", "null", "{}", "{\"path\":3", "[]", "{\"x\":1}")) {
            for (Path entry : entries) {
                Files.writeString(entry, garbage);
            }
            assertThat(resolve().sha256()).as(garbage).isEqualTo(right);
        }
    }

    @Test
    void worksWithoutAWritableCache() throws Exception {
        write("tokenizer.json", "{}");
        write("model.onnx", graph(inside()));
        Path file = Files.writeString(directory.resolve("file"), "");
        options = options.toBuilder().cacheDirectory(file.resolve("below").toString()).build();
        assertThat(resolve().sha256()).isEqualTo(sha256(graph(inside())));
    }

    @Test
    void cacheDirectoryFollowsTheXdgSpecification() {
        EncoderOptions none = EncoderOptions.defaults();
        Path home = Path.of("/home/of/nobody");
        assertThat(ModelStore.cache(none, Map.of("XDG_CACHE_HOME", "/x")))
                .isEqualTo(Path.of("/x/flink-splade"));
        assertThat(ModelStore.cache(none, Map.of("HOME", "/home/of/nobody")))
                .isEqualTo(home.resolve(".cache/flink-splade"));
        assertThat(
                        ModelStore.cache(
                                none,
                                Map.of("XDG_CACHE_HOME", "relative", "HOME", "/home/of/nobody")))
                .isEqualTo(home.resolve(".cache/flink-splade"));
        assertThat(
                        ModelStore.cache(
                                none.toBuilder().cacheDirectory("/y").build(),
                                Map.of("XDG_CACHE_HOME", "/x")))
                .isEqualTo(Path.of("/y"));
    }
}
