package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** The external files in which a graph stores weights. */
public final class ExternalWeights {

    private ExternalWeights() {}

    /**
     * The locations of the files, relative to the graph's directory, sorted.
     *
     * @param repair how the user gets an undamaged file, for messages
     * @throws ModelException when the file is not an ONNX model, or refers to a file outside its
     *     directory
     */
    public static SortedSet<String> locations(Path graph, String repair) {
        TreeSet<String> locations = new TreeSet<>();
        try (FileChannel channel = FileChannel.open(graph)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw new ModelException(
                        graph.toAbsolutePath()
                                + " is larger than 2 GB, which an ONNX file cannot be; export it"
                                + " with its weights in an external file");
            }
            if (channel.size() == 0) {
                throw new ModelException(graph.toAbsolutePath() + " is empty; " + repair);
            }
            ModelProto model = OnnxParser.parse(graph);
            collect(model.getGraph(), locations);
            locations.remove(graph.getFileName().toString());
            model.getFunctionsList()
                    .forEach(function -> collectNodes(function.getNodeList(), locations));
        } catch (InvalidProtocolBufferException e) {
            throw new ModelException(
                    graph.toAbsolutePath()
                            + " is not an ONNX model, or is truncated or damaged; "
                            + repair,
                    e);
        } catch (IOException e) {
            throw new ModelException(
                    graph.toAbsolutePath() + " cannot be read: " + FileErrors.reason(e), e);
        }
        for (String location : locations) {
            Path path = Path.of(location).normalize();
            if (path.isAbsolute() || path.startsWith("..") || location.isEmpty()) {
                throw new ModelException(
                        graph.toAbsolutePath()
                                + " refers to the external file '"
                                + location
                                + "', which is outside its directory; export the model again");
            }
        }
        return locations;
    }

    private static void collect(GraphProto graph, SortedSet<String> locations) {
        graph.getInitializerList().forEach(tensor -> collect(tensor, locations));
        graph.getSparseInitializerList()
                .forEach(
                        sparse -> {
                            collect(sparse.getValues(), locations);
                            collect(sparse.getIndices(), locations);
                        });
        collectNodes(graph.getNodeList(), locations);
    }

    private static void collectNodes(List<NodeProto> nodes, SortedSet<String> locations) {
        for (NodeProto node : nodes) {
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.hasT()) {
                    collect(attribute.getT(), locations);
                }
                attribute.getTensorsList().forEach(tensor -> collect(tensor, locations));
                if (attribute.hasG()) {
                    collect(attribute.getG(), locations);
                }
                attribute.getGraphsList().forEach(graph -> collect(graph, locations));
            }
        }
    }

    private static void collect(TensorProto tensor, SortedSet<String> locations) {
        if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            for (StringStringEntryProto entry : tensor.getExternalDataList()) {
                if (entry.getKey().equals("location")) {
                    locations.add(entry.getValue());
                }
            }
        }
    }
}
