package io.github.flinksplade.app.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.encoder.TruncationSide;
import io.github.flinksplade.vector.SparseVector;
import org.junit.jupiter.api.Test;

class HitFormatTest {

    private static final String[] TERMS = {"car", "auto", "##mobile"};

    private static final Tokenizer TOKENIZER =
            new Tokenizer() {

                @Override
                public TokenSequence tokenize(String text, Role role, TruncationSide side) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public int vocabularySize() {
                    return TERMS.length;
                }

                @Override
                public String term(int id) {
                    return TERMS[id];
                }

                @Override
                public void close() {}
            };

    private static final Hit HIT =
            new Hit(
                    "a",
                    1.5,
                    "A Car, not a cart or $1",
                    null,
                    SparseVector.EMPTY,
                    new int[] {0, 2},
                    new float[] {1, 0.5f});

    @Test
    void describesAHitWithoutStyles() {
        assertThat(new HitFormat(TOKENIZER, false).describe(1, HIT, true))
                .isEqualTo(
                        " 1.   1.50  a  A Car, not a cart or $1\n"
                                + "            car 1.00, ##mobile 0.50");
        assertThat(new HitFormat(TOKENIZER, false).describe(1, HIT, false))
                .startsWith(" 1.   1.50  A Car,");
    }

    @Test
    void highlightsMatchedWordsOnATerminal() {
        assertThat(new HitFormat(TOKENIZER, true).describe(1, HIT, true))
                .contains("\u001b[1ma\u001b[0m")
                .contains("A \u001b[1;33mCar\u001b[0m, not a cart or $1");
    }
}
