package io.github.flinksplade.connector;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The fields of a document that a sink stores, as {@link SinkOptions#FIELDS} selects them.
 *
 * @param names the selected fields; null for all
 */
@PublicEvolving
public record FieldSelection(List<String> names) implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .build();

    /** The selection of a URI: all fields by default, none for an empty option. */
    public static FieldSelection of(ConnectorUri uri) {
        String fields = SinkOptions.FIELDS.get(uri);
        if (fields == null) {
            return new FieldSelection(null);
        }
        return new FieldSelection(fields.isEmpty() ? List.of() : List.of(fields.split(",")));
    }

    /** The selection of a record: a passage keeps its own fields, by which results are grouped. */
    public FieldSelection of(VectorRecord record) {
        if (names == null || Passages.parent(record.id(), record.fields()) == null) {
            return this;
        }
        List<String> all = new ArrayList<>(names);
        all.addAll(Passages.FIELDS);
        return new FieldSelection(all);
    }

    /** Whether a field is stored. */
    public boolean contains(String name) {
        return names == null || names.contains(name);
    }

    /**
     * The selected fields, numbers unrounded.
     *
     * @param fields a JSON object
     * @return the same text if all fields are selected
     */
    public String select(String fields) {
        if (names == null) {
            return fields;
        }
        try {
            return ((ObjectNode) JSON.readTree(fields)).retain(names).toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the fields are not a JSON object: " + fields, e);
        }
    }
}
