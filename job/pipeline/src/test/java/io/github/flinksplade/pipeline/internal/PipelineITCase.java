package io.github.flinksplade.pipeline.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.tuple;

import io.github.flinksplade.connector.DeadLetter.Stage;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Jobs.Dead;
import io.github.flinksplade.pipeline.internal.Jobs.Written;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole job in Flink's MiniCluster, with a source that fails and collecting sinks. */
@Timeout(180)
class PipelineITCase {

    /** The expected output, computed by a much simpler program than the job. */
    private static final class Expectation {
        /** The changes of each id, in order. */
        final Map<String, List<String>> changes = new TreeMap<>();

        /** The dead letters, as {@code partition@offset stage}. */
        final List<String> dead = new ArrayList<>();

        int unchanged;
        int superseded;
        int fieldsOnly;
        int encodings;

        private record Last(String text, String fields, boolean encoded, long version) {}

        private final Map<String, Last> last = new HashMap<>();

        void upsert(SourceRecord at, String id, String text, String fields, Long version) {
            Last before = last.get(id);
            boolean sameText = before != null && text.equals(before.text);
            boolean same = sameText && fields.equals(before.fields);
            if (version != null
                    && before != null
                    && (version < before.version || version == before.version && !same)) {
                superseded++;
                return;
            }
            if (same) {
                unchanged++;
                last.put(id, new Last(text, fields, before.encoded, number(version)));
                return;
            }
            boolean encoded = !isPoison(text);
            last.put(id, new Last(text, fields, encoded, number(version)));
            if (sameText) {
                fieldsOnly++;
            } else if (encoded) {
                encodings++;
            }
            if (encoded) {
                change(id, "upsert " + text + " " + fields);
            } else {
                dead(at, Stage.ENCODE);
            }
        }

        void delete(String id) {
            Last before = last.get(id);
            if (before != null && before.text == null) {
                unchanged++;
                return;
            }
            last.put(id, new Last(null, null, false, before == null ? 0 : before.version));
            change(id, "delete");
        }

        /** Ids are words, too, and the fake encoder recognizes words by their hashes. */
        private static boolean isPoison(String text) {
            int poison = Math.floorMod(FakeEncoder.POISON.hashCode(), FakeEncoder.VOCABULARY);
            return Stream.of(text.split(" "))
                    .anyMatch(
                            word ->
                                    Math.floorMod(word.hashCode(), FakeEncoder.VOCABULARY)
                                            == poison);
        }

        private static long number(Long version) {
            return version == null ? 0 : version;
        }

        private void change(String id, String what) {
            changes.computeIfAbsent(id, unused -> new ArrayList<>()).add(what);
        }

        void dead(SourceRecord at, Stage stage) {
            dead.add(at.partition() + "@" + at.offset() + " " + stage);
        }
    }

    /** Fills the script with documents of all kinds; returns the expected output. */
    private static Expectation fill(ScriptedSource.Script script, int perPartition, long seed) {
        Random random = new Random(seed);
        Expectation expectation = new Expectation();
        Map<String, Long> versions = new HashMap<>();
        for (int partition = 0; partition < ScriptedSource.PARTITIONS; partition++) {
            for (int offset = 0; offset < perPartition; offset++) {
                boolean numbered = random.nextInt(3) > 0;
                String id = (numbered ? "n" : "e") + partition + "-" + random.nextInt(40);
                int kind = random.nextInt(100);
                if (kind < 4) {
                    SourceRecord malformed =
                            record(partition, offset, null, "{\"id\":\"" + id + "\",");
                    expectation.dead(malformed, Stage.PARSE);
                    script.partitions.get(partition).add(malformed);
                    continue;
                }
                if (kind < 10) {
                    SourceRecord tombstone = record(partition, offset, id, null);
                    // until a version is known, a tombstone gets a generated one
                    expectation.delete(id);
                    versions.computeIfPresent(id, (unused, version) -> version + 1);
                    script.partitions.get(partition).add(tombstone);
                    continue;
                }
                String text =
                        (kind < 14 ? FakeEncoder.POISON : "word" + random.nextInt(3)) + " of " + id;
                String fields = "{\"p\":" + random.nextInt(3) + "}";
                Long version = null;
                if (!numbered) {
                    version = versions.getOrDefault(id, 0L) + 1;
                    if (kind < 20 && version > 5) {
                        version -= 3;
                    } else {
                        versions.put(id, version);
                    }
                }
                SourceRecord upsert =
                        record(
                                partition,
                                offset,
                                null,
                                "{\"id\":\""
                                        + id
                                        + "\",\"text\":\""
                                        + text
                                        + "\","
                                        + (version == null ? "" : "\"version\":" + version + ",")
                                        + fields.substring(1));
                expectation.upsert(upsert, id, text, fields, version);
                script.partitions.get(partition).add(upsert);
            }
        }
        return expectation;
    }

