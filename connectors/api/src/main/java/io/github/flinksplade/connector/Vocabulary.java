package io.github.flinksplade.connector;

import java.io.Serializable;

/**
 * The terms behind the indices of a vector. An implementation loads what it needs where it is used,
 * so that it can travel inside a sink.
 */
public interface Vocabulary extends Serializable {

    /** Number of terms; every index of a vector is below it. */
    int size();

    /** The term as the tokenizer writes it, such as {@code car} or {@code ##ing}. */
    String term(int index);
}
