package io.github.flinksplade.encoder.layout;

import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** A dense encoder with a second, sparse head: BAAI/bge-m3. */
final class TokenHead {

    static final String FILE = "sparse_linear.pt";

    /** Its authors truncate queries to this length, and documents to the encoder's. */
    private static final int MAX_QUERY_TOKENS = 512;

    private static final Formula FORMULA =
            new Formula(Formula.Pooling.MAX, Formula.Activation.RELU, true);

    private TokenHead() {}

    static String note(String head) {
        return "formula: max of relu(token weight), special tokens excluded (" + head + ")";
    }

    /**
     * @param head the name of the head's file
     * @param limit max tokens of a document, or 0
     */
    static ModelLayout layout(
            ModelFolder folder,
            WeightFiles files,
            Companions companions,
            String head,
            int limit,
            boolean lowerCase,
            List<String> notes,
            Collection<String> warnings) {
        return new ModelLayout(
                files.graph(),
                folder.file(files.graph()),
                files.weights(),
                companions.tokenizer(files.graph()),
                companions.limits(),
                limit,
                Math.min(limit, MAX_QUERY_TOKENS),
                FORMULA,
                Prompts.NONE,
                lowerCase,
                false,
                Optional.of(folder.file(head)),
                Optional.empty(),
                notes,
                List.copyOf(warnings));
    }
}
