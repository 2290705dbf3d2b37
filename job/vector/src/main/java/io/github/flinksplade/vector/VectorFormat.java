package io.github.flinksplade.vector;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.util.function.IntFunction;

/** The text formats of a vector. */
public enum VectorFormat {
    /**
     * {@code {"indices":[2040,2047],"values":[0.42195,0.43201]}}: indices ascending, weights
     * unrounded, with the fewest digits that are parsed as the same float. The default of
     * SPLADERunner, which calls it {@code hybrid}.
     */
    INDICES {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder json = new StringBuilder(24 + 18 * vector.size()).append('{');
            appendIndicesAndValues(json, vector);
            return json.append('}').toString();
        }
    },

    /**
     * {@code {"world":2.8,"hello":2.77}}: terms with weights rounded to 2 decimals (half to even),
     * the highest unrounded weight first, the lower index first among equals. A weight below 0.005
     * is 0.0. SPLADERunner's {@code outformat="lucene"}.
     */
    LUCENE {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder json = new StringBuilder(2 + 18 * vector.size());
            appendRounded(json, vector, term);
            return json.toString();
        }
    },

    /**
     * The output of the Python code on the model cards of Splade_PP_en_v1 and v2: {@code number of
     * actual dimensions: 113}, {@code SPLADE BOW rep:} and a line with the list of terms and
     * rounded weights in Python's notation, highest first. Three lines, equal to Python's to the
     * character.
     */
    TERMS {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder text = new StringBuilder("number of actual dimensions:  ");
            text.append(vector.size()).append("\nSPLADE BOW rep:\n [");
            String separator = "";
            for (int position : vector.byWeight()) {
                text.append(separator).append('(');
                appendPythonString(text, term.apply(vector.indices()[position]));
                text.append(", ");
                appendHundredths(text, hundredths(vector.values()[position]));
                text.append(')');
                separator = ", ";
            }
            return text.append(']').toString();
        }
    },

    /**
     * A query for Anserini's impact search: {@code world world hello}, each term as often as its
     * weight times 100, rounded (half to even), indices ascending. A vector without terms is
     * {@value #ANSERINI_NOTHING}, which is no term of any tokenizer, because a topic must not be
     * empty.
     */
    ANSERINI {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < vector.size(); i++) {
                long times = hundredths(vector.values()[i]);
                String word = term.apply(vector.indices()[i]) + ' ';
                for (long n = 0; n < times; n++) {
                    text.append(word);
                }
            }
            return text.isEmpty() ? ANSERINI_NOTHING : text.substring(0, text.length() - 1);
        }
    };

    /** The name of {@link #INDICES} in SPLADERunner. */
    private static final String HYBRID = "hybrid";

    private static final String ANSERINI_NOTHING = "(nothing)";

    /**
     * Returns the format with this name, in upper or lower case; {@code hybrid} is {@link
     * #INDICES}.
     *
     * @throws IllegalArgumentException if there is no such format
     */
    public static VectorFormat of(String name) {
        for (VectorFormat format : values()) {
            if (format.name().equalsIgnoreCase(name)) {
                return format;
            }
        }
        if (name.equalsIgnoreCase(HYBRID)) {
            return INDICES;
        }
        throw new IllegalArgumentException(
                "unknown format '" + name + "'. Write indices, lucene, terms or anserini");
    }

    /**
     * The vector as text, without a line end.
     *
     * @param term returns an index's term; not called for {@link #INDICES}
     */
    public abstract String format(SparseVector vector, IntFunction<String> term);

    /**
     * Appends {@code "indices":[2040],"values":[0.42195]}, like {@link #INDICES} without braces.
     */
    public static void appendIndicesAndValues(StringBuilder json, SparseVector vector) {
        int[] indices = vector.indices();
        json.append("\"indices\":[");
        for (int i = 0; i < indices.length; i++) {
            if (i > 0) {
                json.append(',');
            }
            json.append(indices[i]);
        }
        float[] values = vector.values();
        json.append("],\"values\":[");
        for (int i = 0; i < values.length; i++) {
            if (i > 0) {
                json.append(',');
            }
            // several times as fast as Float.toString, and never longer
            json.append(NumberOutput.toString(values[i], true));
        }
        json.append(']');
    }

    /** Appends the vector in the format {@link #LUCENE}. */
    public static void appendRounded(
            StringBuilder json, SparseVector vector, IntFunction<String> term) {
        String separator = "{";
        for (int position : vector.byWeight()) {
            json.append(separator);
            JsonText.appendString(json, term.apply(vector.indices()[position]));
            json.append(':');
            appendHundredths(json, hundredths(vector.values()[position]));
            separator = ",";
        }
        json.append(vector.size() == 0 ? "{}" : "}");
    }

    /**
     * The weight times 100, rounded (half to even). A float times 100 is exact in a double, so
     * there is one rounding only.
     */
    public static long hundredths(float weight) {
        return (long) Math.rint(weight * 100.0);
    }

    /** Appends the quotient by 100 as Python prints it: with at least one decimal. */
    private static void appendHundredths(StringBuilder text, long hundredths) {
        text.append(hundredths / 100).append('.');
        long fraction = hundredths % 100;
        text.append((char) ('0' + fraction / 10));
        if (fraction % 10 != 0) {
            text.append((char) ('0' + fraction % 10));
        }
    }

    /** Appends Python's repr() of a string. */
    private static void appendPythonString(StringBuilder text, String string) {
        char quote = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        text.append(quote);
        string.codePoints()
                .forEach(
                        c -> {
                            if (c == quote || c == '\\') {
                                text.append('\\').append((char) c);
                            } else if (c == '\t') {
                                text.append("\\t");
                            } else if (c == '\n') {
                                text.append("\\n");
                            } else if (c == '\r') {
                                text.append("\\r");
                            } else if (isPythonPrintable(c)) {
                                text.appendCodePoint(c);
                            } else if (c < 0x100) {
                                text.append(String.format("\\x%02x", c));
                            } else if (c < 0x10000) {
                                text.append(String.format("\\u%04x", c));
                            } else {
                                text.append(String.format("\\U%08x", c));
                            }
                        });
        text.append(quote);
    }

    private static boolean isPythonPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            default -> true;
        };
    }
}
