package io.github.flinksplade.app.demo;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.FileTree;
import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.LocalRun;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.app.search.HitOutput;
import io.github.flinksplade.app.search.SearchSession;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.Searcher;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Indexes definitions of WordNet with the real job, then searches the index. */
public final class Demo {

    /** None of these queries shares a word with its best hit. */
    public static final List<String> QUERIES =
            List.of("bunny", "drugstore", "petrol", "tyrannosaurus", "frightened");

    private static final int MAX_HITS = 3;

    /** A hit with a lower score, relative to the best one, is rarely a match. */
    private static final double WEAK_FRACTION = 0.7;

    /** Set by the launchers: how the user calls flink-splade. */
    private static final String COMMAND = "FLINK_SPLADE_COMMAND";

    private final Path directory;
    private final Console console;
    private final boolean verbose;
    private final List<Dictionary.Entry> entries;

    /**
     * @param directory where the documents, the index and the state are stored
     */
    public Demo(Path directory, Console console, boolean verbose) {
        this(directory, console, verbose, null);
    }

    /**
     * @param entries the documents; null for all of {@link Dictionary#entries()}
     */
    Demo(Path directory, Console console, boolean verbose, List<Dictionary.Entry> entries) {
        this.directory = directory;
        this.console = console;
        this.verbose = verbose;
        this.entries = entries;
    }

    /**
     * Builds the index unless an earlier run did, runs {@link #QUERIES}, then the user's queries.
     *
     * @param query the only query to run, unless it is blank
     * @return an {@link ExitCode}
     */
    public int run(String query) throws Exception {
        Searcher searcher = openFinished();
        if (searcher == null) {
            int code = buildIndex();
            if (code != ExitCode.OK) {
                return code;
            }
            searcher = open();
        }
        try (Searcher opened = searcher) {
            SearchSession session =
                    new SearchSession(
                            opened,
                            console,
                            new SearchRequest("", MAX_HITS),
                            HitOutput.withoutIds(WEAK_FRACTION));
            if (!query.isBlank()) {
                session.search(query);
                return ExitCode.OK;
            }
            for (String example : QUERIES) {
                session.searchWithHeading(example);
            }
            if (console.inTerminal()) {
                console.err().println("Your turn: what are you looking for? (Ctrl-D ends)");
            }
            int code = session.searchLines();
            console.err().print(nextSteps());
            return code;
        }
    }

    /** The commands that a user tries after the demo. */
    private String nextSteps() {
        return """

                Next, index your own text, one document per line, and search it:
                  printf 'The physician examined the heart.\\nBake the bread.\\n' > docs.txt
                  %1$s run --from file:docs.txt --to lucene:idx
                  %1$s search --index lucene:idx "doctor"
                Search the index of this demo over HTTP or in a browser:
                  %1$s serve --index 'lucene:%2$s'
                Keep a topic of vectors in sync with a topic of documents:
                  %1$s run --from 'kafka://localhost:9092/documents?group=splade' \\
                    --to kafka://localhost:9092/vectors --state state
                """
                .formatted(
                        System.getenv().getOrDefault(COMMAND, "flink-splade"),
                        indexDirectory().toAbsolutePath());
    }

    private Path documents() {
        return directory.resolve("dictionary.jsonl");
    }

    private Path indexDirectory() {
        return directory.resolve("index");
    }

    private Path stateDirectory() {
        return directory.resolve("state");
    }

    private ConnectorUri indexUri() {
        return ConnectorUri.parse("lucene:" + indexDirectory());
    }

    private Searcher open() {
        return Searcher.open(
                indexUri(), null, EncoderOptions.defaults(), new DownloadProgress(console));
    }

    /** The index of an earlier demo, or null when it has to be built. */
    private Searcher openFinished() {
        if (!Files.exists(documents())) {
            // new, or of a version with other documents
            FileTree.delete(indexDirectory());
            FileTree.delete(stateDirectory());
        }
        if (!Files.isDirectory(indexDirectory()) || !StateDirectory.isFinished(stateDirectory())) {
            return null;
        }
        try {
            Searcher searcher = open();
            console.err().println("Using the index of the last demo: " + directory);
            return searcher;
        } catch (UserException | ConnectorException e) {
            console.err()
                    .println(
                            "The index of the last demo cannot be used ("
                                    + Failure.of(e).message()
                                    + "); building it again.");
            FileTree.delete(indexDirectory());
            return null;
        }
    }

    private int buildIndex() throws Exception {
        if (!Files.isDirectory(indexDirectory())) {
            // the job would resume, and write only changes to an index that was deleted
            FileTree.delete(stateDirectory());
        }
        int count = write(entries == null ? Dictionary.entries() : entries, documents());
        console.err()
                .println(
                        "Indexing "
                                + count
                                + " definitions of WordNet 3.1 in "
                                + directory
                                + " ...");
        Map<String, Given> given = new LinkedHashMap<>();
        put(given, JobSettings.FROM, "file:" + documents());
        put(given, JobSettings.TO, indexUri().toString());
        put(given, JobSettings.STATE, stateDirectory().toString());
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        return new LocalRun(settings, JobPlan::of, console, verbose, false).run();
    }

    private static void put(Map<String, Given> given, Setting<?> setting, String value) {
        given.put(setting.key(), Given.of("of the demo", value));
    }

    /** Writes the documents and returns their number. */
    private static int write(List<Dictionary.Entry> entries, Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (BufferedWriter out = Files.newBufferedWriter(temporary)) {
            for (Dictionary.Entry entry : entries) {
                out.write(
                        JsonLine.object(
                                "id", entry.id(),
                                "title", entry.title(),
                                "text", entry.text()));
                out.newLine();
            }
        }
        Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
        return entries.size();
    }
}
