package io.github.flinksplade.connector;

import io.github.flinksplade.vector.JsonText;
import io.github.flinksplade.vector.VectorFormat;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Writes a {@link VectorRecord} as one line of JSON, in one of three {@link Form forms}. The line
 * is valid UTF-8 whatever the strings hold (a lone surrogate is written as its escape) and one line
 * for every reader: control characters, NEL, U+2028 and U+2029 are escaped.
 *
 * <p>For one thread; an instance may be serialised and used elsewhere.
 */
public final class VectorJson implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Above this many characters the buffer is not kept for the next record. */
    private static final int KEPT_CHARACTERS = 1 << 20;

    /** How a vector is written. */
    public enum Form {
        /**
         * {@code {"id":"1","version":7,"indices":[2088],"values":[2.76658],"tokens":4,
         * "truncated":false,"encoder":"<fingerprint>","model":"<name>","model_sha256":"..."}}: ids
         * of the terms ascending, weights unrounded (in the form of {@link Float#toString(float)}
         * and the fewest digits that give the same float when read again). A delete is {@code
         * {"id":"1","version":8,"op":"delete"}}.
         */
        INDICES,

        /**
         * As {@link #INDICES}, with {@code "vector":{"world":2.77}} in the place of indices and
         * values: weights rounded to 2 decimals (half to even), the highest unrounded weight first,
         * the lower id first among equals.
         */
        LUCENE,

        /**
         * Anserini's JsonVectorCollection: {@code {"id":"1","contents":"text","vector":
         * {"world":277},"version":7,"encoder":"<fingerprint>"}}: weights times 100, rounded (half
         * to even), terms that come to 0 left out. A document without terms has {@link
         * #ANSERINI_FILLER} once, because Anserini leaves out what has none. There is no way to say
         * that a document is deleted. Anserini itself does not read the version and the encoder;
         * they tell the newest line of an id, and whether two files may be indexed together.
         */
        ANSERINI
    }

    /** The term of a document without terms in {@link Form#ANSERINI}, as naver/splade has it. */
    public static final String ANSERINI_FILLER = "[unused993]";

    private final Form form;
    private final boolean withText;
    private final Vocabulary vocabulary;
    private final String encoder;
    private final String provenance;

    private transient StringBuilder buffer;

    /**
     * @param form how the vector is written
     * @param withText whether {@link Form#INDICES} and {@link Form#LUCENE} carry the text; {@link
     *     Form#ANSERINI} always does
     * @param provenance what made the vectors
     * @param vocabulary the terms behind the indices; may be null for {@link Form#INDICES}
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
     * @throws ConnectorException for a delete in a form that has none
     */
    public String line(VectorRecord record) {
        return write(record).toString();
    }

    /** As {@link #line}, in UTF-8. */
    public byte[] bytes(VectorRecord record) {
        return line(record).getBytes(StandardCharsets.UTF_8);
    }

    private StringBuilder write(VectorRecord record) {
        if (buffer == null || buffer.capacity() > KEPT_CHARACTERS) {
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
                                    + "' cannot be written in the anserini form, which has no"
                                    + " deletes; use format=indices or format=lucene");
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
            json.append(",\"op\":\"delete\"}");
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
