package io.github.flinksplade.connector.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.InstalledJava;
import io.github.flinksplade.vector.SparseVector;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Indexes and searches the output of {@code format=anserini} with Anserini, in its own process
 * because it requires Java 21. {@code mvn -Panserini} downloads it.
 */
class AnseriniITCase {

    private static final int TERMS = 400;
    private static final int DOCUMENTS = 500;
    private static final int QUERIES = 40;
    private static final int HITS = 50;

    @RegisterExtension
    private static final MiniClusterExtension CLUSTER =
            new MiniClusterExtension(
                    new MiniClusterResourceConfiguration.Builder()
                            .setNumberTaskManagers(1)
                            .setNumberSlotsPerTaskManager(2)
                            .build());

    private static String anserini;
    private static Path java;

    @TempDir Path folder;

    @BeforeAll
    static void findAnseriniAndItsJava() throws IOException {
        anserini = System.getProperty("anserini.jar", "");
        java = InstalledJava.newest(21);
    }

    /** For each test, because tests of a class that is skipped as a whole are not counted. */
    @BeforeEach
    void requireAnseriniAndItsJava() {
        assumeThat(anserini).as("Anserini, which mvn -Panserini downloads").isNotEmpty();
        assumeThat(java).as("a JDK 21 or later").isNotNull();
    }

    /** A query or document with quantized weights, for the expected ranking. */
    private record Quantized(String id, int[] indices, long[] weights) {

        static Quantized of(String id, int[] indices, float[] values) {
            long[] weights = new long[values.length];
            for (int i = 0; i < weights.length; i++) {
                weights[i] = (long) Math.rint(values[i] * 100.0);
            }
            return new Quantized(id, indices, weights);
        }

        long dot(Quantized other) {
            long sum = 0;
            for (int i = 0; i < indices.length; i++) {
                int at = Arrays.binarySearch(other.indices, indices[i]);
                sum += at < 0 ? 0 : weights[i] * other.weights[at];
            }
            return sum;
        }
    }

