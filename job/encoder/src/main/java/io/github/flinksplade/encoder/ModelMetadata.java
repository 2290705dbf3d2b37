package io.github.flinksplade.encoder;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the files next to a model's weights state on how texts become vectors.
 *
 * @param formula of the document side, and of the query side if it is the same model
 * @param prompts what precedes texts
 * @param lowerCase whether texts are converted to lower case before they are tokenized
 * @param strip whether white space at both ends of a prompt with its text is removed before it is
 *     tokenized, as sentence-transformers does before version 5.4; it matters to tokenizers other
 *     than BERT's
 * @param tokenHead for a model such as BAAI/bge-m3, its {@code sparse_linear.pt}: the graph returns
 *     hidden states, from which it computes a weight per token
 * @param query the query side if it is not the model itself
 * @param notes for {@code model info}: each a property and where it is stated, such as {@code
 *     "formula: max of log(1 + relu(logit)) (1_SpladePooling/config.json)"}
 */
public record ModelMetadata(
        Formula formula,
        Prompts prompts,
        boolean lowerCase,
        boolean strip,
        Optional<Path> tokenHead,
        Optional<QuerySide> query,
        List<String> notes) {

    /** A masked language model without other metadata. */
    public static final ModelMetadata NONE =
            new ModelMetadata(
                    Formula.STANDARD,
                    Prompts.NONE,
                    false,
                    false,
                    Optional.empty(),
                    Optional.empty(),
                    List.of());

    /** Text that is put before each text of a role; empty for none. */
    public record Prompts(String document, String query) {

        public static final Prompts NONE = new Prompts("", "");

        /** The prompt of a role. */
        public String of(Role role) {
            return switch (role) {
                case DOCUMENT -> document;
                case QUERY -> query;
            };
        }
    }

    /** A query side that is not the document model. */
    public sealed interface QuerySide {

        /**
         * A weight per token: a query's vector contains its distinct tokens with their weights.
         *
         * @param weights {@code idf.json}, {@code query_token_weights.txt} or a safetensors file
         *     with the tensor {@code weight} [vocabulary]
         * @param tokenizer the query side's tokenizer.json or vocab.txt
         * @param withSpecialTokens whether the special tokens that the tokenizer adds are part of a
         *     query and its length, as in OpenSearch's own code; not in sentence-transformers
         */
        record TokenWeights(Path weights, Path tokenizer, boolean withSpecialTokens)
                implements QuerySide {

            /** A query side as in sentence-transformers. */
            public TokenWeights(Path weights, Path tokenizer) {
                this(weights, tokenizer, false);
            }
        }

        /** Another model with the same vocabulary. */
        record Model(ModelFiles files) implements QuerySide {}
    }
}
