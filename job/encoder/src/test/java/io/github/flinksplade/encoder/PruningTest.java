package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PruningTest {

    private static final SparseVector VECTOR =
            new SparseVector(new int[] {3, 5, 8, 13, 21}, new float[] {1f, 4f, 2f, 2f, 1f});

    private static SparseVector prune(String rule, SparseVector vector) {
        return Pruning.parse(rule).apply(vector);
    }

    private static int[] kept(String rule) {
        return prune(rule, VECTOR).indices();
    }

    @Test
    void topKKeepsLargestWeightsAndLowerIdsOfEqualOnes() {
        assertThat(kept("top_k=1")).containsExactly(5);
        assertThat(kept("top_k=2")).containsExactly(5, 8);
        assertThat(kept("top_k=3")).containsExactly(5, 8, 13);
        assertThat(kept("top_k=4")).containsExactly(3, 5, 8, 13);
        assertThat(kept("top_k=5")).containsExactly(3, 5, 8, 13, 21);
        assertThat(kept("top_k=500")).containsExactly(3, 5, 8, 13, 21);
        assertThat(prune("top_k=3", VECTOR).values()).containsExactly(4f, 2f, 2f);
    }

    @Test
    void absValueKeepsWeightsAtTheThreshold() {
        assertThat(kept("abs_value=2")).containsExactly(5, 8, 13);
        assertThat(kept("abs_value=2.0001")).containsExactly(5);
        assertThat(kept("abs_value=0")).containsExactly(3, 5, 8, 13, 21);
        assertThat(kept("abs_value=100")).isEmpty();
    }

    @Test
    void maxRatioKeepsWeightsAtTheFractionOfTheLargest() {
        assertThat(kept("max_ratio=0.5")).containsExactly(5, 8, 13);
        assertThat(kept("max_ratio=0.51")).containsExactly(5);
        assertThat(kept("max_ratio=0")).containsExactly(3, 5, 8, 13, 21);
        assertThat(kept("max_ratio=0.99")).containsExactly(5);
    }

    @Test
    void alphaMassRemovesTheWeightThatExceedsTheFraction() {
        // sum 10; running sums in order 4 (5), 6 (8), 8 (13), 9 (3), 10 (21)
        assertThat(kept("alpha_mass=0.4")).containsExactly(5);
        assertThat(kept("alpha_mass=0.59")).containsExactly(5);
        assertThat(kept("alpha_mass=0.6")).containsExactly(5, 8);
        assertThat(kept("alpha_mass=0.95")).containsExactly(3, 5, 8, 13);
        assertThat(kept("alpha_mass=0.39")).isEmpty();
        assertThat(kept("alpha_mass=0")).isEmpty();
    }

    @Test
    void emptyVectorsRemainEmpty() {
        for (String rule :
                List.of("none", "top_k=3", "abs_value=1", "max_ratio=.5", "alpha_mass=.5")) {
            assertThat(prune(rule, SparseVector.EMPTY)).isEqualTo(SparseVector.EMPTY);
        }
    }

    /** A second implementation of the definitions, in single precision as in OpenSearch. */
    @Test
    void matchesTheDefinitionsOnRandomVectors() {
        long seed = 20260101;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            Map<Integer, Float> weights = new HashMap<>();
            int terms = 1 + random.nextInt(60);
            while (weights.size() < terms) {
                // few distinct weights, so that many are equal
                weights.put(random.nextInt(1000), (1 + random.nextInt(20)) / 7f);
            }
            int[] ids = weights.keySet().stream().sorted().mapToInt(Integer::intValue).toArray();
            float[] values = new float[ids.length];
            for (int i = 0; i < ids.length; i++) {
                values[i] = weights.get(ids[i]);
            }
            SparseVector vector = new SparseVector(ids, values);
            List<Integer> ranked = new ArrayList<>(weights.keySet());
            ranked.sort(
                    (a, b) ->
                            weights.get(a).equals(weights.get(b))
                                    ? a - b
                                    : Float.compare(weights.get(b), weights.get(a)));
            int k = 1 + random.nextInt(70);
            assertThat(prune("top_k=" + k, vector).indices())
                    .as("seed %s round %s", seed, round)
                    .containsExactly(sorted(ranked.subList(0, Math.min(k, ranked.size()))));

            float ratio = random.nextInt(100) / 100f;
            float sum = (float) weights.values().stream().mapToDouble(w -> w).sum();
            float running = 0;
            List<Integer> mass = new ArrayList<>();
            for (int id : ranked) {
                running += weights.get(id);
                if (running <= ratio * sum) {
                    mass.add(id);
                }
            }
            assertThat(prune("alpha_mass=" + ratio, vector).indices())
                    .as("seed %s round %s", seed, round)
                    .containsExactly(sorted(mass));
            float highest = weights.get(ranked.get(0));
            assertThat(prune("max_ratio=" + ratio, vector).indices())
                    .as("seed %s round %s", seed, round)
                    .containsExactly(
                            sorted(
                                    ranked.stream()
                                            .filter(id -> weights.get(id) >= ratio * highest)
                                            .toList()));
        }
    }

    private static int[] sorted(List<Integer> ids) {
        return ids.stream().sorted().mapToInt(Integer::intValue).toArray();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"none", "top_k=200", "abs_value=0.1", "max_ratio=0.25", "alpha_mass=0.9"})
    void parsesItsStringForm(String rule) {
        assertThat(Pruning.parse(rule)).hasToString(rule);
    }

    @Test
    void ignoresCaseAndSpaces() {
        assertThat(Pruning.parse(" TOP_K = 5 ")).isEqualTo(new Pruning(Pruning.Type.TOP_K, 5));
        assertThat(Pruning.parse("None")).isSameAs(Pruning.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "top_k=0",
                "top_k=-1",
                "top_k=2.5",
                "top_k=3000000000",
                "abs_value=-0.1",
                "abs_value=1e300",
                "max_ratio=1",
                "max_ratio=0.99999999999",
                "max_ratio=-0.1",
                "alpha_mass=1",
                "alpha_mass=90",
                "alpha_mass=NaN",
                "top_k=0x10",
                "top_k=5f",
                "top_k=",
                "top_k",
                "=5",
                "none=3",
                "topk=5",
                ""
            })
    void rejectsInvalidRules(String rule) {
        assertThatThrownBy(() -> Pruning.parse(rule))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .contains("pruning")
                .doesNotContain("Exception");
    }
}
