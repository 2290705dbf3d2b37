package io.github.flinksplade.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The cost of running a graph. */
final class GraphCost {

    private GraphCost() {}

    /** Multiplications with constant matrices per token; attention is not counted. */
    static long multiplicationsPerToken(Path file) throws IOException {
        GraphProto graph;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            graph = ModelProto.parseFrom(in).getGraph();
        }
        Map<String, Long> matrices = new HashMap<>();
        for (TensorProto tensor : graph.getInitializerList()) {
            List<Long> sizes = tensor.getDimsList();
            if (sizes.size() == 2) {
                matrices.put(tensor.getName(), sizes.get(0) * sizes.get(1));
            }
        }
        long sum = 0;
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("Transpose") && matrices.containsKey(node.getInput(0))) {
                matrices.put(node.getOutput(0), matrices.get(node.getInput(0)));
            } else if (node.getOpType().equals("MatMul") || node.getOpType().equals("Gemm")) {
                sum += matrices.getOrDefault(node.getInput(1), 0L);
            }
        }
        return sum;
    }
}
