package io.github.flinksplade.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BestPassagesTest {

    private static Hit hit(String id, String fields) {
        return new Hit(id, 1, "text", fields, SparseVector.EMPTY, new int[0], new float[0]);
    }

    private static Hit passage(String parent, int number) {
        return hit(
                parent + "#" + number,
                "{\"parent\":\"" + parent + "\",\"passage\":" + number + "}");
    }

    private static List<String> best(int k, List<Hit> hits, List<Integer> requested) {
        return BestPassages.of(
                        max -> {
                            requested.add(max);
                            return hits.subList(0, Math.min(max, hits.size()));
                        },
                        false,
                        k)
                .stream()
                .map(Hit::id)
                .toList();
    }

    @Test
    void keepsTheBestPassageOfEachDocument() {
        List<Hit> hits = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            hits.add(passage("a", i));
        }
        hits.add(passage("b", 3));
        hits.add(hit("c", "{\"parent\":\"b\"}"));
        hits.add(passage("d", 0));
        List<Integer> requested = new ArrayList<>();
        assertThat(best(3, hits, requested)).containsExactly("a#0", "b#3", "c");
        assertThat(requested).containsExactly(3, 12);
        assertThat(best(9, hits, new ArrayList<>())).containsExactly("a#0", "b#3", "c", "d#0");
    }

    @Test
    void idsThatOnlyLookLikePassagesAreDocuments() {
        List<Hit> hits =
                List.of(
                        hit("a#1", null),
                        hit("a#2", "{}"),
                        hit("a#3", "{\"parent\":\"b\",\"passage\":3}"),
                        hit("a#4", "{\"parent\":\"a\",\"passage\":5}"));
        assertThat(best(9, hits, new ArrayList<>())).hasSize(4);
    }
}
