package io.github.flinksplade.app;

import io.github.flinksplade.app.JobSettings.Given;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code demo}: real text through the real job into an index, then searches. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Indexes some thousand definitions of WordNet 3.1 with the built-in model, answers a few"
                    + " searches that share no word with their best hit, then yours: typed, or one"
                    + " a line from a pipe. A second start finds the index there."
        },
        footer = {"", "Example:", "  echo \"something to keep food cold\" | flink-splade demo"})
final class DemoCommand implements Callable<Integer> {

    /** None of them shares a word with the definition it finds first. */
    static final List<String> SEARCHES = List.of("doctor", "puppy", "gun", "aeroplane", "inmate");

    private static final int HITS = 3;

    @ParentCommand private Main main;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description =
                    "Where the text, the index and the state go; by default"
                            + " $XDG_CACHE_HOME/flink-splade/demo (~/.cache/flink-splade/demo).")
    private Path directory;

    @Override
    public Integer call() throws Exception {
        Console console = main.console();
        Path home = directory == null ? defaultDirectory() : directory;
        Searcher searcher = openFinished(home, console);
        if (searcher == null) {
            int code = index(home, console);
            if (code != ExitCode.OK) {
                return code;
            }
            searcher = open(home, console);
        }
        try (Searcher opened = searcher) {
            SearchCommand.Session session =
                    new SearchCommand.Session(opened, console, HITS, false, false);
            for (String search : SEARCHES) {
                session.answerUnderHeading(search);
            }
            if (console.inTerminal()) {
                console.err().println("Now yours: what are you looking for? (Ctrl-D ends)");
            }
            return session.converse();
        }
    }

    private static Searcher open(Path home, Console console) {
        return Searcher.open(indexOf(home), null, EncoderOptions.defaults(), console);
    }

    /** What the last demo made, or null when it is to be made (again). */
    private static Searcher openFinished(Path home, Console console) {
        if (!Files.isDirectory(home.resolve("index")) || !isFinished(home.resolve("state"))) {
            return null;
        }
        try {
            Searcher searcher = open(home, console);
            console.err().println("The index of the last demo is still there: " + home);
            return searcher;
        } catch (UserException | ConnectorException e) {
            console.err()
                    .println(
                            "The index of the last demo cannot be used any more ("
                                    + Failure.of(e).message()
                                    + "); making it again.");
            StateDirectory.deleteTree(home.resolve("index"));
            return null;
        }
    }

    private static ConnectorUri indexOf(Path home) {
        return ConnectorUri.parse("lucene:" + home.resolve("index"));
    }

    /** Writes the text and runs the job over it. */
    private int index(Path home, Console console) throws Exception {
        Path state = home.resolve("state");
        if (!Files.isDirectory(home.resolve("index"))) {
            StateDirectory.deleteTree(state); // it would go on from an index that is gone
        }
        Path text = home.resolve("wordnet.jsonl");
        int documents = write(text);
        console.err()
                .println(
                        "Indexing "
                                + documents
                                + " definitions of WordNet 3.1 in "
                                + home
                                + " ...");
        Map<String, Given> given = new LinkedHashMap<>();
        put(given, JobSettings.FROM, "file:" + text);
        put(given, JobSettings.TO, indexOf(home).toString());
        put(given, JobSettings.STATE, state.toString());
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        return new LocalRun(settings, JobPlan::of, console, main.isVerbose()).run();
    }

    private static void put(Map<String, Given> given, Setting<?> setting, String value) {
        given.put(setting.key(), Given.of("of the demo", value));
    }

    private static boolean isFinished(Path state) {
        if (!Files.isDirectory(state)) {
            return false;
        }
        try (StateDirectory opened = StateDirectory.open(state)) {
            StateDirectory.Manifest manifest = opened.manifest();
            return manifest != null && manifest.finished();
        }
    }

    private static int write(Path file) throws IOException {
        List<WordNet.Thing> things = WordNet.things();
        Files.createDirectories(file.getParent());
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try (BufferedWriter out = Files.newBufferedWriter(fresh)) {
            for (WordNet.Thing thing : things) {
                out.write(
                        JsonText.object(
                                "id", thing.id(),
                                "text", thing.definition(),
                                "words", thing.words()));
                out.newLine();
            }
        }
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
        return things.size();
    }

    private static Path defaultDirectory() {
        return HomeDirectory.cache(System.getenv()).resolve("flink-splade").resolve("demo");
    }
}
