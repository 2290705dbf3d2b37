package io.github.flinksplade.encoder.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** An engine whose available memory varies. */
class MemoryBudgetTest {

    private static final int MAX = 4096;

    /** Has memory for a number of tokens; a text's vector contains its first token. */
    private static final class Faulty implements Engine {
        int memory = Integer.MAX_VALUE;
        int runs;
        int failures;

        @Override
        public Limits limits() {
            return new Limits(2, 64, MAX, false, 8);
        }

        @Override
        public List<SparseVector> run(List<TokenSequence> batch) {
            int longest = batch.stream().mapToInt(text -> text.ids().length).max().orElseThrow();
            if (batch.size() * limits().padded(longest) > memory) {
                failures++;
                throw new DeviceMemoryException("injected", null);
            }
            runs++;
            return batch.stream()
                    .map(text -> new SparseVector(new int[] {text.ids()[0]}, new float[] {1}))
                    .toList();
        }

        @Override
        public void close() {}
    }

    private final Faulty engine = new Faulty();
    private final MemoryBudget budget = new MemoryBudget(engine, 128);

    private static List<TokenSequence> texts(int number, int length) {
        return IntStream.range(0, number)
                .mapToObj(
                        i -> {
                            int[] ids = new int[length];
                            ids[0] = i;
                            return new TokenSequence(ids, length, false);
                        })
                .toList();
    }

    private static List<Integer> firsts(List<SparseVector> vectors) {
        return vectors.stream().map(vector -> vector.indices()[0]).toList();
    }

    @Test
    void halvesBatchUntilItFitsAndKeepsItsOrder() {
        engine.memory = 600;
        assertThat(firsts(budget.run(texts(30, 100))))
                .isEqualTo(IntStream.range(0, 30).boxed().toList());
        assertThat(engine.failures).isPositive();
        assertThat(budget.limits().maxTokens()).isLessThanOrEqualTo(600);
        // batches that respect the new limit fit
        int before = engine.failures;
        int documents = budget.limits().maxTokens() / engine.limits().padded(100);
        assertThat(budget.run(texts(documents, 100))).hasSize(documents);
        assertThat(engine.failures).isEqualTo(before);
    }

    @Test
    void limitGrowsStepByStepToTheEnginesOwn() {
        engine.memory = 600;
        budget.run(texts(30, 100));
        int shrunk = budget.limits().maxTokens();
        engine.memory = Integer.MAX_VALUE;
        List<Integer> budgets = new ArrayList<>();
        while (budget.limits().maxTokens() < MAX) {
            budgets.add(budget.limits().maxTokens());
            budget.run(texts(1, 100));
            assertThat(budgets.size()).as("still growing").isLessThan(10_000);
        }
        assertThat(budgets).isSorted().startsWith(shrunk);
        assertThat(budgets.stream().filter(tokens -> tokens == shrunk).count())
                .isGreaterThanOrEqualTo(MemoryBudget.BATCHES_TO_GROW - 10);
        budget.run(texts(1, 100));
        assertThat(budget.limits().maxTokens()).isEqualTo(MAX);
    }

    @Test
    void singleTextFailsAndLimitStaysAtOneTextOfFullLength() {
        engine.memory = 50;
        assertThatThrownBy(() -> budget.run(texts(4, 100)))
                .isInstanceOf(DeviceMemoryException.class);
        assertThat(budget.limits().maxTokens()).isEqualTo(128);
        assertThat(firsts(budget.run(texts(5, 8)))).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void losesNoVectorsWhenMemoryVaries() {
        long seed = 3;
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            engine.memory = 128 + random.nextInt(2 * MAX);
            int length = 1 + random.nextInt(128);
            int padded = engine.limits().padded(length);
            int documents = 1 + random.nextInt(Math.max(1, budget.limits().maxTokens() / padded));
            String where = "seed " + seed + " round " + round;
            assertThat(firsts(budget.run(texts(documents, length))))
                    .as(where)
                    .isEqualTo(IntStream.range(0, documents).boxed().toList());
            assertThat(budget.limits().maxTokens()).as(where).isBetween(128, MAX);
        }
        assertThat(engine.failures).isPositive();
    }
}
