package io.github.flinksplade.search;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.Tokenizer;

/** Encodes the queries of one or several {@link Searcher}s. Safe for use by multiple threads. */
public interface QueryEncoder {

    /**
     * The vector of a query.
     *
     * @throws io.github.flinksplade.encoder.EncodingException if it cannot be encoded
     */
    EncodedText encode(String query);

    /** The properties of the model. */
    ModelInfo info();

    /** The terms of the vectors. */
    Tokenizer tokenizer();

    /** Encodes each query on the thread that searches. */
    static QueryEncoder of(SpladeEncoder encoder) {
        return new QueryEncoder() {

            @Override
            public EncodedText encode(String query) {
                return encoder.encode(query, Role.QUERY);
            }

            @Override
            public ModelInfo info() {
                return encoder.info();
            }

            @Override
            public Tokenizer tokenizer() {
                return encoder.tokenizer();
            }
        };
    }
}
