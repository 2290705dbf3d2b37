package io.github.flinksplade.connector.files;

import java.util.Locale;

/** The format of a file. */
enum FileFormat {
    /** JSON objects: one per line, one after the other, or the elements of an array. */
    JSON,
    /** Rows of cells with a delimiter and quotation marks. */
    CSV,
    /** {@code id<TAB>text} per line, or rows of cells under a header. */
    TSV,
    /** One text per line. */
    TEXT,
    /** One document per file. */
    FILE;

    /** The format that a file name implies; null if none. */
    static FileFormat of(String fileName) {
        String name = Compression.removeSuffix(fileName).toLowerCase(Locale.ROOT);
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json")) {
            return JSON;
        }
        if (name.endsWith(".csv")) {
            return CSV;
        }
        if (name.endsWith(".tsv")) {
            return TSV;
        }
        if (name.endsWith(".txt")) {
            return TEXT;
        }
        return DocumentType.ofSuffix(name) == null ? null : FILE;
    }
}
