package io.github.flinksplade.connector.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.contract.Writing.Checkpoint;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every target must do, whatever it is. A subclass says how to reach it and what it promises;
 * what it does not promise is skipped with the reason, and stands in the table of guarantees.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
public abstract class SinkContract {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    /** How long the server is away in the test of an outage: {@code -Dflinksplade.outage=60}. */
    private static final int OUTAGE_SECONDS = Integer.getInteger("flinksplade.outage", 1);

    // ---- what a subclass says

    /**
     * The address of a place that is not there yet.
     *
     * @param name unique in this run: lower-case letters, digits and dashes
     */
    protected abstract ConnectorUri fresh(String name) throws Exception;

    /**
     * What the place holds, by id, once everything written so far can be read. Not by the
     * connector's own client. A log (a topic, a folder of files) is read to its end, a later change
     * of an id taking the place of an earlier one.
     */
    protected abstract Map<String, Held> held(ConnectorUri uri) throws Exception;

    /** The faults that can be made, or null where none can. */
    protected Faults faults() {
        return null;
    }

    /** Whether an older change that comes later changes nothing. */
    protected abstract boolean guardsVersions();

    /** Whether an older upsert that comes after a delete stays out. */
    protected abstract boolean remembersDeletes();

    /** Makes the target forget what it may forget of deleted documents. */
    protected void forgetDeletes(ConnectorUri uri) throws Exception {}

    /** Whether a document without terms is held. */
    protected boolean holdsEmptyVectors() {
        return true;
    }

    /** The most terms that a vector may have; of more, those with the largest weights are held. */
    protected int maxTerms() {
        return Corpus.TERMS;
    }

    /** What the target holds of a weight. */
    protected float held(float weight) {
        return weight;
    }

    /** The same place with credentials that are wrong, or null where there are none. */
    protected ConnectorUri withWrongCredentials(ConnectorUri uri) {
        return null;
    }

    /** Whether it can be searched. */
    protected boolean searchable() {
        return true;
    }

    /**
     * An address of a place like {@code fresh} on which searches by idf work; null: there are none.
     */
    protected ConnectorUri freshWithIdf(String name) throws Exception {
        return fresh(name);
    }

    /** Whether a plain search works where one by idf does. */
    protected boolean searchesPlainWithIdf() {
        return true;
    }

    /** How long the tests of a stalled server may take. */
    protected Duration stallLimit() {
        return Duration.ofSeconds(60);
    }

    /** The greatest difference of a score from the dot product, relative to it. */
    protected double scoreTolerance() {
        return 1e-6;
    }

    // ---- helpers

    private static VectorSink sink(ConnectorUri uri) {
        return Connectors.of(uri).sink(uri);
    }

    private static ConnectorUri with(ConnectorUri uri, String options) {
        String text = uri.toString();
        return ConnectorUri.parse(text + (text.contains("?") ? "&" : "?") + options)
                .withProperties(uri.properties());
    }

