package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A text with fields in braces: <code>{title}. {body} by {/author/name}</code>. A missing field is
 * empty; two braces are a brace.
 *
 * @param literals the text before each field, and after the last one
 * @param fields one fewer than literals
 */
record TextTemplate(List<String> literals, List<FieldPath> fields) implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Parses a template.
     *
     * @throws IllegalArgumentException if a brace is not closed, or the template has no field
     */
    static TextTemplate parse(String template) {
        List<String> literals = new ArrayList<>();
        List<FieldPath> fields = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        for (int i = 0; i < template.length(); i++) {
            char c = template.charAt(i);
            boolean isBrace = c == '{' || c == '}';
            if (isBrace && i + 1 < template.length() && template.charAt(i + 1) == c) {
                literal.append(c);
                i++;
            } else if (c == '{') {
                int end = template.indexOf('}', i);
                if (end < 0) {
                    throw new IllegalArgumentException(
                            "a brace is not closed in '" + template + "'. Write {{ for a brace");
                }
                literals.add(literal.toString());
                literal.setLength(0);
                fields.add(FieldPath.parse(template.substring(i + 1, end).strip()));
                i = end;
            } else if (c == '}') {
                throw new IllegalArgumentException(
                        "a brace is not opened in '" + template + "'. Write }} for a brace");
            } else {
                literal.append(c);
            }
        }
        literals.add(literal.toString());
        if (fields.isEmpty()) {
            throw new IllegalArgumentException(
                    "'"
                            + template
                            + "' contains no field. Write its name in braces, such as {title}");
        }
        return new TextTemplate(List.copyOf(literals), List.copyOf(fields));
    }

    /** The text of a document; null if the document has none of the fields. */
    String text(JsonObject document) {
        StringBuilder text = new StringBuilder(literals.get(0));
        boolean hasAny = false;
        for (int i = 0; i < fields.size(); i++) {
            JsonValue value = fields.get(i).get(document);
            String part = Texts.of(value, " ");
            if (part != null) {
                hasAny |= !part.isEmpty();
                text.append(part);
            } else if (value != null && value != JsonValue.JsonLiteral.NULL) {
                hasAny = true;
                value.appendTo(text);
            }
            text.append(literals.get(i + 1));
        }
        return hasAny ? text.toString() : null;
    }
}
