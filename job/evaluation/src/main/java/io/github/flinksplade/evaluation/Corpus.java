package io.github.flinksplade.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * A corpus in JSON lines, with the texts that the job encodes: {@code {"id", "text"}}, or BEIR's
 * {@code {"_id", "title", "text"}}, whose title precedes the text.
 */
public final class Corpus {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Set<String> ids;

    private Corpus(Path file, Set<String> ids) {
        this.file = file;
        this.ids = ids;
    }

    /**
     * Checks every line of a file.
     *
     * @throws EvaluationException if the file is missing or empty, a line is malformed, or an id is
     *     a duplicate
     */
    public static Corpus open(Path file) {
        Set<String> ids = new HashSet<>();
        read(
                file,
                (lines, document) -> {
                    if (!ids.add(document.id())) {
                        throw lines.invalid(
                                "the id '"
                                        + document.id()
                                        + "' is a duplicate. Remove one document");
                    }
                });
        if (ids.isEmpty()) {
            throw new EvaluationException(
                    "the corpus " + file + " is empty. It needs one document per line");
        }
        return new Corpus(file, ids);
    }

    private record Document(String id, String text) {}

    private static void read(Path file, BiConsumer<TextLines, Document> consumer) {
        try (TextLines lines = new TextLines(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                JsonNode document = object(line, lines);
                boolean isBeir = document.get("id") == null;
                String id = id(document, lines);
                JsonNode text = document.get("text");
                if (text == null || !text.isTextual()) {
                    throw lines.invalid(
                            "the document '" + id + "' has no \"text\" that is a string. Add it");
                }
                String title = isBeir ? document.path("title").asText("") : "";
                consumer.accept(
                        lines,
                        new Document(
                                id, title.isEmpty() ? text.asText() : title + " " + text.asText()));
            }
        }
    }

    /** A line as a JSON object. */
    static JsonNode object(String line, TextLines lines) {
        try {
            JsonNode value = JSON.readTree(line);
            if (value.isObject()) {
                return value;
            }
        } catch (JsonProcessingException e) {
            // the message below
        }
        throw lines.invalid("not a JSON object. Write one object per line");
    }

    /** The {@code id}, or else the {@code _id}, of an object. */
    static String id(JsonNode object, TextLines lines) {
        JsonNode id = object.get("id") == null ? object.get("_id") : object.get("id");
        if (id == null || !(id.isTextual() || id.isIntegralNumber()) || id.asText().isEmpty()) {
            throw lines.invalid("no \"id\" or \"_id\" that is a string or a whole number. Add it");
        }
        return id.asText();
    }

    public Path file() {
        return file;
    }

    /** The number of documents. */
    public int size() {
        return ids.size();
    }

    public Set<String> ids() {
        return ids;
    }

    /** Passes the id and the text of each document on, in the order of the file. */
    public void forEach(BiConsumer<String, String> consumer) {
        read(file, (lines, document) -> consumer.accept(document.id(), document.text()));
    }

    /** The SHA-256 of the file, in hexadecimal. */
    public String sha256() {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new EvaluationException("cannot read " + file + ": " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /**
     * Reads queries: lines of {@code id<TAB>text}, or of JSON with an {@code id} or {@code _id} and
     * a {@code text}.
     *
     * @return the texts by id, in the order of the file
     * @throws EvaluationException if the file is missing or empty, a line is malformed, or an id is
     *     a duplicate
     */
    public static Map<String, String> queries(Path file) {
        Map<String, String> queries = new LinkedHashMap<>();
        try (TextLines lines = new TextLines(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                String id;
                String text;
                if (line.startsWith("{")) {
                    JsonNode query = object(line, lines);
                    id = id(query, lines);
                    text = query.path("text").asText("");
                } else {
                    int tab = line.indexOf('\t');
                    if (tab < 1) {
                        throw lines.invalid("no tab after the id. Write id<TAB>query");
                    }
                    id = line.substring(0, tab);
                    text = line.substring(tab + 1);
                }
                if (text.isBlank()) {
                    throw lines.invalid("the query '" + id + "' has no text. Add it");
                }
                if (queries.put(id, text) != null) {
                    throw lines.invalid("the id '" + id + "' is a duplicate. Remove one query");
                }
            }
        }
        if (queries.isEmpty()) {
            throw new EvaluationException(
                    "the file of queries " + file + " is empty. It needs one query per line");
        }
        return queries;
    }
}
