package io.github.flinksplade.encoder.layout;

import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A masked language model without {@code modules.json}: an export to ONNX, a repository of
 * transformers, or one of OpenSearch's, with a query weight per token.
 */
final class PlainLayout {

    private static final List<String> QUERY_WEIGHTS =
            List.of("idf.json", "query_token_weights.txt");

    private PlainLayout() {}

    /**
     * @throws ModelException if a file is missing
     */
    static ModelLayout read(ModelFolder folder, Optional<String> named) {
        WeightFiles files =
                named.map(name -> WeightFiles.named(folder, name))
                        .orElseGet(() -> WeightFiles.find(folder, "", List.of("")));
        Companions companions = Companions.of(folder, files.graph());
        Path tokenizer = companions.tokenizer(files.graph());
        companions.find(WeightFiles.CONFIG).ifPresent(folder::file);
        List<String> notes = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        Optional<String> queryWeights =
                QUERY_WEIGHTS.stream().map(companions::find).flatMap(Optional::stream).findFirst();
        Optional<String> head = companions.find(TokenHead.FILE);
        if (head.isPresent()) {
            int limit = limit(folder, companions, notes);
            notes.add(TokenHead.note(head.get()));
            return TokenHead.layout(
                    folder, files, companions, head.get(), limit, false, notes, warnings);
        }
        Formula formula =
                queryWeights.isPresent()
                        ? new Formula(Formula.Pooling.MAX, Formula.Activation.RELU, true)
                        : Formula.STANDARD;
        int limit = queryWeights.isPresent() ? limit(folder, companions, notes) : 0;
        if (queryWeights.isPresent()) {
            notes.add(
                    "formula: "
                            + formula
                            + " (as OpenSearch's models with "
                            + queryWeights.get()
                            + ")");
            notes.add("queries: weight per token (" + queryWeights.get() + ")");
            warnings.add(
                    folder.location(queryWeights.get())
                            + " is used for queries, and documents have the formula "
                            + formula
                            + ", as OpenSearch's v1 and v2 models: there is no modules.json that"
                            + " states another one. Models of v3 need modules.json and its"
                            + " SpladePooling with log1p_relu");
        } else {
            notes.add("formula: " + formula + " (default: no modules.json)");
        }
        return new ModelLayout(
                files.graph(),
                folder.file(files.graph()),
                files.weights(),
                tokenizer,
                companions.limits(),
                limit,
                limit,
                formula,
                Prompts.NONE,
                false,
                false,
                Optional.empty(),
                queryWeights.map(
                        weights ->
                                new ModelLayout.Query.TokenWeights(
                                        folder.file(weights), tokenizer, true)),
                notes,
                warnings);
    }

    /** OpenSearch's tokenizers truncate at their max length; 0 if none is stated. */
    private static int limit(ModelFolder folder, Companions companions, List<String> notes) {
        Optional<String> tokenizer = companions.find(Companions.TOKENIZER_CONFIG);
        Optional<String> config = companions.find(WeightFiles.CONFIG);
        int limit = tokenizer.map(name -> Companions.maxTokens(folder, name)).orElse(0);
        int positions = config.map(name -> Companions.maxPositions(folder, name)).orElse(0);
        boolean isReduced = positions > 0 && (limit == 0 || positions < limit);
        int lower = isReduced ? positions : limit;
        if (lower > 0) {
            notes.add("max tokens: " + lower + " (" + (isReduced ? config : tokenizer).get() + ")");
        }
        return lower;
    }
}
