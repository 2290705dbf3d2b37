package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The terms of the indices of vectors. An implementation loads the terms where they are used, so
 * that it can be serialized with a sink.
 */
@PublicEvolving
public interface Vocabulary extends Serializable {

    /** The number of terms; every index of a vector is less. */
    int size();

    /** A term as the tokenizer writes it, such as {@code car} or {@code ##ing}. */
    String term(int index);
}