    static SourceRecord record(int partition, long offset, String key, String value) {
        return new SourceRecord(
                "scripted",
                partition,
                offset,
                SourceRecord.NO_TIMESTAMP,
                key == null ? null : key.getBytes(UTF_8),
                value == null ? null : value.getBytes(UTF_8),
                new String[0],
                new byte[0][]);
    }

    private static void verify(
            Expectation expected, List<Written> written, List<Dead> dead, long seed) {
        Map<String, List<String>> changes = new TreeMap<>();
        Map<String, Written> last = new HashMap<>();
        for (Written one : written) {
            changes.computeIfAbsent(one.id(), unused -> new ArrayList<>())
                    .add(one.delete() ? "delete" : "upsert " + one.text() + " " + one.fields());
            if (one.version() == VectorRecord.NO_VERSION) {
                assertThat(one.delete()).isTrue();
                continue; // the id had no version yet, or was deleted before
            }
            Written before = last.put(one.id(), one);
            if (before != null) {
                // a tombstone of a document with an explicit version has that version
                boolean sameVersion = one.id().startsWith("e") && one.delete() && !before.delete();
                assertThat(one.version())
                        .as("order of %s, seed %d", one.id(), seed)
                        .isGreaterThanOrEqualTo(before.version() + (sameVersion ? 0 : 1));
            }
            if (!one.delete()) {
                assertThat(one.vector()).isEqualTo(FakeEncoder.vector(one.text()));
            }
        }
        // only the differences, because the complete lists are long
        Map<String, String> differences = new TreeMap<>();
        Set<String> ids = new TreeSet<>(changes.keySet());
        ids.addAll(expected.changes.keySet());
        for (String id : ids) {
            if (!Objects.equals(changes.get(id), expected.changes.get(id))) {
                differences.put(
                        id, "expected " + expected.changes.get(id) + ", got " + changes.get(id));
            }
        }
        assertThat(differences).as("seed %d", seed).isEmpty();
        assertThat(dead)
                .as("seed %d", seed)
                .extracting(PipelineITCase::position)
                .containsExactlyInAnyOrderElementsOf(expected.dead);
    }

    private static String position(Dead letter) {
        return letter.partition() + "@" + letter.offset() + " " + letter.stage();
    }

