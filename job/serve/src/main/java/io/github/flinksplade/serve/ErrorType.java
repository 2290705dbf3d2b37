package io.github.flinksplade.serve;

/** The {@code error_type} of a response, with the names of text-embeddings-inference. */
enum ErrorType {
    /** An index or its model is unavailable. */
    UNHEALTHY("Unhealthy"),
    /** The model or an index failed, or took too long. */
    BACKEND("Backend"),
    /** Too many requests are in progress. */
    OVERLOADED("Overloaded"),
    /** The request is invalid. */
    VALIDATION("Validation"),
    /** A text cannot be tokenized. */
    TOKENIZER("Tokenizer"),
    /** The request contains no text. */
    EMPTY("Empty");

    private final String json;

    ErrorType(String json) {
        this.json = json;
    }

    /** The name in JSON. */
    String json() {
        return json;
    }

    /** The type of an error that Jetty reports by its status. */
    static ErrorType ofStatus(int status) {
        return switch (status) {
            case 429 -> OVERLOADED;
            case 503 -> UNHEALTHY;
            default -> status < 500 ? VALIDATION : BACKEND;
        };
    }
}
