package io.github.flinksplade.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.vector.SparseVector;
import java.util.List;
import org.junit.jupiter.api.Test;

class RankFusionTest {

    private static Hit hit(String id, double score) {
        return new Hit(id, score, null, null, SparseVector.EMPTY, new int[0], new float[0]);
    }

    private static Hit passage(String parent, int number) {
        return new Hit(
                parent + "#" + number,
                1,
                null,
                "{\"parent\":\"" + parent + "\",\"passage\":" + number + "}",
                SparseVector.EMPTY,
                new int[0],
                new float[0]);
    }

    @Test
    void sumsTheReciprocalRanks() {
        List<Hit> hits =
                RankFusion.fuse(
                        List.of(
                                List.of(hit("a", 9), hit("b", 8)),
                                List.of(hit("c", 70), hit("b", 60), hit("d", 50))),
                        false,
                        9);
        assertThat(hits).extracting(Hit::id).containsExactly("b", "a", "c", "d");
        assertThat(hits.get(0).score()).isCloseTo(2 / 62.0, within(1e-12));
        assertThat(hits.get(3).score()).isCloseTo(1 / 63.0, within(1e-12));
    }

    @Test
    void returnsTheBestK() {
        assertThat(RankFusion.fuse(List.of(List.of(hit("b", 2), hit("a", 1))), false, 1))
                .extracting(Hit::id)
                .containsExactly("b");
    }

    @Test
    void fusesDifferentPassagesOfADocument() {
        List<List<Hit>> rankings =
                List.of(
                        List.of(hit("x", 3), passage("a", 1)),
                        List.of(hit("y", 3), passage("a", 2)));
        assertThat(RankFusion.fuse(rankings, false, 9))
                .extracting(Hit::id)
                .containsExactly("a#1", "x", "y");
        assertThat(RankFusion.fuse(rankings, true, 9))
                .extracting(Hit::id)
                .containsExactly("x", "y", "a#1", "a#2");
    }
}
