package io.github.flinksplade.encoder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Measures queries without inference: the time from a text of 24 tokens to its vector, with the
 * table of a directory. {@code LookupLatency DIRECTORY [QUERIES]} prints percentiles.
 */
public final class LookupLatency {

    private static final int TOKENS = 24;

    private LookupLatency() {}

    public static void main(String[] arguments) throws Exception {
        int queries = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 100_000;
        try (SpladeEncoder encoder =
                SpladeEncoder.open(
                        arguments[0],
                        EncoderOptions.defaults(),
                        EnumSet.of(Role.QUERY),
                        Progress.SILENT)) {
            List<String> texts = texts(encoder);
            long[] nanos = new long[queries];
            for (int round = 0; round < 2; round++) { // the first one warms up
                for (int i = 0; i < queries; i++) {
                    long start = System.nanoTime();
                    encoder.encode(texts.get(i % texts.size()), Role.QUERY);
                    nanos[i] = System.nanoTime() - start;
                }
            }
            Arrays.sort(nanos);
            System.out.printf(
                    Locale.ROOT,
                    "p50 %.1f us, p99 %.1f us, p99.9 %.1f us of %d queries of %d tokens%n",
                    nanos[queries / 2] / 1e3,
                    nanos[(int) (queries * .99)] / 1e3,
                    nanos[(int) (queries * .999)] / 1e3,
                    queries,
                    TOKENS);
        }
    }

    /** Texts of random words of the vocabulary, a token each. */
    private static List<String> texts(SpladeEncoder encoder) {
        List<String> words =
                IntStream.range(0, encoder.tokenizer().vocabularySize())
                        .mapToObj(encoder.tokenizer()::term)
                        .filter(term -> term.matches("[a-z]+"))
                        .toList();
        Random random = new Random(1);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            texts.add(
                    random.ints(TOKENS, 0, words.size())
                            .mapToObj(words::get)
                            .collect(Collectors.joining(" ")));
        }
        return texts;
    }
}
