package io.github.flinksplade.app.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.io.FlinkFileSystems;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.FileSystemFactory;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlinkFileSystemModelsTest {

    /** {@code elsewhere:///path} is the local file system under another scheme. */
    public static final class Elsewhere implements FileSystemFactory {

        private static String endpoint;

        @Override
        public void configure(Configuration configuration) {
            endpoint = configuration.toMap().get("elsewhere.endpoint");
        }

        @Override
        public String getScheme() {
            return "elsewhere";
        }

        @Override
        public FileSystem create(URI uri) {
            return new LocalFileSystem();
        }
    }

    @TempDir private Path model;
    @TempDir private Path cache;

    private final FlinkFileSystemModels models = new FlinkFileSystemModels();

    @Test
    void acceptsOnlyUrisOfFileSystems() {
        assertThat(Stream.of("s3://b/m", "hdfs://n:1/m", "elsewhere:///m").filter(models::accepts))
                .hasSize(3);
        assertThat(
                        Stream.of("hf:a/b", "builtin:minilm", "/m", "m", "file:///m", "C:\\m")
                                .filter(models::accepts))
                .isEmpty();
    }

    /**
     * An ONNX file as Protobuf serializes it: one initializer, whose data_location is EXTERNAL and
     * whose external_data has the location.
     */
    private static byte[] graph(String location) throws IOException {
        byte[] entry = message(message(1, "location"), message(2, location));
        byte[] tensor = message(message(13, entry), new byte[] {14 << 3, 1});
        return message(7, message(5, tensor));
    }

    private static byte[] message(int field, String content) throws IOException {
        return message(field, content.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] message(int field, byte[] content) throws IOException {
        return message(new byte[] {(byte) (field << 3 | 2), (byte) content.length}, content);
    }

    private static byte[] message(byte[]... parts) throws IOException {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.write(part);
        }
        return joined.toByteArray();
    }

    @Test
    void copiesTheFilesOfAModelOnce() throws IOException {
        Files.createDirectories(model.resolve("onnx"));
        Files.write(model.resolve("onnx/model.onnx"), graph("model.onnx_data"));
        Files.writeString(model.resolve("onnx/model.onnx_data"), "weights");
        Files.writeString(model.resolve("tokenizer.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "not read");
        String reference = "elsewhere://" + model;

        Path copy = models.provide(reference, cache, Progress.SILENT);
        assertThat(copy.resolve("onnx/model.onnx")).hasBinaryContent(graph("model.onnx_data"));
        assertThat(copy.resolve("onnx/model.onnx_data")).hasContent("weights");
        assertThat(copy.resolve("tokenizer.json")).hasContent("{}");
        assertThat(copy.resolve("model.safetensors")).doesNotExist();

        assertThat(Files.getPosixFilePermissions(copy))
                .isEqualTo(Files.getPosixFilePermissions(model.resolve("onnx")));

        Files.writeString(copy.resolve("tokenizer.json"), "still this copy");
        assertThat(models.provide(reference, cache, Progress.SILENT)).isEqualTo(copy);
        assertThat(copy.resolve("tokenizer.json")).hasContent("still this copy");

        Files.write(model.resolve("onnx/model.onnx"), graph("w"));
        assertThatThrownBy(() -> models.provide(reference, cache, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(reference + "/onnx/w is missing");
        Files.writeString(model.resolve("onnx/w"), "other weights");
        Path second = models.provide(reference, cache, Progress.SILENT);
        assertThat(second).isNotEqualTo(copy);
        assertThat(second.resolve("onnx/w")).hasContent("other weights");
        try (Stream<Path> left = Files.list(cache.resolve("models"))) {
            assertThat(left).containsExactlyInAnyOrder(copy, second);
        }
    }

    @Test
    void copiesTheFoldersOfModulesAndNamedFiles() throws IOException {
        Map<String, String> files =
                Map.of(
                        "modules.json",
                        "[{\"path\": \"0_MLMTransformer\", \"type\": \"MLMTransformer\"},"
                                + " {\"path\": \"1_SpladePooling\", \"type\": \"SpladePooling\"}]",
                        "0_MLMTransformer/config.json",
                        "{}",
                        "0_MLMTransformer/model.safetensors",
                        "weights",
                        "0_MLMTransformer/tokenizer.json",
                        "{}",
                        "1_SpladePooling/config.json",
                        "{}");
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.createDirectories(model.resolve(file.getKey()).getParent());
            Files.writeString(model.resolve(file.getKey()), file.getValue());
        }
        Files.writeString(model.resolve("0_MLMTransformer/pytorch_model.bin"), "not read");
        Path copy = models.provide("elsewhere://" + model, cache, Progress.SILENT);
        files.forEach((name, content) -> assertThat(copy.resolve(name)).hasContent(content));
        assertThat(copy.resolve("0_MLMTransformer/pytorch_model.bin")).doesNotExist();

        Files.createDirectories(model.resolve("onnx"));
        Files.write(model.resolve("onnx/q.onnx"), graph("w"));
        Files.writeString(model.resolve("onnx/w"), "other weights");
        Path named =
                models.provide("elsewhere://" + model + "#onnx/q.onnx", cache, Progress.SILENT);
        assertThat(named).isRegularFile().endsWithRaw(Path.of("onnx/q.onnx"));
        assertThat(named.resolveSibling("w")).exists();
        assertThat(named.getParent().resolveSibling("1_SpladePooling/config.json")).exists();
    }

    @Test
    void configuresFileSystemsWithKeysOfFlink() {
        FlinkFileSystems.initialize(Map.of("elsewhere.endpoint", "http://localhost"));
        assertThat(Elsewhere.endpoint).isEqualTo("http://localhost");
        FlinkFileSystems.initialize(Map.of());
        assertThat(Elsewhere.endpoint).isNull();
    }

    @Test
    void reportsWhatCannotBeCopied() {
        assertThatThrownBy(() -> models.provide("elsewhere:///no/such", cache, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessage("elsewhere:///no/such does not exist");
        assertThatThrownBy(() -> models.provide("nofs://b/m", cache, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "no file system plugin for 'nofs://b/m' is installed. Put Flink's plugin into"
                                + " the plugins directory");
    }
}
