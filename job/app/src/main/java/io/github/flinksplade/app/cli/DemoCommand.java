package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.demo.Demo;
import io.github.flinksplade.environment.HomeDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code demo}: indexes real text with the real job, then searches it. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Indexes 2,200 definitions of everyday words with the built-in model and runs a"
                    + " few searches that share no word with their best hit. Then runs your"
                    + " searches: typed, or one per line from a pipe. Later runs use the same index.",
            "With QUERY, runs only this search.",
            "Hits below 70 %% of the best score are listed as weaker matches."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade demo \"machine that washes clothes\"",
            "  echo \"machine that washes clothes\" | flink-splade demo"
        })
final class DemoCommand implements Callable<Integer> {

    @ParentCommand private RootCommand root;

    @Parameters(
            paramLabel = "QUERY",
            arity = "0..*",
            description = "The query; several words are one query.")
    private List<String> query = new ArrayList<>();

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description =
                    "Where the text, the index and the state are stored; default:"
                            + " $XDG_CACHE_HOME/flink-splade/demo (~/.cache/flink-splade/demo).")
    private Path directory;

    @Override
    public Integer call() throws Exception {
        Path where = directory == null ? defaultDirectory() : directory;
        return new Demo(where, root.console(), root.isVerbose()).run(String.join(" ", query));
    }

    private static Path defaultDirectory() {
        return HomeDirectory.cache(System.getenv()).resolve("flink-splade").resolve("demo");
    }
}
