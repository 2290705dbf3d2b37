package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.InvalidRecordException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Which fields of a record are the id, the text, the version and so on of its document. The options
 * are the same for every source.
 *
 * @param id where the id is
 * @param text the fields of the text; empty for the field {@code text}
 * @param template the text, instead of {@code text}; null without one
 * @param fields the other fields that are stored
 * @param version the field of the version; null if documents have none
 * @param versionIsDefault whether the version is not configured
 * @param op the field that contains upsert or delete; null without one
 * @param opIsDefault whether {@code op} is not configured
 * @param deleted the field that marks a delete; null without one
 */
public record DocumentMapping(
        Id id,
        List<FieldPath> text,
        TextTemplate template,
        FieldFilter fields,
        FieldPath version,
        boolean versionIsDefault,
        FieldPath op,
        boolean opIsDefault,
        FieldPath deleted)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Where the id is.
     *
     * @param isInKey whether it is in the key of every record
     * @param path the field of the value, or of the key; null for {@code id} or {@code _id}, or for
     *     the whole key
     */
    record Id(boolean isInKey, FieldPath path) implements Serializable {

        private static final long serialVersionUID = 1L;

        static final Id DEFAULT = new Id(false, null);

        private static final String KEY = "key";
        private static final String IN_KEY = "key:";

        static Id parse(String text) {
            if (text == null) {
                return DEFAULT;
            }
            if (text.equals(KEY)) {
                return new Id(true, null);
            }
            if (text.startsWith(IN_KEY)) {
                String path = text.substring(IN_KEY.length());
                return new Id(true, path.isEmpty() ? null : FieldPath.parse(path));
            }
            return new Id(false, FieldPath.parse(text));
        }
    }

    /** Whether the id is in the key of every record. */
    public boolean isIdInKey() {
        return id.isInKey();
    }

    /**
     * The id of a record.
     *
     * @throws InvalidRecordException if it has none
     */
    public String id(DecodedRecord record) throws InvalidRecordException {
        return new DocumentFields(this, record).id();
    }

    private static final String NONE = "none";

    private static final ConnectorOption<Id> ID =
            ConnectorOption.text(
                            "id",
                            "a field, key, key:FIELD",
                            null,
                            "the field of the id; `key` is the record's whole key, and `key:/id` a"
                                    + " field of a key in JSON",
                            Id::parse)
                    .withDefaultText("`id`, then `_id`, then the record's key");
    private static final ConnectorOption<List<FieldPath>> TEXT =
            ConnectorOption.text(
                            "text",
                            "fields, separated by commas",
                            null,
                            "the fields of the text, joined by line feeds; so are the elements of"
                                    + " arrays",
                            DocumentMapping::paths)
                    .withDefaultText("`text`; of a document with `_id`, `title` and `text`");
    private static final ConnectorOption<TextTemplate> TEMPLATE =
            ConnectorOption.text(
                    "template",
                    "a text",
                    null,
                    "the text, with fields in braces, instead of `text`: `{title}. {body} by"
                            + " {/author/name}`. A missing field is empty; `{{` is a brace",
                    orNull(TextTemplate::parse));
    private static final ConnectorOption<FieldFilter> FIELDS =
            ConnectorOption.text(
                    "fields",
                    "*, none, fields",
                    "*",
                    "the other fields to store: `*` is all that are not used as id, text, version"
                            + " and so on; `a,b,/c/d` are these; `*,-secret` is all but one",
                    FieldFilter::parse);
    private static final ConnectorOption<FieldPath> VERSION =
            ConnectorOption.text(
                            "version",
                            "a field, none",
                            null,
                            "the field of the version, an integer that grows with each change of a"
                                    + " document",
                            DocumentMapping::optionalPath)
                    .withDefaultText("`version`");
    private static final ConnectorOption<FieldPath> OP =
            ConnectorOption.text(
                            "op",
                            "a field, none",
                            null,
                            "the field that contains `upsert` or `delete`; of a configured field,"
                                    + " also `c`, `r`, `u`, `create`, `insert`, `update` and `d`",
                            DocumentMapping::optionalPath)
                    .withDefaultText("`op`");
    private static final ConnectorOption<FieldPath> DELETED =
            ConnectorOption.text(
                    "deleted",
                    "a field",
                    null,
                    "the field that marks a deleted document: true, a number other than 0, or a"
                            + " time",
                    orNull(FieldPath::parse));

    /** The options of every source. */
    public static final List<ConnectorOption<?>> OPTIONS =
            List.of(ID, TEXT, TEMPLATE, FIELDS, VERSION, OP, DELETED);

    /** The mapping without any option. */
    public static final DocumentMapping DEFAULT = of(ConnectorUri.parse("any:source"));

    /**
     * Reads the {@link #OPTIONS}.
     *
     * @throws ConnectorException if one is invalid, or they contradict each other
     */
    public static DocumentMapping of(ConnectorUri uri) {
        List<FieldPath> text = TEXT.get(uri);
        TextTemplate template = TEMPLATE.get(uri);
        if (!text.isEmpty() && template != null) {
            throw new ConnectorException(
                    "text and template in " + uri + " contradict each other. Write one of them");
        }
        boolean isVersionDefault = uri.option(VERSION.name()) == null;
        FieldPath version = VERSION.get(uri);
        if (version != null
                && !isVersionDefault
                && List.of("id", "_id", "text", "op").contains(version.text())) {
            throw new ConnectorException(
                    "version="
                            + version.text()
                            + " in "
                            + uri
                            + " is not a field that can contain a version. Write the name of another"
                            + " field, or none");
        }
        boolean isOpDefault = uri.option(OP.name()) == null;
        return new DocumentMapping(
                ID.get(uri),
                text,
                template,
                FIELDS.get(uri),
                isVersionDefault ? FieldPath.parse("version") : version,
                isVersionDefault,
                isOpDefault ? FieldPath.parse("op") : OP.get(uri),
                isOpDefault,
                DELETED.get(uri));
    }

    /** The URI without the {@link #OPTIONS}, for the connector. */
    public static ConnectorUri withoutOptions(ConnectorUri uri) {
        ConnectorUri rest = uri;
        for (ConnectorOption<?> option : OPTIONS) {
            rest = rest.without(option.name());
        }
        return rest;
    }

    /**
     * Reads a document.
     *
     * @throws InvalidRecordException if the record contains none
     */
    public MappedDocument map(DecodedRecord record) throws InvalidRecordException {
        return new DocumentFields(this, record).document();
    }

    private static List<FieldPath> paths(String text) {
        return text == null
                ? List.of()
                : Arrays.stream(text.split(",", -1))
                        .map(name -> FieldPath.parse(name.strip()))
                        .toList();
    }

    private static FieldPath optionalPath(String text) {
        return text == null || text.equals(NONE) ? null : FieldPath.parse(text);
    }

    private static <T> Function<String, T> orNull(Function<String, T> parser) {
        return text -> text == null ? null : parser.apply(text);
    }
}
