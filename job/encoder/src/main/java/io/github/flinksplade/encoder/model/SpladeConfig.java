package io.github.flinksplade.encoder.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A model's own token limits: {@code splade.json}, such as {@code {"document_tokens": 128,
 * "query_tokens": 64}}.
 *
 * @param documentTokens max tokens of a document, or 0 if the file does not contain it
 * @param queryTokens the same for queries
 */
record SpladeConfig(int documentTokens, int queryTokens) {

    static final String FILE_NAME = "splade.json";
    static final SpladeConfig NONE = new SpladeConfig(0, 0);

    private static final int MAX_TOKENS = 1_000_000;
    private static final String DOCUMENT_TOKENS = "document_tokens";
    private static final String QUERY_TOKENS = "query_tokens";

    /**
     * @throws ModelException if the file cannot be read or is invalid
     */
    static SpladeConfig read(Path file) {
        JsonNode json;
        try {
            json =
                    new ObjectMapper()
                            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                            .readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    file.toAbsolutePath() + " is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException(
                    file.toAbsolutePath() + " cannot be read: " + FileErrors.reason(e), e);
        }
        if (!json.isObject()) {
            throw new ModelException(
                    file.toAbsolutePath()
                            + " must contain a JSON object such as {\"document_tokens\": 128,"
                            + " \"query_tokens\": 64}");
        }
        int documentTokens = 0;
        int queryTokens = 0;
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            switch (field.getKey()) {
                case DOCUMENT_TOKENS -> documentTokens = limit(file, field);
                case QUERY_TOKENS -> queryTokens = limit(file, field);
                default ->
                        throw new ModelException(
                                file.toAbsolutePath()
                                        + " has an unknown field '"
                                        + field.getKey()
                                        + "'; valid are document_tokens and query_tokens");
            }
        }
        return new SpladeConfig(documentTokens, queryTokens);
    }

    private static int limit(Path file, Map.Entry<String, JsonNode> field) {
        JsonNode value = field.getValue();
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < 1
                || value.intValue() > MAX_TOKENS) {
            throw new ModelException(
                    file.toAbsolutePath()
                            + ": "
                            + field.getKey()
                            + " must be an integer from 1 to "
                            + MAX_TOKENS
                            + ", not "
                            + value);
        }
        return value.intValue();
    }

    /** Writes the limits that are set to a directory; writes nothing if there is none. */
    void write(Path directory) throws IOException {
        if (equals(NONE)) {
            return;
        }
        ObjectNode json = new ObjectMapper().createObjectNode();
        if (documentTokens > 0) {
            json.put(DOCUMENT_TOKENS, documentTokens);
        }
        if (queryTokens > 0) {
            json.put(QUERY_TOKENS, queryTokens);
        }
        Files.writeString(directory.resolve(FILE_NAME), json.toString());
    }
}
