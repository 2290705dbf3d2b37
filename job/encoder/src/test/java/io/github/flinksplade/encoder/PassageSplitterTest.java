package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.PassageSplitter.Passage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PassageSplitterTest {

    /** Two special tokens; a token is up to four letters or digits, or any other character. */
    private static final class FourLetters implements Tokenizer {
        @Override
        public TokenSequence tokenize(String text, Role role, TruncationSide side) {
            int tokens = 2;
            int inWord = 0;
            for (int i = 0; i < text.length(); ) {
                int character = text.codePointAt(i);
                i += Character.charCount(character);
                if (Character.isIdeographic(character) || !Character.isLetterOrDigit(character)) {
                    inWord = 0;
                    tokens += Character.isWhitespace(character) ? 0 : 1;
                } else if (inWord++ % 4 == 0) {
                    tokens++;
                }
            }
            return new TokenSequence(new int[0], tokens, false);
        }

        @Override
        public int vocabularySize() {
            return 1;
        }

        @Override
        public String term(int id) {
            return "x";
        }

        @Override
        public void close() {}
    }

    private static final Tokenizer TOKENIZER = new FourLetters();

    private static List<String> split(String text, int max, int overlap) {
        return new PassageSplitter(TOKENIZER, max, overlap)
                .split(text).stream().map(passage -> passage.of(text)).toList();
    }

    @Test
    void shortTextsAreOnePassage() {
        assertThat(split("a b c", 12, 0)).containsExactly("a b c");
        assertThat(split("  a b\n", 12, 0)).containsExactly("a b");
        assertThat(split("", 12, 0)).containsExactly("");
        assertThat(split(" \n ", 12, 0)).containsExactly("");
    }

    @Test
    void prefersParagraphsThenSentencesThenWords() {
        assertThat(split("aa bb cc dd. ee\n\nff gg hh ii jj", 12, 0))
                .containsExactly("aa bb cc dd. ee", "ff gg hh ii jj");
        assertThat(split("aa bb cc dd ee. Ff gg hh ii jj kk", 12, 0))
                .containsExactly("aa bb cc dd ee.", "Ff gg hh ii jj kk");
        assertThat(split("aa bb cc dd ee ff gg hh ii jj kk ll", 12, 0))
                .containsExactly("aa bb cc dd ee ff gg hh ii jj", "kk ll");
        assertThat(split("a. bb cc dd ee ff gg hh ii jj kk", 12, 0))
                .as("the end of a sentence in the first half is not used")
                .containsExactly("a. bb cc dd ee ff gg hh ii", "jj kk");
    }

    @Test
    void doesNotCutWordsWithHyphensOrSlashes() {
        assertThat(split("aaaa bbbb cccc dddd eeee ffff gggg-hhhh-iiii jjjj", 12, 0))
                .containsExactly("aaaa bbbb cccc dddd eeee ffff", "gggg-hhhh-iiii jjjj");
    }

    @Test
    void cutsTextsWithoutSpacesBetweenCharacters() {
        assertThat(split("\u4E2D\u6587".repeat(12), 12, 0))
                .containsExactly(
                        "\u4E2D\u6587".repeat(5),
                        "\u4E2D\u6587".repeat(5),
                        "\u4E2D\u6587".repeat(2));
        // a word that is longer than a passage
        assertThat(split("x".repeat(100), 12, 0))
                .containsExactly("x".repeat(40), "x".repeat(40), "x".repeat(20));
        // a family is one grapheme cluster of seven characters
        String family = "\uD83D\uDC69\u200D\uD83D\uDC69\u200D\uD83D\uDC67\u200D\uD83D\uDC66";
        assertThat(split(family.repeat(3), 12, 0)).containsExactly(family, family, family);
        assertThat(String.join("", split(("a" + "\u0301".repeat(40)), 12, 0)))
                .isEqualTo("a" + "\u0301".repeat(40));
    }

    /** The longest end of the second passage is one character after its start. */
    @Test
    void continuesAfterASentenceOfOneCharacter() {
        String text = "aa bb cc.\n\n\u5B57" + "x".repeat(100);
        assertThat(split(text, 12, 0))
                .containsExactly(
                        "aa bb cc.", "\u5B57", "x".repeat(40), "x".repeat(40), "x".repeat(20));
    }

    @Test
    void repeatsTheOverlap() {
        assertThat(split("aa bb cc dd ee ff gg hh ii jj kk ll mm nn", 12, 3))
                .containsExactly("aa bb cc dd ee ff gg hh ii jj", "hh ii jj kk ll mm nn");
    }

    @Test
    void everyCharacterIsInAPassageAndEveryPassageFits() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String[] parts = {
            "word",
            "a",
            "longerword",
            "\u4E2D\u6587\u5B57",
            "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",
            ". ",
            "! ",
            "\n",
            "\n\n",
            " ",
            "\t",
            "x".repeat(70),
            "\uD83D\uDE00",
            "e\u0301",
            "-",
            "/",
            "\u3002",
            "\uD83D",
            "don't",
            " \u00A0"
        };
        for (int round = 0; round < 5000; round++) {
            StringBuilder builder = new StringBuilder();
            for (int i = random.nextInt(120); i > 0; i--) {
                builder.append(parts[random.nextInt(parts.length)]);
                if (random.nextInt(3) > 0) {
                    builder.append(' ');
                }
            }
            String text = builder.toString();
            int max = 10 + random.nextInt(30);
            int overlap = random.nextBoolean() ? 0 : random.nextInt(max / 2);
            PassageSplitter splitter = new PassageSplitter(TOKENIZER, max, overlap);
            List<Passage> passages = splitter.split(text);
            assertThat(splitter.split(text)).isEqualTo(passages);
            List<String> uncovered = new ArrayList<>();
            int covered = 0;
            int previousStart = -1;
            for (Passage passage : passages) {
                String part = passage.of(text);
                assertThat(TOKENIZER.tokenize(part, Role.DOCUMENT).tokens())
                        .as("seed %d, passage '%s'", seed, part)
                        .isLessThanOrEqualTo(max);
                assertThat(passage.start()).as("seed %d", seed).isGreaterThan(previousStart);
                previousStart = passage.start();
                if (passage.start() > covered) {
                    uncovered.add(text.substring(covered, passage.start()));
                } else if (overlap > 0 && passage.start() < covered) {
                    assertThat(
                                    TOKENIZER
                                                    .tokenize(
                                                            text.substring(
                                                                    passage.start(), covered),
                                                            Role.DOCUMENT)
                                                    .tokens()
                                            - 2)
                            .as("seed %d", seed)
                            .isLessThanOrEqualTo(overlap);
                }
                assertThat(passage.end() > covered || text.isBlank()).as("seed %d", seed).isTrue();
                covered = passage.end();
                for (int cut : new int[] {passage.start(), passage.end()}) {
                    boolean isInPair =
                            cut > 0
                                    && cut < text.length()
                                    && Character.isSurrogatePair(
                                            text.charAt(cut - 1), text.charAt(cut));
                    assertThat(isInPair).as("seed %d", seed).isFalse();
                }
            }
            uncovered.add(text.substring(covered));
            assertThat(uncovered).as("seed %d", seed).allMatch(part -> part.strip().isEmpty());
        }
    }

    @Test
    void rejectsInvalidLimits() {
        assertThatThrownBy(() -> new PassageSplitter(TOKENIZER, 9, 0))
                .hasMessage("a passage needs at least 10 tokens, not 9");
        assertThatThrownBy(() -> new PassageSplitter(TOKENIZER, 20, 11))
                .hasMessageContaining("from 0 to half of their tokens (10), not 11");
        assertThatThrownBy(
                        () ->
                                new LongDocuments(LongDocuments.Mode.MAX, 200, 0)
                                        .splitter(TOKENIZER, 128))
                .hasMessageContaining("passage-tokens (200) exceeds the limit of documents (128)");
    }
}
