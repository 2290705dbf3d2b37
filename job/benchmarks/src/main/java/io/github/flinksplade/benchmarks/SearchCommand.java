package io.github.flinksplade.benchmarks;

import io.github.flinksplade.app.cli.BenchOptions;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.demo.WordNet;
import io.github.flinksplade.app.local.LocalConfiguration;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.connector.Connectors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench search}: searches in an embedded Lucene index. */
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures exact searches in a Lucene index: latency of one search at a time, and searches"
                    + " per second with one per core, for 10 and 1,000 hits.",
            "Encodes texts and recombines their vectors to any number of documents. Queries are the"
                    + " first words of other texts."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade bench search --directory bench-search",
            "  flink-splade bench search --directory bench-search --documents 10000 --texts 500 \\",
            "    --anserini anserini-1.5.0-fatjar.jar --java /usr/lib/jvm/temurin-25-jdk-amd64/bin/java"
        })
final class SearchCommand implements Callable<Integer> {

    @Mixin private BenchOptions bench = new BenchOptions(1_000_000, 3);

    @Option(
            names = "--directory",
            required = true,
            paramLabel = "DIR",
            description =
                    "Where the indexes are stored. Those of this number of documents are used again.")
    private Path directory;

    @Option(
            names = "--texts",
            paramLabel = "N",
            description = "Texts to encode. Default: 21000, a twentieth of them for queries.")
    private int texts = 21_000;

    @Option(names = "--queries", paramLabel = "N", description = "Max queries. Default: 200.")
    private int queries = 200;

    @Option(
            names = "--anserini",
            paramLabel = "JAR",
            description =
                    "Anserini's fat jar, to measure Anserini with the same vectors. It requires"
                            + " --java.")
    private Path anserini;

    @Option(
            names = "--java",
            paramLabel = "COMMAND",
            description = "The command java of Java 21 or later.")
    private Path java;

    @Override
    public Integer call() throws Exception {
        bench.check();
        if (texts < 40 || queries < 1) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--texts must be at least 40, and --queries at least 1",
                    null);
        }
        if (anserini != null && (java == null || !Files.isRegularFile(anserini))) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--anserini "
                            + anserini
                            + " must be a file, and --java the command of Java 21 or later",
                    null);
        }
        Console console = bench.console();
        Files.createDirectories(directory);
        Map<String, Given> given = new LinkedHashMap<>();
        given.put(JobSettings.FROM.key(), Given.of(UserException.COMMAND_LINE, "file:unused"));
        given.put(JobSettings.TO.key(), Given.of(UserException.COMMAND_LINE, "file:unused"));
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        SearchBenchmark.Report report;
        try (StateDirectory state = StateDirectory.temporary()) {
            report =
                    new SearchBenchmark(
                                    settings.get(JobSettings.MODEL),
                                    texts(),
                                    bench.documents(),
                                    queries,
                                    bench.rounds(),
                                    directory.toAbsolutePath(),
                                    anserini,
                                    java,
                                    LocalConfiguration.of(
                                            settings, state.newRun().toUri(), state.work()),
                                    state.work(),
                                    console.err()::println)
                            .run();
        }
        bench.print(report);
        return ExitCode.OK;
    }

    /** Texts from all parts of the corpus. */
    private List<String> texts() throws Exception {
        List<String> all =
                bench.hasCorpus() ? bench.texts(Integer.MAX_VALUE) : WordNet.definitions();
        int count = Math.min(texts, all.size());
        return IntStream.range(0, count)
                .mapToObj(i -> all.get((int) ((long) i * all.size() / count)))
                .toList();
    }
}