    @Test
    void ranksByTheDotProductOfQuantizedWeights() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<VectorRecord> records = new ArrayList<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            records.add(random("d-" + i, random));
        }
        records.add(upsert("empty", new int[0]));
        records.add(upsert("all-weights-rounded-to-zero", new int[] {3, 4}, 0.004f, 0.001f));
        records.add(upsert("a/slash", new int[] {TERMS}, 1f));
        records.add(upsert("\ud83d\ude80", new int[] {TERMS}, 2f));
        records.add(upsert("x".repeat(512), new int[] {TERMS}, 3f));
        int[] all = new int[30_522];
        float[] ones = new float[all.length];
        Arrays.setAll(all, i -> TERMS + 1 + i);
        Arrays.fill(ones, 1f);
        records.add(upsert("every term", all, ones));
        List<Quantized> queries = new ArrayList<>();
        for (int i = 0; i < QUERIES; i++) {
            VectorRecord query = random("q", random);
            queries.add(
                    Quantized.of(
                            Integer.toString(i + 1),
                            query.vector().indices(),
                            query.vector().values()));
        }
        queries.add(Quantized.of("900", new int[] {TERMS}, new float[] {0.5f}));

        Path corpus = write(records);
        String indexed = index(corpus);
        assertThat(indexed).contains("Total " + records.size() + " documents indexed");

        TreeMap<String, List<String>> found = search(topics(queries));
        for (Quantized query : queries) {
            List<String> expected =
                    records.stream()
                            .map(
                                    r ->
                                            Quantized.of(
                                                    r.id(),
                                                    r.vector().indices(),
                                                    r.vector().values()))
                            .filter(document -> query.dot(document) > 0)
                            .sorted(
                                    Comparator.comparingLong((Quantized d) -> -query.dot(d))
                                            .thenComparing(Quantized::id))
                            .limit(HITS)
                            .map(document -> document.id() + "=" + query.dot(document))
                            .toList();
            assertThat(found.getOrDefault(query.id(), List.of()))
                    .as("query %s, seed %d", query.id(), seed)
                    .isEqualTo(expected);
        }
        // documents without terms: only the filler term finds them
        assertThat(search("7\t" + VectorJson.ANSERINI_FILLER).get("7"))
                .as("seed %d", seed)
                .contains("all-weights-rounded-to-zero=1", "empty=1")
                .isEqualTo(
                        records.stream()
                                .filter(record -> hasNoTerms(record.vector().values()))
                                .map(record -> record.id() + "=1")
                                .sorted()
                                .toList());
        assertThat(search("8\t(nothing)")).doesNotContainKey("8");
    }

    /** Whether all weights are rounded to 0, as those of a random document may be, too. */
    private static boolean hasNoTerms(float[] weights) {
        return IntStream.range(0, weights.length).allMatch(i -> Math.rint(weights[i] * 100.0) == 0);
    }

    /** As documented: a second line of an id is a second document. */
    @Test
    void indexesAnUpdateAsASecondDocument() throws Exception {
        Path corpus =
                write(
                        List.of(
                                upsert("1", 7, new int[] {1}, 2f),
                                upsert("1", 5, new int[] {1}, 1f)));
        index(corpus);
        assertThat(search("1\tt1").get("1")).containsExactly("1=200", "1=100");

        assumeThat(Path.of("/usr/bin/env")).as("env, and python3 that it finds").isExecutable();
        String page = Files.readString(Path.of("../../docs/sinks/anserini.md"), UTF_8);
        Matcher script =
                Pattern.compile("(?s)python3 - corpus newest <<'EOF'\n(.*?)\nEOF\n").matcher(page);
        assertThat(script.find()).isTrue();
        Path python = folder.resolve("newest.py");
        Files.writeString(python, script.group(1), UTF_8);
        Path newest = folder.resolve("newest");
        execute(
                List.of(
                        "/usr/bin/env",
                        "python3",
                        python.toString(),
                        corpus.toString(),
                        newest.toString()));
        index(newest);
        assertThat(search("1\tt1").get("1")).containsExactly("1=200");
    }

    private String index(Path corpus) throws Exception {
        return run(
                "io.anserini.index.IndexCollection",
                "-collection",
                "JsonVectorCollection",
                "-input",
                corpus.toString(),
                "-index",
                folder.resolve("index").toString(),
                "-generator",
                "DefaultLuceneDocumentGenerator",
                "-threads",
                "2",
                "-impact",
                "-pretokenized");
    }

    private static String topics(List<Quantized> queries) {
        StringBuilder topics = new StringBuilder();
        for (Quantized query : queries) {
            topics.append(query.id()).append('\t');
            for (int i = 0; i < query.indices().length; i++) {
                topics.append(("t" + query.indices()[i] + " ").repeat((int) query.weights()[i]));
            }
            // A term that no document contains, because a topic must not be empty.
            topics.append("(nothing)\n");
        }
        return topics.toString();
    }

    /** Ids and scores by topic, in rank order. */
    private TreeMap<String, List<String>> search(String topics) throws Exception {
        Path file = folder.resolve("topics.tsv");
        Files.writeString(file, topics, UTF_8);
        Path run = folder.resolve("run.txt");
        run(
                "io.anserini.search.SearchCollection",
                "-index",
                folder.resolve("index").toString(),
                "-topics",
                file.toString(),
                "-topicReader",
                "TsvInt",
                "-output",
                run.toString(),
                "-hits",
                Integer.toString(HITS),
                "-impact",
                "-pretokenized");
        TreeMap<String, List<String>> found = new TreeMap<>();
        for (String line : Files.readAllLines(run, UTF_8)) {
            // An id with white space adds columns: match from both ends.
            Matcher columns = Pattern.compile("(\\S+) Q0 (.+) \\d+ (\\S+) \\S+").matcher(line);
            assertThat(columns.matches()).as(line).isTrue();
            // Anserini lowers later documents with equal scores by a millionth.
            found.computeIfAbsent(columns.group(1), topic -> new ArrayList<>())
                    .add(columns.group(2) + "=" + Math.round(Double.parseDouble(columns.group(3))));
        }
        return found;
    }

    private String run(String main, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(java.toString(), "-cp", anserini, main));
        command.addAll(List.of(arguments));
        return execute(command);
    }

    private String execute(List<String> command) throws Exception {
        File output = folder.resolve("output.txt").toFile();
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output)
                        .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended in time").isTrue();
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output.toPath(), UTF_8);
        assertThat(process.exitValue()).as(text).isZero();
        assertThat(text).doesNotContain("Exception");
        return text;
    }

    /** Writes the records with a job. */
    private Path write(List<VectorRecord> records) throws Exception {
        Path corpus = folder.resolve("corpus");
        FlinkSink sink =
                (FlinkSink)
                        new FilesSink(ConnectorUri.parse("file:" + corpus + "?format=anserini"))
                                .prepare(TestRecords.context(), StartMode.NEW);
        for (VectorRecord record : records) {
            assertThat(sink.rejection(record)).isNull();
        }
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(2);
        env.fromData(records, TypeInformation.of(VectorRecord.class)).sinkTo(sink.sink());
        env.execute();
        return corpus;
    }

    private static VectorRecord random(String id, Random random) {
        Set<Integer> chosen = new TreeSet<>();
        int count = 1 + random.nextInt(60);
        while (chosen.size() < count) {
            chosen.add(random.nextInt(TERMS));
        }
        int[] indices = chosen.stream().mapToInt(Integer::intValue).toArray();
        float[] values = new float[indices.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.max(Float.MIN_VALUE, 3 * random.nextFloat() * random.nextFloat());
        }
        return upsert(id, indices, values);
    }

    private static VectorRecord upsert(String id, int[] indices, float... values) {
        return upsert(id, 1, indices, values);
    }

    private static VectorRecord upsert(String id, long version, int[] indices, float... values) {
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                "text of " + id,
                "{}",
                new SparseVector(indices, values),
                4,
                false,
                SourceRecord.of("f", 0, null, null));
    }
}
