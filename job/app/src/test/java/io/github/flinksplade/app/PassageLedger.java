package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.vector.SparseVector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Random changes of documents as records of a Kafka topic, and what a job that splits documents
 * into passages must write for them: each change of a passage once and in order, and each invalid
 * record as a dead letter.
 *
 * <p>A document has up to {@value #MAX_PASSAGES} passages. Changes insert, remove and replace some
 * of them, or change only another field, or delete the document. Half of the documents have
 * versions, and some of their changes are older than others before them.
 */
final class PassageLedger {

    /** The max number of tokens of a passage for which the texts are made. */
    static final int PASSAGE_TOKENS = 128;

    private static final int MAX_PASSAGES = 10;
    private static final String DELETED = "deleted";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Each is one token of the test model. */
    private static final List<String> WORDS =
            IntStream.concat(IntStream.range(67, 200), IntStream.of(-1))
                    .mapToObj(i -> i < 0 ? "\uD83D\uDE00" : "w" + i)
                    .toList();

    /** The records to produce, in this order. */
    final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();

    /** The values that must become dead letters. */
    final List<String> invalid = new ArrayList<>();

    private final Random random;

    /** The states of each passage, by id, in order; null for a deleted one. */
    private final Map<String, List<Passage>> passages = new TreeMap<>();

    private final Map<String, List<String>> expected = new TreeMap<>();
    private final List<Integer> expectedBefore = new ArrayList<>();
    private int expectedCount;

    /** A passage as it is written. */
    private record Passage(String parent, int number, int start, int end, String text, int n) {}

    /** The last state of a document. */
    private static final class Document {
        final String id;
        final boolean isVersioned;

        /** Whether there was a change or a delete. */
        boolean isKnown;

        long version;

        /** Each is a passage; none if the document is deleted. */
        List<String> paragraphs = List.of();

        /** The last change. */
        String value;

        Document(int number) {
            this.id = "id-" + number;
            this.isVersioned = number % 2 == 0;
        }
    }

    /**
     * Creates the changes.
     *
     * @param encoder returns the vectors of texts
     */
    PassageLedger(
            int count,
            int documents,
            long seed,
            Function<List<String>, List<SparseVector>> encoder) {
        random = new Random(seed);
        List<Document> seen = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            expectedBefore.add(expectedCount);
            // all documents are new in the first half, on average
            if (seen.isEmpty()
                    || seen.size() < documents && random.nextInt(count) < 2 * documents) {
                seen.add(new Document(seen.size()));
                change(seen.get(seen.size() - 1), n);
            } else {
                change(seen.get(random.nextInt(seen.size())), n);
            }
        }
        expectedBefore.add(expectedCount);
        Map<String, String> vectors = encode(encoder);
        passages.forEach(
                (id, changes) ->
                        expected.put(
                                id,
                                changes.stream()
                                        .map(passage -> state(passage, vectors))
                                        .collect(Collectors.toCollection(ArrayList::new))));
        passages.clear();
    }

    private void change(Document document, int n) {
        int kind = random.nextInt(100);
        if (kind < 2) {
            reject(document, "{\"id\":\"" + document.id + "\",\"text\":" + n);
        } else if (kind < 4) {
            reject(document, "{\"id\":\"" + document.id + "\",\"title\":\"no text " + n + "\"}");
        } else if (kind < 10) {
            delete(document);
        } else if (kind < 15 && !document.paragraphs.isEmpty()) {
            send(document, document.value); // repeats the last record, which is not a change
        } else if (kind < 25 && document.version > 1) {
            sendOlder(document, n);
        } else if (kind < 30 && document.isVersioned && !document.paragraphs.isEmpty()) {
            // a new version of the same content is not a change, but makes others older
            String last = document.value;
            document.value = last.replace(version(document), nextVersion(document));
            send(document, document.value);
        } else if (kind < 50 && !document.paragraphs.isEmpty()) {
            upsert(document, document.paragraphs, n); // changes only another field
        } else {
            upsert(document, edited(document.paragraphs), n);
        }
    }

    private void reject(Document document, String value) {
        invalid.add(value);
        send(document, value);
    }

    private void send(Document document, String value) {
        records.add(
                new ProducerRecord<>(
                        "documents",
                        document.id.getBytes(StandardCharsets.UTF_8),
                        value == null ? null : value.getBytes(StandardCharsets.UTF_8)));
    }

    private static String version(Document document) {
        return "\"version\":" + document.version + ",";
    }

    private String nextVersion(Document document) {
        document.version += 1 + random.nextInt(5);
        return version(document);
    }

    private void delete(Document document) {
        if (document.isVersioned && !document.paragraphs.isEmpty() && random.nextBoolean()) {
            String version = nextVersion(document);
            send(document, "{\"id\":\"" + document.id + "\"," + version + "\"op\":\"delete\"}");
        } else {
            send(document, null); // a tombstone; a second one in a row is not a change
        }
        for (int i = 0; i < document.paragraphs.size(); i++) {
            expect(document.id + "#" + i, null);
        }
        if (!document.isKnown) {
            expect(document.id + "#0", null);
        }
        document.isKnown = true;
        document.paragraphs = List.of();
    }

    /** Sends a change with a version of the past. */
    private void sendOlder(Document document, int n) {
        long older = 1 + random.nextInt((int) document.version - 1);
        ObjectNode value = JSON.createObjectNode().put("id", document.id).put("version", older);
        if (random.nextBoolean()) {
            value.put("op", "delete");
        } else {
            value.put("n", n).put("text", String.join("\n\n", edited(List.of())));
        }
        send(document, value.toString());
    }

    private void upsert(Document document, List<String> paragraphs, int n) {
        String text = String.join("\n\n", paragraphs);
        String version = document.isVersioned ? nextVersion(document) : "";
        document.value =
                "{\"id\":\"%s\",%s\"n\":%d,\"text\":\"%s\"}"
                        .formatted(document.id, version, n, text.replace("\n", "\\n"));
        send(document, document.value);
        int start = 0;
        for (int i = 0; i < paragraphs.size(); i++) {
            String paragraph = paragraphs.get(i);
            int end = start + paragraph.codePointCount(0, paragraph.length());
            expect(document.id + "#" + i, new Passage(document.id, i, start, end, paragraph, n));
            start = end + 2;
        }
        for (int i = paragraphs.size(); i < document.paragraphs.size(); i++) {
            expect(document.id + "#" + i, null);
        }
        document.isKnown = true;
        document.paragraphs = paragraphs;
    }

    private void expect(String id, Passage passage) {
        passages.computeIfAbsent(id, key -> new ArrayList<>()).add(passage);
        expectedCount++;
    }

    /** Other paragraphs, of which some may be the same. */
    private List<String> edited(List<String> paragraphs) {
        List<String> edited = new ArrayList<>(paragraphs);
        int kind = paragraphs.isEmpty() ? 3 : random.nextInt(4);
        int at = random.nextInt(paragraphs.size() + 1);
        if (kind == 0 && paragraphs.size() > 1) {
            edited.subList(at / 2, Math.max(at, at / 2 + 1)).clear();
        } else if (kind == 1 && paragraphs.size() < MAX_PASSAGES) {
            edited.addAll(at, paragraphs(1 + random.nextInt(MAX_PASSAGES - paragraphs.size())));
        } else if (kind == 2) {
            edited.set(Math.max(at - 1, 0), paragraph());
        } else {
            boolean isShort = random.nextInt(5) == 0;
            edited = paragraphs(isShort ? 1 : 3 + random.nextInt(MAX_PASSAGES - 2));
        }
        return edited;
    }

    private List<String> paragraphs(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> paragraph())
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** Fits into a passage, but not with another one. */
    private String paragraph() {
        return IntStream.range(0, PASSAGE_TOKENS * 5 / 8 + random.nextInt(PASSAGE_TOKENS / 4))
                .mapToObj(i -> WORDS.get(random.nextInt(WORDS.size())))
                .collect(Collectors.joining(" "));
    }

    /** The vector of each text. */
    private Map<String, String> encode(Function<List<String>, List<SparseVector>> encoder) {
        List<String> texts =
                passages.values().stream()
                        .flatMap(List::stream)
                        .filter(passage -> passage != null)
                        .map(Passage::text)
                        .distinct()
                        .toList();
        Map<String, String> vectors = new HashMap<>();
        for (int i = 0; i < texts.size(); i += 64) {
            List<String> batch = texts.subList(i, Math.min(i + 64, texts.size()));
            List<SparseVector> encoded = encoder.apply(batch);
            for (int k = 0; k < batch.size(); k++) {
                vectors.put(
                        batch.get(k), vector(encoded.get(k).indices(), encoded.get(k).values()));
            }
        }
        return vectors;
    }

    private static String vector(int[] indices, float[] values) {
        assertThat(indices).isNotEmpty();
        return indices.length
                + " terms "
                + Integer.toHexString(Arrays.hashCode(indices))
                + Integer.toHexString(Arrays.hashCode(values));
    }

    private static String state(Passage passage, Map<String, String> vectors) {
        return passage == null
                ? DELETED
                : state(
                        passage.n,
                        passage.parent,
                        passage.number,
                        passage.start,
                        passage.end,
                        passage.text,
                        vectors.get(passage.text));
    }

    private static String state(
            int n, String parent, int passage, int start, int end, String text, String vector) {
        return "n=%d of %s, passage %d [%d, %d], text %x, %s"
                .formatted(n, parent, passage, start, end, text.hashCode(), vector);
    }

    /** The number of changes of passages in all records. */
    int expectedCount() {
        return expectedCount;
    }

    /** The number of changes of passages in the first {@code sent} records. */
    int expectedCount(int sent) {
        return expectedBefore.get(sent);
    }

    /** The last state of each passage that is not deleted. */
    Map<String, String> lastStates() {
        Map<String, String> states = new TreeMap<>();
        expected.forEach(
                (id, changes) -> {
                    String last = changes.get(changes.size() - 1);
                    if (!last.equals(DELETED)) {
                        states.put(id, last);
                    }
                });
        return states;
    }

    /** The state of a stored passage: fields, text and vector. */
    static String state(JsonNode fields, String text, int[] indices, float[] values) {
        return state(
                fields.path("n").intValue(),
                fields.path("parent").textValue(),
                fields.path("passage").intValue(),
                fields.path("start").intValue(),
                fields.path("end").intValue(),
                text,
                vector(indices, values));
    }

    /** As {@link #state(JsonNode, String, int[], float[])}, with a vector in JSON. */
    static String state(JsonNode fields, String text, JsonNode vector) {
        int[] indices = new int[vector.get("indices").size()];
        float[] values = new float[indices.length];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = vector.get("indices").get(i).asInt();
            values[i] = Float.parseFloat(vector.get("values").get(i).asText());
        }
        return state(fields, text, indices, values);
    }

    /** The state of a passage in a topic or file, after the change. */
    static String state(JsonNode change) {
        return change.has("indices")
                ? state(change.get("fields"), change.get("text").textValue(), change)
                : DELETED;
    }

    static String deleted() {
        return DELETED;
    }

    /**
     * Compares the changes that a log contains with those expected, and prints the counts.
     *
     * @param received the states of each passage, by id, in order
     */
    void compareChanges(String log, Map<String, List<String>> received) {
        int duplicates = 0;
        int lost = 0;
        int outOfOrder = 0;
        List<String> wrong = new ArrayList<>();
        for (String id : expected.keySet()) {
            List<String> changes = expected.get(id);
            List<String> written = received.getOrDefault(id, List.of());
            if (changes.equals(written)) {
                continue;
            }
            wrong.add(id + ": expected " + changes + ", received " + written);
            List<String> surplus = new ArrayList<>(written);
            changes.forEach(surplus::remove);
            List<String> missing = new ArrayList<>(changes);
            written.forEach(missing::remove);
            duplicates += surplus.size();
            lost += missing.size();
            if (surplus.isEmpty() && missing.isEmpty()) {
                outOfOrder++;
            }
        }
        System.out.printf(
                "High availability, %s: sent %d, expected %d, received %d, duplicates %d, lost %d,"
                        + " out of order %d%n",
                log,
                records.size(),
                expectedCount,
                received.values().stream().mapToInt(List::size).sum(),
                duplicates,
                lost,
                outOfOrder);
        assertThat(wrong.stream().limit(5)).as("%d ids in %s", wrong.size(), log).isEmpty();
        assertThat(received.keySet()).isEqualTo(expected.keySet());
    }

    /** How the passages that an index contains differ from those expected; empty if they do not. */
    List<String> differences(Map<String, String> stored) {
        Map<String, String> states = lastStates();
        List<String> differences = new ArrayList<>();
        states.forEach(
                (id, state) -> {
                    if (!state.equals(stored.get(id))) {
                        differences.add(id + ": expected " + state + ", is " + stored.get(id));
                    }
                });
        stored.forEach(
                (id, state) -> {
                    if (!states.containsKey(id)) {
                        differences.add(id + ": expected none, is " + state);
                    }
                });
        return differences;
    }
}
