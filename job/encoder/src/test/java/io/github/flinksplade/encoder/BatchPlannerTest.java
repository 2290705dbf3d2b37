package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.engine.Engine;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BatchPlannerTest {

    private record Document(int number, int tokens) {}

    private final Set<Integer> abandoned = new HashSet<>();
    private final BatchPlanner<Document> planner =
            new BatchPlanner<>(Document::tokens, document -> abandoned.contains(document.number()));

    private void add(int... lengths) {
        for (int i = 0; i < lengths.length; i++) {
            planner.add(new Document(i, lengths[i]));
        }
    }

    private static Engine.Limits padding(int documents, int tokens) {
        return new Engine.Limits(1, documents, tokens, false);
    }

    private static Engine.Limits exact(int documents, int tokens) {
        return new Engine.Limits(1, documents, tokens, true);
    }

    private static List<Integer> numbers(List<Document> batch) {
        return batch.stream().map(Document::number).toList();
    }

    @Test
    void batchesTheOldestWithOthersOfItsLength() {
        add(8, 3, 8, 5, 8, 3);
        assertThat(numbers(planner.next(exact(10, 1000)))).containsExactly(0, 2, 4);
        assertThat(numbers(planner.next(exact(10, 1000)))).containsExactly(1, 5);
        assertThat(numbers(planner.next(exact(10, 1000)))).containsExactly(3);
        assertThat(planner.next(exact(10, 1000))).isEmpty();
        assertThat(planner.size()).isZero();
    }

    @Test
    void addsNearestLengthsIfTheEnginePads() {
        add(20, 100, 19, 22, 3, 21, 3);
        // with one of the 3s a quarter of 5 times 22 is padding at most, with both it is more
        assertThat(numbers(planner.next(padding(10, 1000))))
                .containsExactlyInAnyOrder(0, 2, 3, 5, 4);
        assertThat(numbers(planner.next(padding(10, 1000)))).containsExactly(1);
        assertThat(numbers(planner.next(padding(10, 1000)))).containsExactly(6);
    }

    @Test
    void addsManyLongerDocumentsWhereOneWouldPadTooMuch() {
        add(9, 20);
        assertThat(planner.next(padding(10, 1000))).hasSize(1);
        planner.drain();
        add(9, 20, 20, 20);
        assertThat(planner.next(padding(10, 1000))).hasSize(4);
    }

    @Test
    void documentAboveMaxTokensIsUnbatched() {
        add(500, 500, 1);
        assertThat(numbers(planner.next(padding(10, 100)))).containsExactly(0);
        assertThat(numbers(planner.next(padding(10, 100)))).containsExactly(1);
        assertThat(numbers(planner.next(padding(10, 100)))).containsExactly(2);
    }

    @Test
    void batchesEmptyDocuments() {
        add(0, 0, 5);
        assertThat(numbers(planner.next(padding(2, 100)))).containsExactly(0, 1);
        assertThat(numbers(planner.next(padding(2, 100)))).containsExactly(2);
    }

    @Test
    void skipsAbandonedDocuments() {
        add(5, 5, 5, 7, 9);
        abandoned.addAll(Set.of(0, 2, 3));
        assertThat(numbers(planner.next(exact(10, 100)))).containsExactly(1);
        assertThat(numbers(planner.next(exact(10, 100)))).containsExactly(4);
        assertThat(planner.next(exact(10, 100))).isEmpty();
        assertThat(planner.size()).isZero();
    }

    @Test
    void abandonedDocumentsDoNotCountAsPadding() {
        add(9, 20, 20, 20, 20);
        abandoned.addAll(Set.of(1, 2, 4));
        assertThat(numbers(planner.next(padding(10, 1000)))).containsExactly(0);
        assertThat(numbers(planner.next(padding(10, 1000)))).containsExactly(3);
    }

    /** A worker sleeps after an empty batch, so it must not get one while documents wait. */
    @Test
    void concurrentAbandonmentDoesNotEmptyTheBatch() {
        Set<Document> tested = new HashSet<>();
        BatchPlanner<Document> changing =
                new BatchPlanner<>(Document::tokens, document -> !tested.add(document));
        changing.add(new Document(0, 100));
        changing.add(new Document(1, 3));
        assertThat(numbers(changing.next(padding(10, 1000)))).containsExactly(0);
        assertThat(changing.size()).isEqualTo(1);
    }

    @Test
    void respectsAllRulesOnRandomQueues() {
        long seed = 7;
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            Engine.Limits limits =
                    new Engine.Limits(
                            1,
                            1 + random.nextInt(40),
                            1 + random.nextInt(4000),
                            random.nextBoolean());
            List<Document> waiting = new ArrayList<>();
            int next = 0;
            while (next < 200 || !waiting.isEmpty()) {
                for (int i = random.nextInt(30); i > 0 && next < 200; i--) {
                    Document document = new Document(next++, random.nextInt(130));
                    waiting.add(document);
                    planner.add(document);
                }
                List<Document> batch = planner.next(limits);
                if (waiting.isEmpty()) {
                    assertThat(batch).isEmpty();
                    continue;
                }
                String where = "seed " + seed + " round " + round + " " + limits + " " + batch;
                assertThat(batch).as(where).contains(waiting.get(0)).doesNotHaveDuplicates();
                assertThat(waiting.containsAll(batch)).as(where).isTrue();
                int longest = batch.stream().mapToInt(Document::tokens).max().orElseThrow();
                int tokens = batch.stream().mapToInt(Document::tokens).sum();
                int padded = longest * batch.size();
                assertThat(batch.size()).as(where).isLessThanOrEqualTo(limits.maxDocuments());
                assertThat(batch.size() == 1 || padded <= limits.maxTokens()).as(where).isTrue();
                if (limits.equalLengths()) {
                    assertThat(tokens).as(where).isEqualTo(padded);
                }
                assertThat(padded - tokens).as(where).isLessThanOrEqualTo(padded / 4);
                waiting.removeAll(batch);
                assertThat(planner.size()).as(where).isEqualTo(waiting.size());
            }
        }
    }
}
