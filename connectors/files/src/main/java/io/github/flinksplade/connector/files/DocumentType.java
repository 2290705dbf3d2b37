package io.github.flinksplade.connector.files;

import java.util.Locale;

/** The type of a file that is one document. */
enum DocumentType {
    TEXT,
    MARKDOWN,
    HTML;

    /**
     * The type that a file name implies, with or without the suffix of a compression; else null.
     */
    static DocumentType ofSuffix(String fileName) {
        String name = Compression.removeSuffix(fileName).toLowerCase(Locale.ROOT);
        if (name.endsWith(".md") || name.endsWith(".markdown")) {
            return MARKDOWN;
        }
        if (name.endsWith(".html") || name.endsWith(".htm")) {
            return HTML;
        }
        return name.endsWith(".txt") ? TEXT : null;
    }

    /** The type of a file that is read whatever its name is. */
    static DocumentType of(String fileName) {
        DocumentType type = ofSuffix(fileName);
        return type == null ? TEXT : type;
    }
}
