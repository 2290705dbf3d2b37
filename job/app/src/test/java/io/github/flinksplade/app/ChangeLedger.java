package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Random changes of a few documents as records of a Kafka topic, and the output that a job must
 * write for them: each change once and in order per id, and each invalid record as a dead letter.
 */
final class ChangeLedger {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DELETED = "deleted";

    /** The records to produce, in this order. */
    final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();

    /** The values that must become dead letters. */
    final List<String> invalid = new ArrayList<>();

    private final Map<String, List<String>> expected = new TreeMap<>();
    private int expectedCount;

    ChangeLedger(int count, int ids, long seed) {
        Random random = new Random(seed);
        Map<String, String> last = new HashMap<>();
        String[] words = "car road house bread river stone music paper".split(" ");
        for (int n = 0; n < count; n++) {
            String id = "id-" + random.nextInt(ids);
            int kind = random.nextInt(100);
            if (kind < 2) {
                reject(id, "{\"id\":\"" + id + "\",\"text\":" + n);
            } else if (kind < 4) {
                reject(id, "{\"id\":\"" + id + "\",\"title\":\"no text " + n + "\"}");
            } else if (kind < 10) {
                // a tombstone; a second one in a row is not a change
                send(id, null);
                if (!"".equals(last.put(id, ""))) {
                    expect(id, DELETED);
                }
            } else if (kind < 15 && last.containsKey(id) && !last.get(id).isEmpty()) {
                send(id, last.get(id)); // repeats the last record, which is not a change
            } else {
                // two thirds change the text, the others only a field
                String text =
                        words[random.nextInt(words.length)]
                                + " and "
                                + words[random.nextInt(words.length)]
                                + (kind < 70 ? " " + n : "");
                String value = "{\"id\":\"%s\",\"text\":\"%s\",\"n\":%d}".formatted(id, text, n);
                send(id, value);
                last.put(id, value);
                expect(id, "n=" + n);
            }
        }
    }

    private void send(String id, String value) {
        records.add(
                new ProducerRecord<>(
                        "documents", id.getBytes(), value == null ? null : value.getBytes()));
    }

    private void reject(String id, String value) {
        invalid.add(value);
        send(id, value);
    }

    private void expect(String id, String change) {
        expected.computeIfAbsent(id, key -> new ArrayList<>()).add(change);
        expectedCount++;
    }

    /** The number of changes in all records. */
    int expectedCount() {
        return expectedCount;
    }

    private static String state(JsonNode fields) {
        return "n=" + fields.get("n");
    }

    /** Compares the written records with the expected ones, and prints the counts. */
    void compare(
            String what,
            List<ConsumerRecord<byte[], byte[]>> vectors,
            List<ConsumerRecord<byte[], byte[]>> deadLetters) {
        Map<String, List<String>> received = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> vector : vectors) {
            received.computeIfAbsent(
                            new String(vector.key(), StandardCharsets.UTF_8),
                            key -> new ArrayList<>())
                    .add(change(vector));
        }
        int duplicates = 0;
        int lost = 0;
        int outOfOrder = 0;
        for (String id : expected.keySet()) {
            List<String> changes = expected.get(id);
            List<String> written = received.getOrDefault(id, List.of());
            List<String> surplus = new ArrayList<>(written);
            changes.forEach(surplus::remove);
            List<String> missing = new ArrayList<>(changes);
            written.forEach(missing::remove);
            duplicates += surplus.size();
            lost += missing.size();
            if (surplus.isEmpty() && missing.isEmpty() && !changes.equals(written)) {
                outOfOrder++;
            }
        }
        List<String> dead =
                deadLetters.stream()
                        .map(letter -> new String(letter.value(), StandardCharsets.UTF_8))
                        .toList();
        System.out.printf(
                "%s: sent %d, expected %d, received %d, duplicates %d, lost %d, out of order %d,"
                        + " dead letters %d of %d%n",
                what,
                records.size(),
                expectedCount,
                vectors.size(),
                duplicates,
                lost,
                outOfOrder,
                dead.size(),
                invalid.size());
        assertThat(received).isEqualTo(expected);
        assertThat(dead).containsExactlyInAnyOrderElementsOf(invalid);
    }

    private static String change(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) {
            return DELETED;
        }
        try {
            JsonNode json = JSON.readTree(record.value());
            assertThat(json.get("indices")).isNotEmpty();
            assertThat(json.get("values")).hasSameSizeAs(json.get("indices"));
            return state(json.get("fields"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
