package io.github.flinksplade.encoder;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.function.IntFunction;

/** How a vector is written for people and other programs. */
public enum VectorFormat {
    /**
     * {@code {"indices":[2040,2047],"values":[0.42195,0.43201]}}: ids ascending, weights unrounded
     * (the fewest digits that give the same float again); SPLADERunner's default.
     */
    HYBRID {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder json =
                    new StringBuilder(24 + 18 * vector.size()).append("{\"indices\":[");
            for (int i = 0; i < vector.size(); i++) {
                json.append(i == 0 ? "" : ",").append(vector.indices()[i]);
            }
            json.append("],\"values\":[");
            for (int i = 0; i < vector.size(); i++) {
                json.append(i == 0 ? "" : ",").append(vector.values()[i]);
            }
            return json.append("]}").toString();
        }
    },

    /**
     * {@code {"world":2.8,"hello":2.77}}: term and weight rounded to 2 decimals, the highest
     * unrounded weight first, the lower id first among equals. A weight below 0.005 stays, as 0.0.
     * SPLADERunner's {@code outformat="lucene"}.
     */
    LUCENE {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder json = new StringBuilder(2 + 18 * vector.size()).append('{');
            JsonStringEncoder encoder = JsonStringEncoder.getInstance();
            for (int position : Pruning.byWeight(vector)) {
                json.append(json.length() == 1 ? "\"" : ",\"");
                encoder.quoteAsString(term.apply(vector.indices()[position]), json);
                json.append("\":").append(rounded(vector.values()[position]));
            }
            return json.append('}').toString();
        }
    },

    /**
     * What the Python recipe on the cards of Splade_PP_en_v1 and v2 prints: {@code number of actual
     * dimensions: 113}, {@code SPLADE BOW rep:} and a line with the list of terms and rounded
     * weights in Python's notation, highest first. Three lines, to the character as Python prints
     * them.
     */
    CARD {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder text = new StringBuilder("number of actual dimensions:  ");
            text.append(vector.size()).append("\nSPLADE BOW rep:\n [");
            String separator = "";
            for (int position : Pruning.byWeight(vector)) {
                text.append(separator).append('(');
                appendPythonString(text, term.apply(vector.indices()[position]));
                text.append(", ").append(rounded(vector.values()[position])).append(')');
                separator = ", ";
            }
            return text.append(']').toString();
        }
    },

    /**
     * A query as Anserini's impact search takes it: {@code world world hello}, each term as often
     * as its weight times 100, rounded (half to even), ids ascending. A vector without terms is
     * {@value #ANSERINI_NOTHING}, which no tokenizer has as a term: a topic must not be empty.
     */
    ANSERINI {
        @Override
        public String format(SparseVector vector, IntFunction<String> term) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < vector.size(); i++) {
                // a float times 100 is exact in a double, so that only one rounding takes place
                long times = (long) Math.rint(vector.values()[i] * 100.0);
                String word = term.apply(vector.indices()[i]) + ' ';
                for (long n = 0; n < times; n++) {
                    text.append(word);
                }
            }
            return text.isEmpty() ? ANSERINI_NOTHING : text.substring(0, text.length() - 1);
        }
    };

    private static final String ANSERINI_NOTHING = "(nothing)";

    /**
     * The vector as text, without a line end.
     *
     * @param term gives an id's term, such as {@link Tokenizer#term}
     */
    public abstract String format(SparseVector vector, IntFunction<String> term);

    /** To 2 decimals as Python's round(weight, 2): half to even, of the exact binary value. */
    private static double rounded(float weight) {
        return new BigDecimal(weight).setScale(2, RoundingMode.HALF_EVEN).doubleValue();
    }

    /** As Python's repr() of a string. */
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
