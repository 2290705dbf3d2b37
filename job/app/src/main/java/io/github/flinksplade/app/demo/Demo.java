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
            List.of("doctor", "puppy", "gun", "aeroplane", "inmate");

    private static final int MAX_HITS = 3;

    private final Path directory;
    private final Console console;
    private final boolean verbose;
    private final List<WordNet.Noun> nouns;

    /**
     * @param directory where the documents, the index and the state are stored
     */
    public Demo(Path directory, Console console, boolean verbose) {
        this(directory, console, verbose, null);
    }

    /**
     * @param nouns the documents; null for all of {@link WordNet#nouns()}
     */
    Demo(Path directory, Console console, boolean verbose, List<WordNet.Noun> nouns) {
        this.directory = directory;
        this.console = console;
        this.verbose = verbose;
        this.nouns = nouns;
    }

    /**
     * Builds the index unless an earlier run did, runs {@link #QUERIES}, then the user's queries.
     *
     * @return an {@link ExitCode}
     */
    public int run() throws Exception {
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
                            opened, console, query -> new SearchRequest(query, MAX_HITS), false);
            for (String query : QUERIES) {
                session.searchWithHeading(query);
            }
            if (console.inTerminal()) {
                console.err().println("Your turn: what are you looking for? (Ctrl-D ends)");
            }
            return session.searchLines();
        }
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
        Path documents = directory.resolve("wordnet.jsonl");
        int count = write(nouns == null ? WordNet.nouns() : nouns, documents);
        console.err()
                .println(
                        "Indexing "
                                + count
                                + " definitions of WordNet 3.1 in "
                                + directory
                                + " ...");
        Map<String, Given> given = new LinkedHashMap<>();
        put(given, JobSettings.FROM, "file:" + documents);
        put(given, JobSettings.TO, indexUri().toString());
        put(given, JobSettings.STATE, stateDirectory().toString());
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        return new LocalRun(settings, JobPlan::of, console, verbose).run();
    }

    private static void put(Map<String, Given> given, Setting<?> setting, String value) {
        given.put(setting.key(), Given.of("of the demo", value));
    }

    /** Writes the documents and returns their number. */
    private static int write(List<WordNet.Noun> nouns, Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (BufferedWriter out = Files.newBufferedWriter(temporary)) {
            for (WordNet.Noun noun : nouns) {
                out.write(
                        JsonLine.object(
                                "id", noun.id(),
                                "text", noun.definition(),
                                "words", noun.words()));
                out.newLine();
            }
        }
        Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
        return nouns.size();
    }
}
