package io.github.flinksplade.connector.lucene;

import java.util.Locale;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.standard.StandardAnalyzer;

/** How the words of the texts are indexed, to be ranked by BM25. */
enum Bm25 {
    /** Not at all. */
    NONE,
    /** Lucene's {@link StandardAnalyzer}: the words in lower case. */
    STANDARD,
    /** Lucene's {@link EnglishAnalyzer}: without stop words, reduced to their stems. */
    ENGLISH;

    /** The analyzer of texts and queries; null if texts are not indexed. */
    Analyzer analyzer() {
        return switch (this) {
            case NONE -> null;
            case STANDARD -> new StandardAnalyzer();
            case ENGLISH -> new EnglishAnalyzer();
        };
    }

    /** As in the option {@code bm25} of a URI. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
