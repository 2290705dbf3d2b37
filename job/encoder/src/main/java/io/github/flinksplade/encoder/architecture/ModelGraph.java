package io.github.flinksplade.encoder.architecture;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.graph.OnnxFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The graph of a model: that of its ONNX file, or one written from its configuration. */
public final class ModelGraph {

    /** The file that describes weights in safetensors files. */
    public static final String CONFIG = "config.json";

    private static final String ADAPTER = "adapter_config.json";

    private static final Map<String, Architecture> ARCHITECTURES =
            new TreeMap<>(
                    Map.of(
                            "bert", BertArchitecture.BERT,
                            "roberta", BertArchitecture.ROBERTA,
                            "xlm-roberta", BertArchitecture.ROBERTA,
                            "camembert", BertArchitecture.ROBERTA,
                            "distilbert", BertArchitecture.DISTILBERT,
                            "mpnet", BertArchitecture.MPNET,
                            "modernbert", new ModernBertArchitecture(),
                            "new", new GteArchitecture()));

    private ModelGraph() {}

    /** Whether a model's graph is written from its configuration. */
    public static boolean isWritten(Path graph) {
        return graph.getFileName().toString().equals(CONFIG);
    }

    /**
     * Reads or writes a graph.
     *
     * @param graph an ONNX file, or the config.json next to weights in safetensors files
     * @throws ModelException if it cannot be read, or its architecture is not supported
     */
    public static OnnxFile read(Path graph) {
        if (!isWritten(graph)) {
            return OnnxFile.read(graph);
        }
        ModelConfig config = ModelConfig.read(graph);
        Architecture architecture = ARCHITECTURES.get(config.text("model_type", ""));
        if (!config.has("model_type")) {
            throw new ModelException(
                    graph
                            + " has no model_type; supported are "
                            + String.join(", ", ARCHITECTURES.keySet()));
        }
        if (architecture == null) {
            throw config.unsupported("model_type", ARCHITECTURES.keySet().stream().toList());
        }
        if (config.get("quantization_config").size() > 0) {
            throw config.invalid("quantization_config", "absent");
        }
        if (config.get("pruned_heads").size() > 0) {
            throw config.invalid("pruned_heads", "absent or empty");
        }
        Path directory = graph.toAbsolutePath().getParent();
        if (Files.exists(directory.resolve(ADAPTER))) {
            throw new ModelException(
                    directory.resolve(ADAPTER)
                            + " describes an adapter, which is not supported; merge it into the"
                            + " model");
        }
        ModelWeights weights = ModelWeights.read(directory);
        GraphParts parts = new GraphParts(directory, weights);
        boolean hasHead =
                architecture != BertArchitecture.ROBERTA || weights.has("lm_head.dense.weight");
        ModelProto model =
                hasHead
                        ? parts.model(
                                architecture.addTo(parts, config, weights),
                                architecture.vocabulary(config))
                        : parts.encoder(
                                BertArchitecture.ROBERTA.hiddenStates(parts, config, weights),
                                BertArchitecture.ROBERTA.width(config));
        return OnnxFile.of(graph, model);
    }
}
