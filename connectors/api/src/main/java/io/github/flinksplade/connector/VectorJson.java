package io.github.flinksplade.connector;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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

    private static final char[] HEXADECIMAL = "0123456789abcdef".toCharArray();

    /** How a vector is written. */
    public enum Form {
        /**
         * {@code {"id":"1","version":7,"indices":[2088],"values":[2.76658],"tokens":4,
         * "truncated":false,"encoder":"<fingerprint>","model":"<name>","model_sha256":"..."}}: ids
         * of the terms ascending, weights unrounded (in the form of {@link Float#toString(float)}
         * and the fewest digits that give the same float when read again). A delete is {@code
         * {"id":"1","version":8,"op":"delete"}}.
         */
        HYBRID,

        /**
         * As {@link #HYBRID}, with {@code "vector":{"world":2.77}} in the place of indices and
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
    private transient long[] order;

    /**
     * @param form how the vector is written
     * @param withText whether {@link Form#HYBRID} and {@link Form#LUCENE} carry the text; {@link
     *     Form#ANSERINI} always does
     * @param provenance what made the vectors
     * @param vocabulary the terms behind the indices; may be null for {@link Form#HYBRID}
     */
    public VectorJson(Form form, boolean withText, Provenance provenance, Vocabulary vocabulary) {
        this.form = form;
        this.withText = withText;
        this.vocabulary =
                form == Form.HYBRID ? vocabulary : Objects.requireNonNull(vocabulary, "vocabulary");
        StringBuilder json = new StringBuilder(",\"encoder\":");
        quote(provenance.fingerprint(), json);
        this.encoder = json.toString();
        json.append(",\"model\":");
        quote(provenance.model(), json);
        json.append(",\"model_sha256\":");
        quote(provenance.modelSha256(), json);
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
        quote(record.id(), json);
        switch (form) {
            case HYBRID -> {
                json.append(",\"version\":").append(record.version());
                if (!record.isDelete()) {
                    appendIndicesAndValues(record, json);
                }
                appendRest(record, json);
            }
            case LUCENE -> {
                json.append(",\"version\":").append(record.version());
                if (!record.isDelete()) {
                    appendRounded(record, json);
                }
                appendRest(record, json);
            }
            case ANSERINI -> {
                if (record.isDelete()) {
                    throw new ConnectorException(
                            "the delete of '"
                                    + record.id()
                                    + "' cannot be written in the anserini form, which has no"
                                    + " deletes; use format=hybrid or format=lucene");
                }
                json.append(",\"contents\":");
                quote(record.text() == null ? "" : record.text(), json);
                appendIntegers(record, json);
                json.append(",\"version\":").append(record.version()).append(encoder).append('}');
            }
        }
        return json;
    }

    private static void appendIndicesAndValues(VectorRecord record, StringBuilder json) {
        json.append(",\"indices\":[");
        int[] indices = record.indices();
        for (int i = 0; i < indices.length; i++) {
            if (i > 0) {
                json.append(',');
            }
            json.append(indices[i]);
        }
        json.append("],\"values\":[");
        float[] values = record.values();
        for (int i = 0; i < values.length; i++) {
            if (i > 0) {
                json.append(',');
            }
            // several times as fast as Float.toString, and never longer
            json.append(NumberOutput.toString(values[i], true));
        }
        json.append(']');
    }

    private void appendRounded(VectorRecord record, StringBuilder json) {
        json.append(",\"vector\":{");
        float[] values = record.values();
        int count = values.length;
        if (order == null || order.length < count) {
            order = new long[Math.max(512, count)];
        }
        // The bits of positive floats are in the order of their values.
        for (int i = 0; i < count; i++) {
            order[i] = (long) (Integer.MAX_VALUE - Float.floatToIntBits(values[i])) << 32 | i;
        }
        Arrays.sort(order, 0, count);
        for (int i = 0; i < count; i++) {
            int position = (int) order[i];
            if (i > 0) {
                json.append(',');
            }
            quote(vocabulary.term(record.indices()[position]), json);
            json.append(':');
            appendHundredths(hundredths(values[position]), json);
        }
        json.append('}');
    }

    private void appendIntegers(VectorRecord record, StringBuilder json) {
        json.append(",\"vector\":{");
        boolean first = true;
        for (int i = 0; i < record.values().length; i++) {
            long weight = hundredths(record.values()[i]);
            if (weight != 0) {
                if (!first) {
                    json.append(',');
                }
                first = false;
                quote(vocabulary.term(record.indices()[i]), json);
                json.append(':').append(weight);
            }
        }
        if (first) {
            quote(ANSERINI_FILLER, json);
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
            quote(record.text(), json);
        }
        if (!record.fields().equals("{}")) {
            json.append(",\"fields\":");
            appendJson(record.fields(), json);
        }
        json.append(",\"tokens\":").append(record.tokens());
        json.append(",\"truncated\":").append(record.truncated());
        json.append(provenance);
    }

    /** A float times 100 is exact in a double, so that only one rounding takes place. */
    private static long hundredths(float weight) {
        return (long) Math.rint(weight * 100.0);
    }

    /** As Python prints the quotient by 100: at least one decimal. */
    private static void appendHundredths(long hundredths, StringBuilder json) {
        json.append(hundredths / 100).append('.');
        long fraction = hundredths % 100;
        json.append((char) ('0' + fraction / 10));
        if (fraction % 10 != 0) {
            json.append((char) ('0' + fraction % 10));
        }
    }

    /** Appends the string as a JSON string, quotation marks included. */
    public static void quote(String string, StringBuilder json) {
        json.append('"');
        int length = string.length();
        for (int i = 0; i < length; i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < ' ') {
                        escape(c, json);
                    } else {
                        i = appendSafely(string, i, json);
                    }
                }
            }
        }
        json.append('"');
    }

    /**
     * Appends what is JSON already. A line end can stand in it between values only, where a space
     * means the same; the characters that are escaped can stand inside strings only.
     */
    private static void appendJson(String text, StringBuilder json) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || c == '\r') {
                json.append(' ');
            } else {
                i = appendSafely(text, i, json);
            }
        }
    }

    /**
     * Appends the code point at {@code i}, escaped if it is a lone surrogate or a line end to some.
     *
     * @return the position of its last character
     */
    private static int appendSafely(String string, int i, StringBuilder json) {
        char c = string.charAt(i);
        if (Character.isHighSurrogate(c)
                && i + 1 < string.length()
                && Character.isLowSurrogate(string.charAt(i + 1))) {
            json.append(c).append(string.charAt(i + 1));
            return i + 1;
        }
        if (Character.isSurrogate(c) || c == '\u0085' || c == '\u2028' || c == '\u2029') {
            escape(c, json);
        } else {
            json.append(c);
        }
        return i;
    }

    private static void escape(char c, StringBuilder json) {
        json.append("\\u")
                .append(HEXADECIMAL[c >> 12])
                .append(HEXADECIMAL[c >> 8 & 0xF])
                .append(HEXADECIMAL[c >> 4 & 0xF])
                .append(HEXADECIMAL[c & 0xF]);
    }
}
