package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Vocabulary;
import java.util.HashSet;
import java.util.Set;

/**
 * What the terms are called in the index: by the term itself ({@code terms=token}), so that whoever
 * has a tokenizer can ask for it, or by its id in decimal ({@code terms=id}).
 *
 * <p>A feature's name may have no dot (a query takes what comes before the last one for the field,
 * and Elasticsearch before 9 refuses it) and must not be empty or two terms' own. Such a term is
 * called {@code #} and its id.
 */
final class FeatureNames {

    /** The names that a token may have. */
    enum Form {
        TOKEN,
        ID
    }

    /**
     * The most terms whose names are kept in the mapping, which every node of the cluster holds in
     * memory: about 8 bytes each.
     */
    static final int MOST_TOKENS = 1 << 16;

    private static final FeatureNames IDS = new FeatureNames(null);

    /** Null where they are ids. */
    private final String[] tokens;

    private FeatureNames(String[] tokens) {
        this.tokens = tokens;
    }

    static FeatureNames of(Form form, Vocabulary vocabulary) {
        if (form == Form.ID) {
            return IDS;
        }
        if (vocabulary.size() > MOST_TOKENS) {
            throw new ConnectorException(
                    "the vocabulary has "
                            + vocabulary.size()
                            + " terms, and an index keeps the names of at most "
                            + MOST_TOKENS
                            + "; add terms=id, which names them by their ids");
        }
        String[] tokens = new String[vocabulary.size()];
        Set<String> taken = new HashSet<>();
        for (int index = 0; index < tokens.length; index++) {
            String token = vocabulary.term(index);
            boolean usable =
                    !token.isBlank()
                            && token.indexOf('.') < 0
                            && !token.matches("#\\d+")
                            && taken.add(token);
            tokens[index] = usable ? token : "#" + index;
        }
        return new FeatureNames(tokens);
    }

    /** The names that an index's mapping has; null there for ids. */
    static FeatureNames read(JsonNode held) {
        if (!held.isArray()) {
            return IDS;
        }
        String[] tokens = new String[held.size()];
        for (int index = 0; index < tokens.length; index++) {
            tokens[index] = held.get(index).asText();
        }
        return new FeatureNames(tokens);
    }

    /** Adds the names to the array, for the mapping. */
    void writeTo(ArrayNode array) {
        for (String token : tokens) {
            array.add(token);
        }
    }

    Form form() {
        return tokens == null ? Form.ID : Form.TOKEN;
    }

    String name(int index) {
        if (tokens == null || index >= tokens.length) {
            return Integer.toString(index);
        }
        return tokens[index];
    }
}