    private static StreamExecutionEnvironment environment(
            int parallelism, String backend, boolean unaligned, String savepoint) {
        Configuration configuration = new Configuration();
        configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(50));
        configuration.set(CheckpointingOptions.ENABLE_UNALIGNED, unaligned);
        configuration.set(StateBackendOptions.STATE_BACKEND, backend);
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
        configuration.set(
                RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
        if (savepoint != null) {
            configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, savepoint);
            configuration.set(StateRecoveryOptions.SAVEPOINT_IGNORE_UNCLAIMED_STATE, true);
        }
        return StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
    }

    static JobClient start(
            StreamExecutionEnvironment env,
            Jobs jobs,
            String sourceName,
            ScriptedSource source,
            List<NamedSink> sinks,
            PipelineOptions options)
            throws Exception {
        new Topology(
                        jobs.definition(
                                List.of(new NamedSource(sourceName, source)), sinks, options),
                        input -> jobs.factory())
                .define(env);
        return env.executeAsync();
    }

    static Map<String, Object> finish(JobClient client) throws Exception {
        return client.getJobExecutionResult().get(150, TimeUnit.SECONDS).getAllAccumulatorResults();
    }

    @ParameterizedTest
    @CsvSource({"1,hashmap,false", "2,rocksdb,false", "2,hashmap,true"})
    void writesExactlyOnceInSpiteOfFailures(int parallelism, String backend, boolean unaligned)
            throws Exception {
        long seed = System.nanoTime();
        Jobs jobs = new Jobs("failing-" + parallelism + backend + unaligned);
        ScriptedSource.Script script = new ScriptedSource.Script();
        Expectation expected = fill(script, 1500, seed);
        script.recordsPerCheckpoint = 100;
        script.remainingFailures.set(5);
        finish(
                start(
                        environment(parallelism, backend, unaligned, null),
                        jobs,
                        "docs",
                        new ScriptedSource(jobs.name(), script),
                        jobs.sinks("a", "b"),
                        PipelineOptions.defaults()));
        assertThat(script.failures).hasValue(5);
        verify(expected, jobs.written("a"), jobs.dead(), seed);
        verify(expected, jobs.written("b"), jobs.dead(), seed);
        assertThat(EngineRegistry.size()).isZero();
    }

    @Test
    void countsRecords() throws Exception {
        long seed = System.nanoTime();
        Jobs jobs = new Jobs("counting");
        ScriptedSource.Script script = new ScriptedSource.Script();
        Expectation expected = fill(script, 500, seed);
        SourceRecord rejected =
                record(0, 500, null, "{\"id\":\"unacceptable\",\"text\":\"a good text\"}");
        script.partitions.get(0).add(rejected);
        expected.dead(rejected, Stage.WRITE);
        Map<String, Object> counts =
                finish(
                        start(
                                environment(2, "hashmap", false, null),
                                jobs,
                                "docs",
                                new ScriptedSource(jobs.name(), script),
                                jobs.sinks("a"),
                                PipelineOptions.defaults()));
        verify(expected, jobs.written("a"), jobs.dead(), seed);
        assertThat(jobs.dead())
                .filteredOn(letter -> letter.stage() == Stage.WRITE)
                .extracting(Dead::sink, Dead::message)
                .containsExactly(tuple("a", "this id is not supported"));
        long changes = expected.changes.values().stream().mapToLong(List::size).sum();
        Map<String, Object> expectedCounts = new TreeMap<>();
        long parseErrors = dead(expected, Stage.PARSE);
        expectedCounts.put(Counters.READ, 1001L);
        expectedCounts.put(Counters.PARSED, 1001 - parseErrors);
        expectedCounts.put(Counters.SKIPPED, (long) expected.unchanged);
        expectedCounts.put(Counters.SUPERSEDED, (long) expected.superseded);
        expectedCounts.put(Counters.FIELDS_ONLY, (long) expected.fieldsOnly);
        expectedCounts.put(Counters.REINDEXED, 0L);
        expectedCounts.put(Counters.ENCODED, expected.encodings + 1L);
        expectedCounts.put(Counters.TOKENS, 3 * (expected.encodings + 1L));
        expectedCounts.put(Counters.TRUNCATED, 0L);
        expectedCounts.put(Counters.written("a"), changes);
        expectedCounts.put(Counters.DEAD_LETTERS, (long) expected.dead.size());
        for (Stage stage : Stage.values()) {
            expectedCounts.put(Counters.deadLetters(stage), dead(expected, stage));
        }
        assertThat(counts).as("seed %d", seed).containsAllEntriesOf(expectedCounts);
        assertThat((long) counts.get(Counters.MODEL_PADDED_TOKENS))
                .isGreaterThanOrEqualTo((long) counts.get(Counters.MODEL_TOKENS));
    }

    private static long dead(Expectation expected, Stage stage) {
        return expected.dead.stream().filter(one -> one.endsWith(" " + stage)).count();
    }

    /** Runs until the source pauses, then stops with a savepoint. */
    static String runAndStop(
            StreamExecutionEnvironment env,
            Jobs jobs,
            ScriptedSource.Script script,
            List<NamedSink> sinks,
            PipelineOptions options,
            Path directory)
            throws Exception {
        JobClient client =
                start(env, jobs, "docs", new ScriptedSource(jobs.name(), script), sinks, options);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!script.isPaused()) {
            assertThat(System.nanoTime()).as("the source did not pause").isLessThan(deadline);
            assertThat(client.getJobStatus().get()).isNotEqualTo(JobStatus.FAILED);
            Thread.yield();
        }
        return client.stopWithSavepoint(
                        false, directory.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(60, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @CsvSource({"1,2", "2,1"})
    void resumesWithAnotherParallelism(int before, int after, @TempDir Path directory)
            throws Exception {
        long seed = System.nanoTime();
        Jobs jobs = new Jobs("rescaling-" + before);
        ScriptedSource.Script script = new ScriptedSource.Script();
        Expectation expected = fill(script, 1000, seed);
        script.pauseAt = 600;
        String savepoint =
                runAndStop(
                        environment(before, "hashmap", false, null),
                        jobs,
                        script,
                        jobs.sinks("a"),
                        PipelineOptions.defaults(),
                        directory);
        int first = jobs.written("a").size();
        assertThat(first).isPositive();
        script.pauseAt = -1;
        finish(
                start(
                        environment(after, "hashmap", false, savepoint),
                        jobs,
                        "docs",
                        new ScriptedSource(jobs.name(), script),
                        jobs.sinks("a"),
                        PipelineOptions.defaults()));
        assertThat(jobs.written("a").size()).isGreaterThan(first);
        verify(expected, jobs.written("a"), jobs.dead(), seed);
    }

    private static final PipelineOptions PASSAGES =
            PipelineOptions.builder()
                    .longDocuments(new LongDocuments(LongDocuments.Mode.PASSAGES, 10, 0))
                    .build();

    /**
     * Fills the script with versions of documents of 1 to 12 paragraphs, each of which is a
     * passage, and deletes. Some versions have a paragraph that cannot be encoded, which the next
     * version does not have.
     *
     * @param dead gets the positions of versions that cannot be encoded
     * @return the passages that must be in an index at the end
     */
    private static Map<String, String> fillLong(
            ScriptedSource.Script script, int perPartition, long seed, List<String> dead) {
        Random random = new Random(seed);
        Map<String, List<String>> documents = new TreeMap<>();
        Map<String, List<String>> written = new TreeMap<>();
        Map<String, Long> versions = new HashMap<>();
        Map<String, String> texts = new HashMap<>();
        for (int partition = 0; partition < ScriptedSource.PARTITIONS; partition++) {
            for (int offset = 0; offset < perPartition; offset++) {
                String id = "d" + partition + "-" + random.nextInt(30);
                long version = versions.getOrDefault(id, 0L) + 1;
                boolean isOld = version > 5 && random.nextInt(10) == 0;
                List<String> paragraphs = new ArrayList<>(documents.getOrDefault(id, List.of()));
                boolean delete = random.nextInt(12) == 0;
                int changes = 1 + random.nextInt(3);
                for (int i = 0; i < changes || paragraphs.isEmpty(); i++) {
                    if (paragraphs.size() > 1 && random.nextInt(3) == 0) {
                        int size = 1 + random.nextInt(paragraphs.size() - 1);
                        paragraphs = new ArrayList<>(paragraphs.subList(0, size));
                    } else if (paragraphs.size() < 12) {
                        String word = " p" + random.nextInt(1_000);
                        paragraphs.add(
                                random.nextInt(paragraphs.size() + 1), word.repeat(9).strip());
                    }
                }
                boolean isPoison = random.nextInt(12) == 0;
                String text = String.join("\\n\\n", paragraphs);
                if (isPoison) {
                    text += "\\n\\n" + (" " + FakeEncoder.POISON).repeat(9).strip();
                }
                if (!isOld) {
                    versions.put(id, version);
                    // a repetition is skipped, whether or not it can be encoded
                    boolean isUnchanged = text.equals(texts.put(id, delete ? "" : text));
                    if (delete) {
                        documents.remove(id);
                        written.remove(id);
                    } else if (!isUnchanged) {
                        documents.put(id, paragraphs);
                        if (isPoison) {
                            dead.add(partition + "@" + offset + " " + Stage.ENCODE);
                        } else {
                            written.put(id, paragraphs);
                        }
                    }
                }
                script.partitions
                        .get(partition)
                        .add(
                                record(
                                        partition,
                                        offset,
                                        null,
                                        "{\"id\":\""
                                                + id
                                                + "\",\"version\":"
                                                + (isOld ? version - 4 : version)
                                                + (delete
                                                        ? ",\"op\":\"delete\"}"
                                                        : ",\"text\":\"" + text + "\"}")));
            }
        }
        Map<String, String> index = new TreeMap<>();
        written.forEach(
                (id, paragraphs) -> {
                    for (int i = 0; i < paragraphs.size(); i++) {
                        index.put(id + "#" + i, paragraphs.get(i));
                    }
                });
        return index;
    }

    /** What an index contains that applies all changes; their versions must ascend. */
    private static Map<String, String> index(List<Written> written, long seed) {
        Map<String, String> index = new TreeMap<>();
        Map<String, Long> versions = new HashMap<>();
        for (Written one : written) {
            Long before = versions.put(one.id(), one.version());
            assertThat(before == null || before < one.version())
                    .as("order of %s, seed %d", one.id(), seed)
                    .isTrue();
            if (one.delete()) {
                index.remove(one.id());
            } else {
                assertThat(one.vector()).isEqualTo(FakeEncoder.vector(one.text()));
                index.put(one.id(), one.text());
            }
        }
        return index;
    }

    @ParameterizedTest
    @CsvSource({"2,rocksdb,false", "2,hashmap,true"})
    void passagesEqualTheCorpusInSpiteOfFailures(int parallelism, String backend, boolean unaligned)
            throws Exception {
        long seed = System.nanoTime();
        Jobs jobs = new Jobs("passages-" + parallelism + backend + unaligned);
        ScriptedSource.Script script = new ScriptedSource.Script();
        List<String> dead = new ArrayList<>();
        Map<String, String> expected = fillLong(script, 800, seed, dead);
        script.recordsPerCheckpoint = 100;
        script.remainingFailures.set(5);
        finish(
                start(
                        environment(parallelism, backend, unaligned, null),
                        jobs,
                        "docs",
                        new ScriptedSource(jobs.name(), script),
                        jobs.sinks("a", "b"),
                        PASSAGES));
        assertThat(script.failures).hasValue(5);
        assertThat(index(jobs.written("a"), seed)).as("seed %d", seed).isEqualTo(expected);
        assertThat(index(jobs.written("b"), seed)).as("seed %d", seed).isEqualTo(expected);
        assertThat(jobs.dead())
                .as("seed %d", seed)
                .extracting(PipelineITCase::position)
                .containsExactlyInAnyOrderElementsOf(dead);
        assertThat(EngineRegistry.size()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"1,2", "2,1"})
    void passagesEqualTheCorpusAfterRescaling(int before, int after, @TempDir Path directory)
            throws Exception {
        long seed = System.nanoTime();
        Jobs jobs = new Jobs("passages-rescaling-" + before);
        ScriptedSource.Script script = new ScriptedSource.Script();
        List<String> dead = new ArrayList<>();
        Map<String, String> expected = fillLong(script, 800, seed, dead);
        script.pauseAt = 500;
        String savepoint =
                runAndStop(
                        environment(before, "hashmap", false, null),
                        jobs,
                        script,
                        jobs.sinks("a"),
                        PASSAGES,
                        directory);
        script.pauseAt = -1;
        finish(
                start(
                        environment(after, "hashmap", false, savepoint),
                        jobs,
                        "docs",
                        new ScriptedSource(jobs.name(), script),
                        jobs.sinks("a"),
                        PASSAGES));
        assertThat(index(jobs.written("a"), seed)).as("seed %d", seed).isEqualTo(expected);
        assertThat(jobs.dead())
                .as("seed %d", seed)
                .extracting(PipelineITCase::position)
                .containsExactlyInAnyOrderElementsOf(dead);
    }

    private static Map<String, String> finalTexts(List<Written> written) {
        Map<String, String> texts = new TreeMap<>();
        for (Written one : written) {
            texts.put(one.id(), one.delete() ? "deleted" : one.text() + one.fields());
        }
        return texts;
    }

    @Test
    void newSinkGetsEverythingWithoutInference(@TempDir Path directory) throws Exception {
        Jobs jobs = new Jobs("sink-added");
        ScriptedSource.Script script = new ScriptedSource.Script();
        for (int partition = 0; partition < ScriptedSource.PARTITIONS; partition++) {
            for (int i = 0; i < 100; i++) {
                script.partitions.get(partition).add(upsert(partition, i, "text " + i));
            }
            script.partitions.get(partition).add(record(partition, 100, partition + "-7", null));
        }
        script.pauseAt = 101;
        String savepoint =
                runAndStop(
                        environment(2, "hashmap", false, null),
                        jobs,
                        script,
                        jobs.sinks("old"),
                        PipelineOptions.defaults(),
                        directory);
        // one reader may have paused before the other had read everything
        int written = jobs.written("old").size();
        long encoded = jobs.factory().documents();
        assertThat(written).isPositive();

        script.pauseAt = -1;
        Map<String, Object> counts =
                finish(
                        start(
                                environment(2, "hashmap", false, savepoint),
                                jobs,
                                "docs-from-the-start",
                                new ScriptedSource(jobs.name(), script),
                                jobs.sinks("old", "new"),
                                PipelineOptions.defaults()));
        Map<String, String> everything = finalTexts(jobs.written("new"));
        assertThat(everything).hasSize(200).isEqualTo(finalTexts(jobs.written("old")));
        assertThat(everything.get("0-7")).isEqualTo("deleted");
        // nothing was encoded twice, except the two ids that were deleted in between
        assertThat(jobs.factory().documents()).isLessThanOrEqualTo(Math.max(encoded, 200) + 2);
        assertThat((long) counts.get(Counters.REINDEXED)).isPositive();
        jobs.written("new")
                .forEach(
                        one -> {
                            if (!one.delete()) {
                                assertThat(one.vector()).isEqualTo(FakeEncoder.vector(one.text()));
                            }
                        });
        assertThat(jobs.dead()).isEmpty();
    }

    static SourceRecord upsert(int partition, int number, String text) {
        String id = partition + "-" + number;
        return record(partition, number, null, "{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}");
    }

    @Test
    void failsIfTaskManagerHasAnotherModel() throws Exception {
        Jobs jobs = new Jobs("moved");
        ScriptedSource.Script script = new ScriptedSource.Script();
        script.partitions.get(0).add(upsert(0, 0, "text"));
        StreamExecutionEnvironment env = environment(1, "hashmap", false, null);
        Configuration once = new Configuration();
        once.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        env.configure(once);
        var definition =
                jobs.definition(
                        List.of(new NamedSource("docs", new ScriptedSource(jobs.name(), script))),
                        jobs.sinks("a"),
                        PipelineOptions.defaults());
        new Topology(definition, input -> new Truncating(5)).define(env);
        assertThat(catchThrowable(() -> finish(env.executeAsync())))
                .hasStackTraceContaining(
                        "the model on this machine is not the one the job was submitted with")
                .hasStackTraceContaining("max_tokens=128")
                .hasStackTraceContaining("max_tokens=5");
        assertThat(EngineRegistry.size()).isZero();
        assertThat(jobs.written("a")).isEmpty();
    }

    /** A fake encoder with another max number of tokens. */
    record Truncating(int tokens) implements EncoderFactory {
        private static final long serialVersionUID = 1L;

        @Override
        public SpladeEncoder open() {
            return FakeEncoder.create(
                    EncoderOptions.builder().documentTokens(tokens).build(), new AtomicLong());
        }

        @Override
        public Tokenizer openTokenizer() {
            return open().tokenizer();
        }

        @Override
        public EncoderFactory onGpu(int number) {
            return this;
        }
    }
}
