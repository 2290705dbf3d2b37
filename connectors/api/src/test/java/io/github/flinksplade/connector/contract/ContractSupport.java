package io.github.flinksplade.connector.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.util.InstantiationUtil;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Assertions and steps that several subjects of the contract share. */
final class ContractSupport {

    static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    /** The duration of an outage in the tests, in seconds: {@code -Dflinksplade.outage=60}. */
    static final int OUTAGE_SECONDS = Integer.getInteger("flinksplade.outage", 1);

    private static final ObjectMapper JSON = new ObjectMapper();

    private ContractSupport() {}

    static VectorSink sink(ConnectorUri uri) {
        return Connectors.of(uri).sink(uri);
    }

    /** The URI with more options. */
    static ConnectorUri with(ConnectorUri uri, String options) {
        String text = uri.toString();
        return ConnectorUri.parse(text + (text.contains("?") ? "&" : "?") + options)
                .withProperties(uri.properties());
    }

    /** Writes changes in one attempt of a job that succeeds; returns those rejected. */
    static List<DeadLetter> write(ConnectorUri uri, VectorRecord... records) throws Exception {
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(records);
            harness.finish();
            return harness.rejected();
        }
    }

    /** Asserts that a target contains exactly the documents of the corpus. */
    static void assertStored(SinkUnderTest sink, ConnectorUri uri, Corpus corpus) throws Exception {
        Map<String, StoredDocument> stored = sink.stored(uri);
        Map<String, VectorRecord> expected = new TreeMap<>(corpus.documents());
        if (!sink.storesEmptyVectors()) {
            expected.values().removeIf(record -> record.vector().indices().length == 0);
        }
        assertThat(stored.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        for (VectorRecord record : expected.values()) {
            assertStored(sink, stored.get(record.id()), record);
        }
        if (sink.canBeReadBack()) {
            assertReadBack(uri, expected, stored);
        }
    }

    /** Asserts that the connector reads back what the target contains. */
    private static void assertReadBack(
            ConnectorUri uri,
            Map<String, VectorRecord> expected,
            Map<String, StoredDocument> stored)
            throws Exception {
        IndexedDocuments documents = InstantiationUtil.clone(Connectors.of(uri).documents(uri));
        Map<String, IndexedDocument> read = new TreeMap<>();
        try (IndexedDocuments.Reader reader = documents.open()) {
            IndexedDocument next = reader.next();
            while (next != null) {
                if (next.isDelete()) {
                    read.remove(next.id());
                } else {
                    read.put(next.id(), next);
                }
                next = reader.next();
            }
        }
        assertThat(read.keySet()).as("ids read back").isEqualTo(expected.keySet());
        for (VectorRecord record : expected.values()) {
            IndexedDocument document = read.get(record.id());
            String id = record.id();
            assertThat(document.version()).as("version of " + id).isEqualTo(record.version());
            assertThat(document.text()).as("text of " + id).isEqualTo(stored.get(id).text());
            assertThat(json(document.fields()))
                    .as("fields of " + id)
                    .isEqualTo(json(documents.stored(record.fields())));
            assertThat(document.encoder())
                    .as("encoder of " + id)
                    .isEqualTo(CONTEXT.provenance().fingerprint());
        }
    }

    private static void assertStored(SinkUnderTest sink, StoredDocument stored, VectorRecord record)
            throws Exception {
        int[] kept = largest(record.vector().values(), sink.maxTerms());
        int[] indices = Arrays.stream(kept).map(at -> record.vector().indices()[at]).toArray();
        float[] values = new float[kept.length];
        for (int i = 0; i < kept.length; i++) {
            values[i] = sink.stored(record.vector().values()[kept[i]]);
        }
        assertThat(stored.indices()).as("terms of " + record.id()).isEqualTo(indices);
        assertThat(stored.values()).as("weights of " + record.id()).isEqualTo(values);
        if (stored.text() != null) {
            assertThat(stored.text()).as("text of " + record.id()).isEqualTo(record.text());
        }
        if (stored.fields() != null) {
            assertThat(json(stored.fields()))
                    .as("fields of " + record.id())
                    .isEqualTo(json(record.fields()));
        }
    }

    /** Positions of the largest values, ascending. */
    private static int[] largest(float[] values, int max) {
        List<Integer> positions = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            positions.add(i);
        }
        positions.sort(Comparator.comparing((Integer at) -> -values[at]).thenComparing(at -> at));
        return positions.stream().limit(max).mapToInt(at -> at).sorted().toArray();
    }

    static JsonNode json(String text) throws Exception {
        return JSON.readTree(text);
    }

    static FaultInjector requireFaults(SinkUnderTest sink) {
        FaultInjector faults = sink.faults();
        assumeTrue(faults != null, "no faults can be injected into this target");
        return faults;
    }

    /** Makes the server available again after some seconds. */
    static void upAfter(int seconds, FaultInjector faults) {
        try {
            TimeUnit.SECONDS.sleep(seconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        faults.up();
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Asserts that an action fails with a sentence for the user. */
    static void assertOneSentence(ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOf(ConnectorException.class)
                .satisfies(
                        failure ->
                                assertThat(failure.getMessage())
                                        .isNotBlank()
                                        .doesNotContain("Exception")
                                        .doesNotContain("\n"));
    }
}
