package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.RecordFormat;
import java.util.Locale;

/** The format of a file. */
enum FileFormat {
    /** One JSON object per line. */
    JSON(RecordFormat.JSON),
    /** {@code id<TAB>text} per line. */
    TSV(RecordFormat.TSV),
    /** One text per line. */
    TEXT(RecordFormat.TEXT);

    private final RecordFormat records;

    FileFormat(RecordFormat records) {
        this.records = records;
    }

    /** The format of its records. */
    RecordFormat records() {
        return records;
    }

    /** The format that a file name implies; null if none. */
    static FileFormat of(String fileName) {
        String name = Compression.removeSuffix(fileName).toLowerCase(Locale.ROOT);
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json")) {
            return JSON;
        }
        if (name.endsWith(".tsv")) {
            return TSV;
        }
        return name.endsWith(".txt") ? TEXT : null;
    }
}