    /** Writes changes in one attempt of a job that ends well. */
    private static List<DeadLetter> write(ConnectorUri uri, VectorRecord... records)
            throws Exception {
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            writing.write(records);
            writing.finish();
            return writing.refused();
        }
    }

    private void assertHolds(ConnectorUri uri, Corpus corpus) throws Exception {
        Map<String, Held> held = held(uri);
        Map<String, VectorRecord> expected = new TreeMap<>(corpus.documents());
        if (!holdsEmptyVectors()) {
            expected.values().removeIf(record -> record.vector().indices().length == 0);
        }
        assertThat(held.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        for (VectorRecord record : expected.values()) {
            assertHolds(held.get(record.id()), record);
        }
    }

    private void assertHolds(Held held, VectorRecord record) throws Exception {
        int[] kept = largest(record.vector().values(), maxTerms());
        int[] indices = Arrays.stream(kept).map(at -> record.vector().indices()[at]).toArray();
        float[] values = new float[kept.length];
        for (int i = 0; i < kept.length; i++) {
            values[i] = held(record.vector().values()[kept[i]]);
        }
        assertThat(held.indices()).as("terms of " + record.id()).isEqualTo(indices);
        assertThat(held.values()).as("weights of " + record.id()).isEqualTo(values);
        if (held.text() != null) {
            assertThat(held.text()).as("text of " + record.id()).isEqualTo(record.text());
        }
        if (held.fields() != null) {
            assertThat(json(held.fields()))
                    .as("fields of " + record.id())
                    .isEqualTo(json(record.fields()));
        }
    }

    /** Positions of the largest values, ascending. */
    private static int[] largest(float[] values, int most) {
        List<Integer> positions = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            positions.add(i);
        }
        positions.sort(Comparator.comparing((Integer at) -> -values[at]).thenComparing(at -> at));
        return positions.stream().limit(most).mapToInt(at -> at).sorted().toArray();
    }

    private static JsonNode json(String text) throws Exception {
        return JSON.readTree(text);
    }

    private Faults requireFaults() {
        Faults faults = faults();
        assumeTrue(faults != null, "faults cannot be made in this target");
        return faults;
    }

    // ---- the contract

    @Test
    void createsUpsertsUpdatesAndDeletes() throws Exception {
        ConnectorUri uri = fresh("changes");
        Corpus corpus = new Corpus();
        List<DeadLetter> refused =
                write(
                        uri,
                        corpus.change(Corpus.upsert("a", 1)),
                        corpus.change(Corpus.upsert("b", 1)),
                        corpus.change(Corpus.upsert("c", 1)),
                        corpus.change(Corpus.upsert("a", 2)),
                        corpus.change(Corpus.delete("b", 2)),
                        corpus.change(Corpus.delete("never there", 1)));
        assertThat(refused).isEmpty();
        assertHolds(uri, corpus);
    }

    @Test
    void aReplayOfACheckpointIntervalChangesNothing() throws Exception {
        ConnectorUri uri = fresh("replay");
        Corpus corpus = new Corpus();
        VectorRecord[] before = {
            corpus.change(Corpus.upsert("a", 1)), corpus.change(Corpus.upsert("b", 1))
        };
        VectorRecord[] after = {
            corpus.change(Corpus.upsert("a", 2)),
            corpus.change(Corpus.delete("b", 2)),
            corpus.change(Corpus.upsert("c", 1)),
            corpus.change(Corpus.delete("c", 2)),
            corpus.change(Corpus.upsert("c", 3)),
            corpus.change(Corpus.upsert("d", 1))
        };
        Checkpoint checkpoint;
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            writing.write(before);
            checkpoint = writing.checkpoint();
            writing.write(after);
            writing.flush(); // all of it may have reached the target
        }
        try (Writing writing = Writing.restore(sink(uri), CONTEXT, checkpoint)) {
            writing.write(after[0], after[1]); // some of it again, and another failure
            writing.flush();
        }
        try (Writing writing = Writing.restore(sink(uri), CONTEXT, checkpoint)) {
            writing.write(after);
            writing.finish();
            assertThat(writing.refused()).isEmpty();
        }
        assertHolds(uri, corpus);
    }

    @Test
    void aCheckpointThatCompletedUnheardIsNotLost() throws Exception {
        ConnectorUri uri = fresh("unheard");
        Corpus corpus = new Corpus();
        Checkpoint checkpoint;
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            writing.write(corpus.change(Corpus.upsert("a", 1)));
            checkpoint = writing.snapshot();
        }
        try (Writing writing = Writing.restore(sink(uri), CONTEXT, checkpoint)) {
            writing.write(corpus.change(Corpus.upsert("b", 1)));
            writing.finish();
        }
        assertHolds(uri, corpus);
    }

    @Test
    void anOlderChangeThatComesLaterChangesNothing() throws Exception {
        assumeTrue(guardsVersions(), "the target compares no versions: the job's guard does");
        ConnectorUri uri = fresh("reordered");
        Corpus corpus = new Corpus();
        write(
                uri,
                corpus.change(Corpus.upsert("a", 5)),
                corpus.change(Corpus.upsert("b", 5)),
                corpus.change(Corpus.upsert("c", 5)),
                corpus.change(Corpus.delete("c", 5)));
        List<DeadLetter> refused =
                write(
                        uri,
                        Corpus.upsert("a", 3),
                        Corpus.upsert("a", 4),
                        Corpus.delete("b", 4),
                        corpus.change(Corpus.upsert("d", 1)));
        assertThat(refused).isEmpty();
        assertHolds(uri, corpus);
    }

    @Test
    void theLastOfSeveralChangesOfOneIdStays() throws Exception {
        ConnectorUri uri = fresh("same-batch");
        Corpus corpus = new Corpus();
        List<VectorRecord> changes = new ArrayList<>();
        for (int version = 1; version <= 20; version++) {
            changes.add(corpus.change(Corpus.upsert("a", 3 * version)));
            changes.add(corpus.change(Corpus.upsert("b", 3 * version)));
            changes.add(corpus.change(Corpus.delete("b", 3 * version)));
            changes.add(corpus.change(Corpus.upsert("only " + version, 1)));
        }
        changes.add(corpus.change(Corpus.upsert("b", 100)));
        assertThat(write(uri, changes.toArray(VectorRecord[]::new))).isEmpty();
        assertHolds(uri, corpus);
    }

    @Test
    void anOlderUpsertBringsNoDeletedDocumentBack() throws Exception {
        ConnectorUri uri = fresh("deleted");
        Corpus corpus = new Corpus();
        VectorRecord old = Corpus.upsert("a", 1);
        VectorRecord delete = Corpus.delete("a", 2);
        write(uri, corpus.change(Corpus.upsert("b", 1)), old, delete);
        forgetDeletes(uri);
        if (remembersDeletes()) {
            assertThat(write(uri, old)).isEmpty();
        } else {
            // a job that reads the old upsert again reads the delete again too
            assertThat(write(uri, old, delete)).isEmpty();
        }
        assertHolds(uri, corpus);
        assertThat(write(uri, corpus.change(Corpus.upsert("a", 3)))).isEmpty();
        assertHolds(uri, corpus);
    }

    @Test
    void aDeleteWithoutVersionDeletesAndWhatFollowsIsTaken() throws Exception {
        ConnectorUri uri = fresh("no-version");
        Corpus corpus = new Corpus();
        long version = VectorRecord.MAX_VERSION - 10;
        write(
                uri,
                Corpus.upsert("a", version),
                Corpus.upsert("b", version),
                corpus.change(Corpus.delete("a", VectorRecord.NO_VERSION)),
                corpus.change(Corpus.delete("b", VectorRecord.NO_VERSION)),
                corpus.change(Corpus.delete("absent", VectorRecord.NO_VERSION)));
        assertHolds(uri, corpus);
        List<DeadLetter> refused =
                write(
                        uri,
                        corpus.change(Corpus.upsert("a", version + 1)),
                        corpus.change(Corpus.upsert("absent", 0)));
        assertThat(refused).isEmpty();
        assertHolds(uri, corpus);
    }

    @Test
    void tenThousandAcceptedWritesAgainAreNoErrors() throws Exception {
        ConnectorUri uri = fresh("ten-thousand");
        Corpus corpus = new Corpus();
        VectorRecord[] changes = new VectorRecord[10_000];
        for (int i = 0; i < changes.length; i++) {
            String id = "doc-" + i % 7_000;
            changes[i] = corpus.change(i % 50 == 49 ? Corpus.delete(id, i) : Corpus.upsert(id, i));
        }
        assertThat(write(uri, changes)).isEmpty();
        // as a job does that has lost its state: from the beginning, on what is there already
        try (Writing writing = Writing.restore(sink(uri), CONTEXT, null)) {
            writing.write(changes);
            writing.finish();
            assertThat(writing.refused()).isEmpty();
        }
        assertHolds(uri, corpus);
    }

    @Test
    void aChangeOfFieldsLeavesTheVectorAsItIs() throws Exception {
        ConnectorUri uri = fresh("fields");
        VectorRecord first = Corpus.upsert("a", 1);
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int i = 0; i < first.vector().indices().length; i++) {
            terms.put(first.vector().indices()[i], first.vector().values()[i]);
        }
        String fields =
                "{\"price\":12.5,\"tags\":[\"x\",\"\u00e9\"],\"nested\":{\"a\":{\"b\":[1,2,null]}},"
                        + "\"none\":null,\"yes\":true,\"long\":9007199254740993}";
        write(uri, first);
        Held before = held(uri).get("a");
        Corpus corpus = new Corpus();
        write(uri, corpus.change(Corpus.upsert("a", 2, fields, terms)));
        assertHolds(uri, corpus);
        assertThat(held(uri).get("a").values()).isEqualTo(before.values());
    }

    @Test
    void anOutageIsWaitedFor() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = fresh("outage");
        Corpus corpus = new Corpus();
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            writing.write(corpus.change(Corpus.upsert("before", 1)));
            writing.checkpoint();
            faults.down();
            Thread back = new Thread(() -> backAfter(OUTAGE_SECONDS, faults));
            back.start();
            for (int i = 0; i < 50; i++) {
                writing.write(corpus.change(Corpus.upsert("during " + i, 1)));
            }
            writing.checkpoint();
            back.join();
            writing.write(corpus.change(Corpus.upsert("after", 1)));
            writing.finish();
            assertThat(writing.refused()).isEmpty();
        } finally {
            faults.up();
        }
        assertHolds(uri, corpus);
    }

    @Test
    void aJobThatGoesOnWhileTheServerIsAwayWaits() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = fresh("away-at-start");
        Corpus corpus = new Corpus();
        Writing.Checkpoint checkpoint;
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            writing.write(corpus.change(Corpus.upsert("before", 1)));
            checkpoint = writing.checkpoint();
        }
        faults.down();
        try {
            assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME))
                    .isInstanceOf(UnreachableException.class);
            Thread back = new Thread(() -> backAfter(1, faults));
            back.start();
            try (Writing writing = Writing.restore(sink(uri), CONTEXT, checkpoint)) {
                writing.write(corpus.change(Corpus.upsert("after", 1)));
                writing.finish();
                assertThat(writing.refused()).isEmpty();
            }
            back.join();
        } finally {
            faults.up();
        }
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
        assertHolds(uri, corpus);
    }

    /**
     * A request and its response have a deadline, because such a server would block the job
     * forever.
     */
    @Test
    void retriesRequestsOfStalledServer() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = with(fresh("stalled"), "request-timeout=1s");
        Corpus corpus = new Corpus();
        Thread back = new Thread(() -> backAfter(2, faults));
        try {
            // in a thread that ends: a request without a deadline would never
            assertTimeoutPreemptively(
                    stallLimit(),
                    () -> {
                        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
                            writing.write(corpus.change(Corpus.upsert("before", 1)));
                            writing.checkpoint();
                            faults.stall();
                            back.start();
                            for (int i = 0; i < 50; i++) {
                                writing.write(corpus.change(Corpus.upsert("during " + i, 1)));
                            }
                            writing.write(
                                    corpus.change(
                                            Corpus.delete("before", VectorRecord.NO_VERSION)));
                            writing.checkpoint();
                            writing.write(corpus.change(Corpus.upsert("after", 1)));
                            writing.finish();
                            assertThat(writing.refused()).isEmpty();
                        }
                    });
            back.join();
        } finally {
            faults.up();
        }
        assertHolds(uri, corpus);
    }

    @Test
    void reportsStalledServerAsUnavailable() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = with(fresh("stalled-at-start"), "request-timeout=1s");
        write(uri, Corpus.upsert("a", 1));
        faults.stall();
        try {
            assertTimeoutPreemptively(
                    stallLimit(),
                    () -> {
                        for (StartMode start : new StartMode[] {StartMode.NEW, StartMode.RESUME}) {
                            assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, start))
                                    .isInstanceOf(UnreachableException.class);
                        }
                    });
        } finally {
            faults.up();
        }
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
    }

    /** A recreated target would miss everything that a job which resumes has written before. */
    @Test
    void recreatesMissingTargetOnlyOnReindex() throws Exception {
        ConnectorUri uri = fresh("gone");
        assertOneSentence(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME));
        assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME))
                .hasMessageContaining("--reindex");
        sink(uri).prepare(CONTEXT, StartMode.REINDEX);
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
    }

    private static void backAfter(int seconds, Faults faults) {
        try {
            TimeUnit.SECONDS.sleep(seconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        faults.up();
    }

    @Test
    void anOutageMakesDeadLettersIfSoConfigured() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = with(fresh("dead-letters"), "outage=dead-letters&outage-after=1s");
        Corpus corpus = new Corpus();
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            writing.write(corpus.change(Corpus.upsert("before", 1)));
            writing.checkpoint();
            faults.down();
            for (int i = 0; i < 5; i++) {
                writing.write(Corpus.upsert("during " + i, 1));
            }
            writing.checkpoint();
            assertThat(writing.refused().stream().map(letter -> text(letter.origin().key())))
                    .containsExactlyInAnyOrder(
                            "during 0", "during 1", "during 2", "during 3", "during 4");
            faults.up();
            writing.write(corpus.change(Corpus.upsert("after", 1)));
            writing.finish();
            assertThat(writing.refused()).hasSize(5);
        } finally {
            faults.up();
        }
        assertHolds(uri, corpus);
    }

    @Test
    void throttlingIsWaitedFor() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = fresh("throttled");
        Corpus corpus = new Corpus();
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            faults.throttle(4);
            for (int i = 0; i < 50; i++) {
                writing.write(corpus.change(Corpus.upsert("doc " + i, 1)));
            }
            writing.finish();
            assertThat(writing.refused()).isEmpty();
        } finally {
            faults.throttle(0);
        }
        assertHolds(uri, corpus);
    }

    @Test
    void oneRefusedDocumentTakesNoNeighboursWithIt() throws Exception {
        Faults faults = requireFaults();
        ConnectorUri uri = fresh("refused");
        Corpus corpus = new Corpus();
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            faults.refuse("doc 13");
            for (int i = 0; i < 40; i++) {
                VectorRecord record = Corpus.upsert("doc " + i, 1);
                writing.write(i == 13 ? record : corpus.change(record));
            }
            writing.finish();
            assertThat(writing.refused()).hasSize(1);
            DeadLetter letter = writing.refused().get(0);
            assertThat(text(letter.origin().key())).isEqualTo("doc 13");
            assertThat(letter.stage()).isEqualTo(DeadLetter.Stage.WRITE);
            assertThat(letter.message()).isNotBlank();
        } finally {
            faults.refuse(null);
        }
        assertHolds(uri, corpus);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void allTermsAtOnceAndNoneAtAll() throws Exception {
        ConnectorUri uri = fresh("sizes");
        Corpus corpus = new Corpus();
        TreeMap<Integer, Float> all = new TreeMap<>();
        for (int term = 0; term < Corpus.TERMS; term++) {
            all.put(term, 0.001f + term * 1e-4f);
        }
        List<DeadLetter> refused =
                write(
                        uri,
                        corpus.change(Corpus.upsert("all", 1, "{}", all)),
                        corpus.change(Corpus.upsert("none", 1, "{}", new TreeMap<>())),
                        corpus.change(Corpus.upsert("some", 1)));
        assertThat(refused).isEmpty();
        assertHolds(uri, corpus);
    }

    @Test
    void idsAreWhateverTheyAre() throws Exception {
        ConnectorUri uri = fresh("ids");
        Corpus corpus = new Corpus();
        String[] ids = {
            "a/b/c",
            "../up",
            "with space",
            "\uD83D\uDE00 emoji",
            "quote\"and\\back",
            "42",
            "00042",
            "550e8400-e29b-41d4-a716-446655440000",
            "a?b=c&d#e%20f+g",
            "line\nbreak\ttab",
            "_underscore",
            "-dash",
            "\u65e5\u672c",
            "x".repeat(512),
            "A",
            "a"
        };
        List<DeadLetter> refused;
        try (Writing writing = Writing.start(sink(uri), CONTEXT)) {
            for (String id : ids) {
                writing.write(corpus.change(Corpus.upsert(id, 1)));
            }
            writing.finish();
            refused = writing.refused();
        }
        // what the target cannot take it says beforehand, by its reason
        for (DeadLetter letter : refused) {
            assertThat(letter.message()).contains("id");
            corpus.documents().remove(text(letter.origin().key()));
        }
        assertThat(corpus.documents()).hasSizeGreaterThan(ids.length / 2);
        assertHolds(uri, corpus);
        VectorRecord[] deletes =
                corpus.documents().keySet().stream()
                        .map(id -> Corpus.delete(id, 2))
                        .toArray(VectorRecord[]::new);
        assertThat(write(uri, deletes)).isEmpty();
        assertHolds(uri, new Corpus());
    }

    @Test
    void wrongCredentialsAreRefusedAtTheStart() throws Exception {
        ConnectorUri uri = withWrongCredentials(fresh("credentials"));
        assumeTrue(uri != null, "the target takes no credentials");
        assertOneSentence(() -> sink(uri).prepare(CONTEXT, StartMode.NEW));
    }

    @Test
    void vectorsOfAnotherModelAreRefused() throws Exception {
        ConnectorUri uri = fresh("models");
        write(uri, Corpus.upsert("a", 1));
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
        SinkContext other = Corpus.context(Corpus.OTHER, false);
        assertOneSentence(() -> sink(uri).prepare(other, StartMode.RESUME));
        assertThatThrownBy(() -> sink(uri).prepare(other, StartMode.RESUME))
                .hasMessageContaining("--allow-mixed-models");
        sink(uri).prepare(Corpus.context(Corpus.OTHER, true), StartMode.RESUME);
    }

    private static void assertOneSentence(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOf(ConnectorException.class)
                .satisfies(
                        failure ->
                                assertThat(failure.getMessage())
                                        .isNotBlank()
                                        .doesNotContain("Exception")
                                        .doesNotContain("\n"));
    }

    @Test
    void searchesAreExact() throws Exception {
        assumeTrue(searchable(), "the target cannot be searched");
        search(fresh("search"), false);
    }

    @Test
    void searchesByIdfAreExact() throws Exception {
        assumeTrue(searchable(), "the target cannot be searched");
        ConnectorUri uri = freshWithIdf("search-idf");
        assumeTrue(uri != null, "the target does not count documents by term");
        search(uri, true);
    }

    private void search(ConnectorUri uri, boolean idf) throws Exception {
        Random random = new Random(7);
        List<VectorRecord> documents = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            TreeMap<Integer, Float> terms = new TreeMap<>();
            for (int t = 0; t < 30; t++) {
                // the square makes some terms common and some rare
                terms.put((int) (400 * Math.pow(random.nextDouble(), 2)), 3 * random.nextFloat());
            }
            terms.values().removeIf(weight -> weight <= 0);
            documents.add(Corpus.upsert("doc " + i, 1, "{\"n\":" + i + "}", terms));
        }
        write(uri, documents.toArray(VectorRecord[]::new));
        held(uri); // waits until all can be read
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            assertThat(index.provenance()).isEqualTo(Corpus.PROVENANCE);
            for (int q = 0; q < 20; q++) {
                TreeMap<Integer, Float> terms = new TreeMap<>();
                for (int t = 0; t < 1 + q; t++) {
                    terms.put(random.nextInt(420), 0.1f + random.nextFloat());
                }
                VectorRecord query = Corpus.upsert("query", 1, "{}", terms);
                assertFinds(index, new SearchIndex.Query(query.vector(), 10, idf), documents);
            }
        }
    }

    private void assertFinds(
            SearchIndex index, SearchIndex.Query query, List<VectorRecord> documents) {
        SearchIndex.Query weighted = query;
        if (query.idf()) {
            long[] frequencies = new long[query.vector().indices().length];
            for (int i = 0; i < frequencies.length; i++) {
                int term = query.vector().indices()[i];
                frequencies[i] =
                        documents.stream()
                                .filter(d -> Arrays.binarySearch(d.vector().indices(), term) >= 0)
                                .count();
            }
            weighted = query.weighted(documents.size(), frequencies);
        }
        Map<String, Double> scores = new TreeMap<>();
        for (VectorRecord document : documents) {
            double score = weighted.vector().dot(document.vector());
            if (score > 0) {
                scores.put(document.id(), score);
            }
        }
        List<String> best =
                scores.keySet().stream()
                        .sorted(Comparator.comparing((String id) -> -scores.get(id)))
                        .limit(query.k())
                        .toList();
        List<SearchIndex.Hit> hits = index.search(query);
        assertThat(hits.stream().map(SearchIndex.Hit::id)).containsExactlyElementsOf(best);
        for (SearchIndex.Hit hit : hits) {
            double score = scores.get(hit.id());
            assertThat(hit.score()).isCloseTo(score, within(score * scoreTolerance()));
            double sum = 0;
            for (float part : hit.matchedParts()) {
                sum += part;
            }
            assertThat(sum).isCloseTo(score, within(score * 1e-4));
        }
    }
}
