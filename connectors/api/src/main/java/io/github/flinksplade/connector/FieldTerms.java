package io.github.flinksplade.connector;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The values of a document's fields as terms such as {@code book.title=The whale}. An engine that
 * indexes them, each as one exact term, filters as {@link FieldFilter} defines. A backslash or an
 * equals sign in the name of a field is preceded by a backslash.
 *
 * <p>A term with more than {@value #MAX_LENGTH} characters (UTF-16) is not indexed: it is a text to
 * read, and not a value to filter by.
 */
@PublicEvolving
public final class FieldTerms {

    /** The max number of characters of a term. */
    public static final int MAX_LENGTH = 512;

    private static final JsonFactory JSON = new JsonFactory();

    private FieldTerms() {}

    /**
     * The terms of a document, without duplicates.
     *
     * @param fields the document's fields, a JSON object; null if it has none
     */
    public static Set<String> of(String fields) {
        Set<String> terms = new LinkedHashSet<>();
        if (fields != null) {
            try (JsonParser parser = JSON.createParser(fields)) {
                parser.nextToken();
                add(parser, null, terms);
            } catch (IOException e) {
                throw new IllegalStateException("the fields are not a JSON object: " + fields, e);
            }
        }
        return terms;
    }

    private static void add(JsonParser parser, String path, Set<String> terms) throws IOException {
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                add(parser, path == null ? name : path + "." + name, terms);
            }
        } else if (parser.currentToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                add(parser, path, terms);
            }
        } else if (parser.currentToken() != JsonToken.VALUE_NULL) {
            String term = term(path, parser.getText());
            if (term.length() <= MAX_LENGTH) {
                terms.add(term);
            }
        }
    }

    /**
     * The terms of a filter: for each of its fields, those of which a document must have one.
     *
     * @throws ConnectorException if a term is too long to be indexed
     */
    public static List<List<String>> of(FieldFilter filter) {
        List<List<String>> clauses = new ArrayList<>();
        for (Map.Entry<String, Set<String>> field : filter.fields().entrySet()) {
            List<String> terms = new ArrayList<>();
            for (String value : field.getValue()) {
                String term = term(field.getKey(), value);
                if (term.length() > MAX_LENGTH) {
                    throw new ConnectorException(
                            "the filter for the field '"
                                    + field.getKey()
                                    + "' has a value of "
                                    + value.length()
                                    + " characters, but name and value may have at most "
                                    + MAX_LENGTH
                                    + ". Filter by a shorter value");
                }
                terms.add(term);
            }
            clauses.add(terms);
        }
        return clauses;
    }

    private static String term(String path, String value) {
        return path.replace("\\", "\\\\").replace("=", "\\=") + "=" + value;
    }
}
