package io.github.flinksplade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Compares with the values that {@code trec_eval} computed for a random run with many equal scores;
 * {@code src/test/python/trec_eval_fixture.py} wrote the files.
 */
class TrecEvalTest {

    private static final double TOLERANCE = 1e-9;

    private static Path file(String name) throws URISyntaxException {
        return Path.of(TrecEvalTest.class.getResource(name).toURI());
    }

    @Test
    void everyMetricOfEveryQueryEqualsTrecEvals() throws Exception {
        Qrels qrels = Qrels.read(file("qrels.txt"));
        Run run = Run.read(file("run.trec"));
        Map<Metric, Double> sums = new HashMap<>();
        Set<String> evaluated = new HashSet<>();
        for (String line : Files.readAllLines(file("expected.tsv"))) {
            String[] columns = line.split("\t");
            Metric metric = Metric.parse(columns[1]).get(0);
            double expected = Double.parseDouble(columns[2]);
            assertThat(metric.of(run.of(columns[0]), qrels.of(columns[0])))
                    .as(line)
                    .isCloseTo(expected, within(TOLERANCE));
            sums.merge(metric, expected, Double::sum);
            evaluated.add(columns[0]);
        }
        assertThat(sums).hasSize(13);
        assertThat(evaluated).hasSize(31);

        // 5 of 40 queries have no relevant document, and another 4 are missing in the run
        Evaluation evaluation = Evaluation.of(run, qrels, List.copyOf(sums.keySet()));
        assertThat(evaluation.queries()).hasSize(35).containsAll(evaluated);
        sums.forEach(
                (metric, sum) ->
                        assertThat(evaluation.mean(metric))
                                .as("mean %s", metric)
                                .isCloseTo(sum / 35, within(TOLERANCE)));
    }

    @Test
    void aWrittenRunHasTheSameOrder() throws Exception {
        Run run = Run.read(file("run.trec"));
        Path copy = Files.createTempFile("run", ".trec");
        try {
            run.write(copy);
            Run read = Run.read(copy);
            assertThat(read.rankings().keySet()).isEqualTo(run.rankings().keySet());
            run.rankings()
                    .forEach(
                            (query, ranking) ->
                                    assertThat(read.of(query))
                                            .extracting(ScoredDocument::id)
                                            .containsExactlyElementsOf(
                                                    ranking.stream()
                                                            .map(ScoredDocument::id)
                                                            .toList()));
            assertRanksAscend(copy);
        } finally {
            Files.delete(copy);
        }
    }

    private static void assertRanksAscend(Path file) throws IOException {
        String query = "";
        int rank = 0;
        for (String line : Files.readAllLines(file)) {
            String[] columns = line.split(" ");
            rank = columns[0].equals(query) ? rank + 1 : 1;
            query = columns[0];
            assertThat(columns[3]).isEqualTo(Integer.toString(rank));
        }
    }
}
