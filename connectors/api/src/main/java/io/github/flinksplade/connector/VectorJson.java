package io.github.flinksplade.connector;

import io.github.flinksplade.vector.JsonText;
import io.github.flinksplade.vector.VectorFormat;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.apache.flink.annotation.PublicEvolving;

/**
 * Writes a {@link VectorRecord} as one line of JSON, in one of three {@link Form formats}. The line
 * is valid UTF-8 whatever the strings contain (lone surrogates are escaped), and every reader sees
 * one line: control characters, NEL, U+2028 and U+2029 are escaped.
 *
 * <p>Not thread-safe. Serializable.
 */
@PublicEvolving
public final class VectorJson implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A buffer larger than this is not reused for the next record. */
    private static final int MAX_REUSED_CHARACTERS = 1 << 20;

    /** The format of a vector. */
    public enum Form {
        /**
         * {@code {"id":"1","version":7,"indices":[2088],"values":[2.76658],"tokens":4,
         * "truncated":false,"encoder":"<fingerprint>","model":"<name>","model_sha256":"..."}}:
         * indices ascending, weights unrounded (in the notation of {@link Float#toString(float)},
         * with the fewest digits that are parsed as the same float). A delete is {@code
         * {"id":"1","version":8,"op":"delete"}}, with {@code "replaced":true} for a {@link
         * Operation#DELETE_REPLACED}.
         */
        INDICES,

        /**
         * As {@link #INDICES}, with {@code "vector":{"world":2.77}} instead of indices and values:
         * weights rounded to 2 decimals (half to even), the highest unrounded weight first, the
         * lower index first among equals.
         */
        LUCENE,

        /**
         * Anserini's JsonVectorCollection: {@code {"id":"1","contents":"text","vector":
         * {"world":277},"version":7,"encoder":"<fingerprint>"}}: weights times 100, rounded (half
         * to even), without terms that are rounded to 0. A document without terms has {@link
         * #ANSERINI_FILLER} once, because Anserini does not index a document without terms. Deletes
         * are not supported. Anserini does not read version and encoder; with them a reader finds
         * the newest line of an id, and whether two files can be indexed together.
         */
        ANSERINI
    }

    /** The term of a document without terms in {@link Form#ANSERINI}, as in naver/splade. */
    public static final String ANSERINI_FILLER = "[unused993]";

    private final Form form;
    private final boolean withText;
    private final Vocabulary vocabulary;
    private final String encoder;
    private final String provenance;

    private transient StringBuilder buffer;

    /**
     * @param form the format
     * @param withText whether {@link Form#INDICES} and {@link Form#LUCENE} include the text; {@link
     *     Form#ANSERINI} always does
     * @param provenance the provenance of the vectors
     * @param vocabulary the terms of the indices; may be null for {@link Form#INDICES}
     */
    public VectorJson(Form form, boolean withText, Provenance provenance, Vocabulary vocabulary) {
        this.form = form;
        this.withText = withText;
        this.vocabulary =
                form == Form.INDICES
                        ? vocabulary
                        : Objects.requireNonNull(vocabulary, "vocabulary");
        StringBuilder json = new StringBuilder(",\"encoder\":");
        JsonText.appendString(json, provenance.fingerprint());
        this.encoder = json.toString();
        json.append(",\"model\":");
        JsonText.appendString(json, provenance.model());
        json.append(",\"model_sha256\":");
        JsonText.appendString(json, provenance.modelSha256());
        this.provenance = json.append('}').toString();
    }

    /**
     * The record as JSON, without a line end.
     *
     * @throws ConnectorException for a delete in {@link Form#ANSERINI}
     */
    public String line(VectorRecord record) {
        return write(record).toString();
    }

    /** As {@link #line}, in UTF-8. */
    public byte[] bytes(VectorRecord record) {
        return line(record).getBytes(StandardCharsets.UTF_8);
    }

    private StringBuilder write(VectorRecord record) {
        if (buffer == null || buffer.capacity() > MAX_REUSED_CHARACTERS) {
            buffer = new StringBuilder(1024);
        }
        StringBuilder json = buffer;
        json.setLength(0);
        json.append("{\"id\":");
        JsonText.appendString(json, record.id());
        switch (form) {
            case INDICES -> {
                json.append(",\"version\":").append(record.version());
                if (!record.isDelete()) {
                    VectorFormat.appendIndicesAndValues(json.append(','), record.vector());
                }
                appendRest(record, json);
            }
            case LUCENE -> {
                json.append(",\"version\":").append(record.version());
                if (!record.isDelete()) {
                    json.append(",\"vector\":");
                    VectorFormat.appendRounded(json, record.vector(), vocabulary::term);
                }
                appendRest(record, json);
            }
            case ANSERINI -> {
                if (record.isDelete()) {
                    throw new ConnectorException(
                            "the delete of '"
                                    + record.id()
                                    + "' cannot be written, because format=anserini does not"
                                    + " support deletes. Use format=indices or format=lucene");
                }
                json.append(",\"contents\":");
                JsonText.appendString(json, record.text() == null ? "" : record.text());
                appendIntegers(record, json);
                json.append(",\"version\":").append(record.version()).append(encoder).append('}');
            }
        }
        return json;
    }

    private void appendIntegers(VectorRecord record, StringBuilder json) {
        json.append(",\"vector\":{");
        boolean first = true;
        for (int i = 0; i < record.vector().values().length; i++) {
            long weight = VectorFormat.hundredths(record.vector().values()[i]);
            if (weight != 0) {
                if (!first) {
                    json.append(',');
                }
                first = false;
                JsonText.appendString(json, vocabulary.term(record.vector().indices()[i]));
                json.append(':').append(weight);
            }
        }
        if (first) {
            JsonText.appendString(json, ANSERINI_FILLER);
            json.append(":1");
        }
        json.append('}');
    }

    private void appendRest(VectorRecord record, StringBuilder json) {
        if (record.isDelete()) {
            boolean isReplaced = record.operation() == Operation.DELETE_REPLACED;
            json.append(",\"op\":\"delete\"").append(isReplaced ? ",\"replaced\":true}" : "}");
            return;
        }
        if (withText && record.text() != null) {
            json.append(",\"text\":");
            JsonText.appendString(json, record.text());
        }
        if (!record.fields().equals("{}")) {
            json.append(",\"fields\":");
            JsonText.appendJson(json, record.fields());
        }
        json.append(",\"tokens\":").append(record.tokens());
        json.append(",\"truncated\":").append(record.truncated());
        json.append(provenance);
    }
}
