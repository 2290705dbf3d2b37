package io.github.flinksplade.encoder.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class FuseResidualNormalizationTest {

    private final GraphProto.Builder graph =
            GraphProto.newBuilder()
                    .addInput(ValueInfoProto.newBuilder().setName("x"))
                    .addInput(ValueInfoProto.newBuilder().setName("y"))
                    .addOutput(ValueInfoProto.newBuilder().setName("out"))
                    .addInitializer(constant("weight", 2, 2))
                    .addInitializer(constant("bias", 2))
                    .addInitializer(constant("gain", 2))
                    .addInitializer(constant("shift", 2));

    private static TensorProto constant(String name, long... sizes) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(DataType.FLOAT.getNumber());
        long count = 1;
        for (long size : sizes) {
            tensor.addDims(size);
            count *= size;
        }
        return tensor.addAllFloatData(Collections.nCopies((int) count, 1f)).build();
    }

    private void node(String operator, String output, String... inputs) {
        graph.addNode(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .addAllInput(List.of(inputs))
                        .addOutput(output));
    }

    private List<NodeProto> fused() {
        ModelProto model =
                ModelProto.newBuilder()
                        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                        .setGraph(graph)
                        .build();
        return FuseResidualNormalization.apply(new GraphIndex(model)).getGraph().getNodeList();
    }

    @Test
    void fusesBiasAndResidualConnection() {
        node("MatMul", "product", "x", "weight");
        node("Add", "linear", "bias", "product");
        node("Add", "sum", "linear", "x");
        node("LayerNormalization", "out", "sum", "gain", "shift");
        assertThat(fused()).hasSize(2);
        NodeProto node = fused().get(1);
        assertThat(node.getOpType()).isEqualTo("SkipLayerNormalization");
        assertThat(node.getDomain()).isEqualTo("com.microsoft");
        assertThat(node.getInputList()).containsExactly("x", "product", "gain", "shift", "bias");
        assertThat(node.getAttribute(0).getF()).isEqualTo(1e-5f);
    }

    @Test
    void fusesResidualConnectionWithoutBias() {
        node("MatMul", "product", "x", "weight");
        node("Add", "sum", "x", "product");
        node("LayerNormalization", "out", "sum", "gain", "shift");
        assertThat(fused().get(1).getInputList()).containsExactly("x", "product", "gain", "shift");
    }

    /** Position embeddings have another shape than word embeddings. */
    @Test
    void keepsSumsOfEmbeddings() {
        node("Add", "sum", "x", "y");
        node("LayerNormalization", "out", "sum", "gain", "shift");
        assertThat(fused())
                .extracting(NodeProto::getOpType)
                .doesNotContain("SkipLayerNormalization")
                .hasSize(2);
    }

    /** Models that normalize before a layer read the sum again. */
    @Test
    void keepsSumsWithOtherReaders() {
        node("MatMul", "product", "x", "weight");
        node("Add", "sum", "x", "product");
        node("LayerNormalization", "normalized", "sum", "gain", "shift");
        node("Add", "out", "sum", "normalized");
        assertThat(fused()).hasSize(4);
    }
}
