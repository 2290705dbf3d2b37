package io.github.flinksplade.app.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.io.FlinkFileSystems;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.net.URI;
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

    @Test
    void copiesTheFilesOfAModelOnce() throws IOException {
        Files.createDirectories(model.resolve("onnx"));
        Files.writeString(model.resolve("onnx/model.onnx"), "graph");
        Files.writeString(model.resolve("onnx/model.onnx_data"), "weights");
        Files.writeString(model.resolve("tokenizer.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "not read");
        String reference = "elsewhere://" + model;

        Path copy = models.provide(reference, cache, Progress.SILENT);
        assertThat(copy.resolve("onnx/model.onnx")).hasContent("graph");
        assertThat(copy.resolve("onnx/model.onnx_data")).hasContent("weights");
        assertThat(copy.resolve("tokenizer.json")).hasContent("{}");
        assertThat(copy.resolve("model.safetensors")).doesNotExist();

        assertThat(Files.getPosixFilePermissions(copy))
                .isEqualTo(Files.getPosixFilePermissions(model.resolve("onnx")));

        Files.writeString(copy.resolve("tokenizer.json"), "still this copy");
        assertThat(models.provide(reference, cache, Progress.SILENT)).isEqualTo(copy);
        assertThat(copy.resolve("tokenizer.json")).hasContent("still this copy");

        Files.writeString(model.resolve("onnx/model.onnx"), "another graph");
        Path second = models.provide(reference, cache, Progress.SILENT);
        assertThat(second).isNotEqualTo(copy);
        assertThat(second.resolve("onnx/model.onnx")).hasContent("another graph");
        try (Stream<Path> left = Files.list(cache.resolve("models"))) {
            assertThat(left).containsExactlyInAnyOrder(copy, second);
        }
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
