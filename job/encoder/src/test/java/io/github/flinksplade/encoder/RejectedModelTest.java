package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel.Tail;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong with a model's files is reported in one sentence that names the file. */
class RejectedModelTest {

    @TempDir Path directory;
    private Path graph;
    private Path tokenizer;

    @BeforeEach
    void names() {
        graph = directory.resolve("model.onnx");
        tokenizer = directory.resolve("tokenizer.json");
    }

    private void write(RandomMaskedLanguageModel model) {
        model.write(directory);
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRejected() {
        Throwable thrown =
                catchThrowable(
                        () ->
                                SpladeEncoder.open(
                                                RandomMaskedLanguageModel.files(directory),
                                                EncoderOptions.defaults())
                                        .close());
        assertThat(thrown).isInstanceOf(ModelException.class);
        assertThat(thrown.getMessage()).doesNotContain("\n").doesNotContain("Exception");
        return assertThat(thrown);
    }

    @Test
    void rejectsEmptyTruncatedDamagedAndOtherFiles() throws IOException {
        write(new RandomMaskedLanguageModel());
        byte[] whole = Files.readAllBytes(graph);
        Files.write(graph, new byte[0]);
        assertRejected().hasMessageContaining(graph.toString()).hasMessageContaining("is empty");
        for (int size : new int[] {1, 100, whole.length / 2, whole.length - 1}) {
            Files.write(graph, Arrays.copyOf(whole, size));
            assertRejected().hasMessageContaining(graph.toString());
        }
        Files.writeString(graph, "<html>404</html>");
        assertRejected().hasMessageContaining(graph + " is not an ONNX model");
        Files.delete(graph);
        assertRejected().hasMessageContaining("the file " + graph + " does not exist");
    }

    @Test
    void rejectsWeightThatDoesNotMatchItsShape() throws IOException {
        write(new RandomMaskedLanguageModel());
        ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
        for (TensorProto.Builder tensor : model.getGraphBuilder().getInitializerBuilderList()) {
            if (tensor.getName().equals("decoder")) {
                tensor.setRawData(tensor.getRawData().substring(4));
            }
        }
        Files.write(graph, model.build().toByteArray());
        assertRejected().hasMessageContaining("weight decoder should have");
    }

    @Test
    void rejectsExternalWeightsThatAreMissingTruncatedOrOutside() throws IOException {
        write(new RandomMaskedLanguageModel().external());
        Path data = directory.resolve("model.onnx.data");
        byte[] whole = Files.readAllBytes(data);
        Files.write(data, Arrays.copyOf(whole, whole.length - 1));
        assertRejected().hasMessageContaining(data + " is truncated");
        Files.delete(data);
        assertRejected().hasMessageContaining(data + " is missing");

        for (String location : new String[] {"/etc/passwd", "../other/data", "a/../../data", ""}) {
            ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
            for (TensorProto.Builder tensor : model.getGraphBuilder().getInitializerBuilderList()) {
                if (tensor.getExternalDataCount() > 0) {
                    tensor.setExternalData(
                            0,
                            StringStringEntryProto.newBuilder()
                                    .setKey("location")
                                    .setValue(location));
                }
            }
            Files.write(graph, model.build().toByteArray());
            assertRejected().hasMessageContaining("outside its directory");
        }
    }

    @Test
    void rejectsDenseEncoder() {
        write(new RandomMaskedLanguageModel().tail(Tail.HIDDEN_STATES));
        assertRejected()
                .hasMessageContaining("203 terms")
                .hasMessageContaining("input_ids int64[batch, sequence]")
                .hasMessageContaining("last_hidden_state float[batch, sequence, 32]")
                .hasMessageContaining("masked language model");
        write(new RandomMaskedLanguageModel().tail(Tail.HIDDEN_STATES).withoutShapes());
        assertRejected().hasMessageContaining("203 terms");
    }

    @Test
    void rejectsImageModel() throws IOException {
        write(new RandomMaskedLanguageModel());
        ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
        model.getGraphBuilder()
                .addInput(
                        ValueInfoProto.newBuilder()
                                .setName("pixel_values")
                                .setType(
                                        TypeProto.newBuilder()
                                                .setTensorType(
                                                        TypeProto.Tensor.newBuilder()
                                                                .setElemType(1))));
        Files.write(graph, model.build().toByteArray());
        assertRejected()
                .hasMessageContaining("pixel_values")
                .hasMessageContaining("inputs input_ids")
                .hasMessageContaining("outputs logits");
    }

    @Test
    void rejectsTokenizerOfAnotherModel() throws IOException {
        write(new RandomMaskedLanguageModel().vocabulary(500));
        byte[] larger = Files.readAllBytes(tokenizer);
        write(new RandomMaskedLanguageModel().vocabulary(203));
        byte[] smaller = Files.readAllBytes(tokenizer);
        Files.write(tokenizer, larger);
        assertRejected().hasMessageContaining("500 terms").hasMessageContaining("203");
        write(new RandomMaskedLanguageModel().vocabulary(500));
        Files.write(tokenizer, smaller);
        assertRejected().hasMessageContaining("203 terms").hasMessageContaining("500");
    }

    @Test
    void rejectsDamagedTokenizers() throws IOException {
        write(new RandomMaskedLanguageModel());
        String whole = Files.readString(tokenizer);
        Files.writeString(tokenizer, whole.substring(0, whole.length() / 2));
        assertRejected().hasMessageContaining(tokenizer + " is not JSON");
        Files.writeString(tokenizer, "");
        assertRejected().hasMessageContaining(tokenizer.toString());
        Files.writeString(tokenizer, "[]");
        assertRejected().hasMessageContaining(tokenizer + " is not a tokenizer");
        Files.writeString(tokenizer, whole.replace("\"WordPiece\"", "\"Morse\""));
        assertRejected().hasMessageContaining(tokenizer + " is not a tokenizer");
        Files.writeString(tokenizer, whole.replace("\"hello\":", "\"hello\":1000000000,\"x\":"));
        assertRejected().hasMessageContaining(tokenizer + " is not a tokenizer");
        Files.delete(tokenizer);
        assertRejected().hasMessageContaining(tokenizer.toString());
    }

    @Test
    void rejectsFixedLengthWithoutMask() {
        write(new RandomMaskedLanguageModel().withoutMask().fixedTokens(16));
        assertRejected().hasMessageContaining("16 tokens").hasMessageContaining("attention_mask");
    }

    @Test
    void rejectsUnknownOperator() throws IOException {
        write(new RandomMaskedLanguageModel());
        ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
        model.getGraphBuilder().getNodeBuilder(0).setOpType("Telepathy");
        Files.write(graph, model.build().toByteArray());
        assertRejected()
                .hasMessageContaining("ONNX Runtime cannot load " + graph)
                .hasMessageContaining("Telepathy");
    }

    @Test
    void acceptsVocabularyPaddedToARoundNumberOnly() {
        write(new RandomMaskedLanguageModel().columns(208));
        SpladeEncoder.open(RandomMaskedLanguageModel.files(directory), EncoderOptions.defaults())
                .close();
        write(new RandomMaskedLanguageModel().columns(207));
        assertThatThrownBy(
                        () ->
                                SpladeEncoder.open(
                                        RandomMaskedLanguageModel.files(directory),
                                        EncoderOptions.defaults()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("203 terms")
                .hasMessageContaining("207");
    }
}
