package io.github.flinksplade.encoder.layout;

import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of a model and what they state.
 *
 * @param graphName the name of the graph in the model's directory
 * @param graph its ONNX file, or the config.json next to its safetensors files
 * @param weights its safetensors files by name, and their index; empty for an ONNX file, whose
 *     external files it names itself
 * @param tokenizer its tokenizer.json, or its vocab.txt
 * @param limits {@code splade.json}
 * @param documentTokens max tokens of a document as other files state it, or 0
 * @param queryTokens the same for queries
 * @param formula how logits become weights
 * @param prompts what precedes texts
 * @param lowerCase whether texts are converted to lower case before they are tokenized
 * @param strip whether white space at both ends of a prompt with its text is removed
 * @param tokenHead BAAI/bge-m3's {@code sparse_linear.pt}; the graph is then an encoder without
 *     logits
 * @param query the query side if it is not the model itself
 * @param notes each a property and where it is stated
 * @param warnings each a sentence on what the model states and is ignored, or does not state and is
 *     assumed
 */
public record ModelLayout(
        String graphName,
        Path graph,
        SortedMap<String, Path> weights,
        Path tokenizer,
        Optional<Path> limits,
        int documentTokens,
        int queryTokens,
        Formula formula,
        Prompts prompts,
        boolean lowerCase,
        boolean strip,
        Optional<Path> tokenHead,
        Optional<Query> query,
        List<String> notes,
        List<String> warnings) {

    /** A query side that is not the document model. */
    public sealed interface Query {

        /** A weight per token; whether special tokens are part of a query. */
        record TokenWeights(Path weights, Path tokenizer, boolean withSpecialTokens)
                implements Query {}

        /** Another model with the same vocabulary. */
        record Model(ModelLayout layout) implements Query {}
    }

    /**
     * Reads the layout of a model.
     *
     * @param graph the file to use if the user names one: an ONNX file, or {@code
     *     model.safetensors}
     * @throws ModelException if a file is missing, or states something that is not supported
     */
    public static ModelLayout read(ModelFolder folder, Optional<String> graph) {
        return folder.contains(SentenceTransformersLayout.MODULES)
                ? new SentenceTransformersLayout(folder, graph).read()
                : PlainLayout.read(folder, graph);
    }

    /** Whether a folder of a model of sentence-transformers contains one of its modules. */
    public static boolean hasModule(ModelFolder folder, String path) {
        return folder.contains(SentenceTransformersLayout.MODULES)
                && ModuleChain.read(folder).paths().contains(path);
    }

    /** The ONNX files of the model and of its query side, by their names. */
    public Map<String, Path> graphs() {
        Map<String, Path> graphs = new TreeMap<>();
        if (weights.isEmpty()) {
            graphs.put(graphName, graph);
        }
        if (query.orElse(null) instanceof Query.Model other) {
            graphs.putAll(other.layout().graphs());
        }
        return graphs;
    }
}
