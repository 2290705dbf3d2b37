package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Vocabulary;
import java.util.HashSet;
import java.util.Set;

/**
 * The names of the terms in the index: the term itself ({@code terms=token}), so that any client
 * with a tokenizer can query it, or its id in decimal ({@code terms=id}).
 *
 * <p>A feature's name must not contain a dot (a query takes everything before the last dot as the
 * field's name, and Elasticsearch before 9 rejects it), must not be blank, and must be unique. A
 * term that violates this is named {@code #} and its id.
 */
final class FeatureNames {

    /** The forms of names. */
    enum Form {
        TOKEN,
        ID
    }

    /**
     * The max number of terms whose names are stored in the mapping, which every node of the
     * cluster keeps in memory: about 8 bytes per term.
     */
    static final int MAX_TOKENS = 1 << 16;

    private static final FeatureNames IDS = new FeatureNames(null);

    /** Null if the names are ids. */
    private final String[] tokens;

    private FeatureNames(String[] tokens) {
        this.tokens = tokens;
    }

    static FeatureNames of(Form form, Vocabulary vocabulary) {
        if (form == Form.ID) {
            return IDS;
        }
        if (vocabulary.size() > MAX_TOKENS) {
            throw new ConnectorException(
                    "the vocabulary has "
                            + vocabulary.size()
                            + " terms, more than the "
                            + MAX_TOKENS
                            + " whose names an index can store. Add terms=id, which names terms by"
                            + " their ids");
        }
        String[] tokens = new String[vocabulary.size()];
        Set<String> used = new HashSet<>();
        for (int index = 0; index < tokens.length; index++) {
            String token = vocabulary.term(index);
            boolean isValid =
                    !token.isBlank()
                            && token.indexOf('.') < 0
                            && !token.matches("#\\d+")
                            && used.add(token);
            tokens[index] = isValid ? token : "#" + index;
        }
        return new FeatureNames(tokens);
    }

    /**
     * Reads the names of an index.
     *
     * @param terms the array in its mapping, which is missing if the names are ids
     */
    static FeatureNames read(JsonNode terms) {
        if (!terms.isArray()) {
            return IDS;
        }
        String[] tokens = new String[terms.size()];
        for (int index = 0; index < tokens.length; index++) {
            tokens[index] = terms.get(index).asText();
        }
        return new FeatureNames(tokens);
    }

    /** Appends the names to the array in the mapping. */
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
