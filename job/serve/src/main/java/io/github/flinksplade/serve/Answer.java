package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The response to a request.
 *
 * @param status the HTTP status
 * @param headers the headers
 * @param body the body
 * @param errorType the {@code error_type} of an error response; null for any other response
 */
record Answer(int status, Map<String, String> headers, byte[] body, ErrorType errorType) {

    static final String JSON = "application/json";
    private static final JsonFactory FACTORY = new JsonFactory();

    /** Writes a JSON document. */
    @FunctionalInterface
    interface JsonWriter {

        void write(JsonGenerator json) throws IOException;
    }

    /** A JSON document. */
    static Answer json(JsonWriter writer) {
        return json(200, writer);
    }

    private static Answer json(int status, JsonWriter writer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
            writer.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException("a byte array can always be written", e);
        }
        return of(status, JSON, bytes.toByteArray());
    }

    /** A body of any type, which browsers and proxies do not store. */
    static Answer of(int status, String contentType, byte[] body) {
        return new Answer(
                status,
                Map.of("Content-Type", contentType, "Cache-Control", "no-store"),
                body,
                null);
    }

    /** An error. */
    static Answer error(int status, ErrorType type, String message) {
        Answer content =
                json(
                        status,
                        json -> {
                            json.writeStartObject();
                            json.writeStringField("error", message);
                            json.writeStringField("error_type", type.json());
                            json.writeEndObject();
                        });
        Answer answer = new Answer(status, content.headers(), content.body(), type);
        return status == 429 || status == 503 ? answer.with("Retry-After", "1") : answer;
    }

    /** The same response with one more header. */
    Answer with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Answer(status, more, body, errorType);
    }
}
