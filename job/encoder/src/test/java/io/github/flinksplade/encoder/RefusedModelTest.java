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

/** Whatever is wrong with a model's files is said in one sentence that names the file. */
class RefusedModelTest {

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

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused() {
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
    void emptyCutOffDamagedAndOtherFiles() throws IOException {
        write(new RandomMaskedLanguageModel());
        byte[] whole = Files.readAllBytes(graph);
        Files.write(graph, new byte[0]);
        assertRefused().hasMessageContaining(graph.toString()).hasMessageContaining("is empty");
        for (int size : new int[] {1, 100, whole.length / 2, whole.length - 1}) {
            Files.write(graph, Arrays.copyOf(whole, size));
            assertRefused().hasMessageContaining(graph.toString());
        }
        Files.writeString(graph, "<html>404</html>");
        assertRefused().hasMessageContaining(graph + " is not an ONNX model");
        Files.delete(graph);
        assertRefused().hasMessageContaining("the file " + graph + " does not exist");
    }

    @Test
    void aWeightOfAnotherSizeThanItsShape() throws IOException {
        write(new RandomMaskedLanguageModel());
        ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
        for (TensorProto.Builder tensor : model.getGraphBuilder().getInitializerBuilderList()) {
            if (tensor.getName().equals("decoder")) {
                tensor.setRawData(tensor.getRawData().substring(4));
            }
        }
        Files.write(graph, model.build().toByteArray());
        assertRefused().hasMessageContaining("weight decoder should have");
    }

    @Test
    void externalWeightsMissingCutOffOrElsewhere() throws IOException {
        write(new RandomMaskedLanguageModel().external());
        Path data = directory.resolve("model.onnx.data");
        byte[] whole = Files.readAllBytes(data);
        Files.write(data, Arrays.copyOf(whole, whole.length - 1));
        assertRefused().hasMessageContaining(data + " is truncated");
        Files.delete(data);
        assertRefused().hasMessageContaining(data + " is missing");

        for (String place : new String[] {"/etc/passwd", "../other/data", "a/../../data", ""}) {
            ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
            for (TensorProto.Builder tensor : model.getGraphBuilder().getInitializerBuilderList()) {
                if (tensor.getExternalDataCount() > 0) {
                    tensor.setExternalData(
                            0,
                            StringStringEntryProto.newBuilder().setKey("location").setValue(place));
                }
            }
            Files.write(graph, model.build().toByteArray());
            assertRefused().hasMessageContaining("outside its directory");
        }
    }

    @Test
    void aDenseEncoder() {
        write(new RandomMaskedLanguageModel().tail(Tail.HIDDEN_STATES));
        assertRefused()
                .hasMessageContaining("203 terms")
                .hasMessageContaining("input_ids int64[batch, sequence]")
                .hasMessageContaining("last_hidden_state float[batch, sequence, 32]")
                .hasMessageContaining("masked language model");
        write(new RandomMaskedLanguageModel().tail(Tail.HIDDEN_STATES).withoutShapes());
        assertRefused().hasMessageContaining("203 terms");
    }

    @Test
    void anImageModel() throws IOException {
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
        assertRefused()
                .hasMessageContaining("pixel_values")
                .hasMessageContaining("inputs input_ids")
                .hasMessageContaining("outputs logits");
    }

    @Test
    void aTokenizerOfAnotherModel() throws IOException {
        write(new RandomMaskedLanguageModel().vocabulary(500));
        byte[] larger = Files.readAllBytes(tokenizer);
        write(new RandomMaskedLanguageModel().vocabulary(203));
        byte[] smaller = Files.readAllBytes(tokenizer);
        Files.write(tokenizer, larger);
        assertRefused().hasMessageContaining("500 terms").hasMessageContaining("203");
        write(new RandomMaskedLanguageModel().vocabulary(500));
        Files.write(tokenizer, smaller);
        assertRefused().hasMessageContaining("203 terms").hasMessageContaining("500");
    }

    @Test
    void brokenTokenizers() throws IOException {
        write(new RandomMaskedLanguageModel());
        String whole = Files.readString(tokenizer);
        Files.writeString(tokenizer, whole.substring(0, whole.length() / 2));
        assertRefused().hasMessageContaining(tokenizer + " is not JSON");
        Files.writeString(tokenizer, "");
        assertRefused().hasMessageContaining(tokenizer.toString());
        Files.writeString(tokenizer, "[]");
        assertRefused().hasMessageContaining(tokenizer + " is not a tokenizer");
        Files.writeString(tokenizer, whole.replace("\"WordPiece\"", "\"Morse\""));
        assertRefused().hasMessageContaining(tokenizer + " is not a tokenizer");
        Files.writeString(tokenizer, whole.replace("\"hello\":", "\"hello\":1000000000,\"x\":"));
        assertRefused().hasMessageContaining(tokenizer + " is not a tokenizer");
        Files.delete(tokenizer);
        assertRefused().hasMessageContaining(tokenizer.toString());
    }

    @Test
    void aFixedLengthWithoutAMask() {
        write(new RandomMaskedLanguageModel().withoutMask().fixedTokens(16));
        assertRefused().hasMessageContaining("16 tokens").hasMessageContaining("attention_mask");
    }

    @Test
    void anOperatorThatTheRuntimeLacks() throws IOException {
        write(new RandomMaskedLanguageModel());
        ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
        model.getGraphBuilder().getNodeBuilder(0).setOpType("Telepathy");
        Files.write(graph, model.build().toByteArray());
        assertRefused()
                .hasMessageContaining("ONNX Runtime cannot load " + graph)
                .hasMessageContaining("Telepathy");
    }

    @Test
    void aFixedVocabularyIsPaddedToARoundNumberOnly() {
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
