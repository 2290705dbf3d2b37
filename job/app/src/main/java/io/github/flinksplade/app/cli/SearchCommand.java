package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.search.SearchSession;
import io.github.flinksplade.app.search.Searcher;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code search}: questions to an index. */
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Searches an index: rank, score, id and text of each hit, and which terms made its"
                    + " score.",
            "Without a QUERY, each line of standard input is one search."
        },
        footer = {
            "",
            "Example, after 'flink-splade run --from file:docs.jsonl --to lucene:idx':",
            "  flink-splade search --index lucene:idx -k 3 \"fast car\""
        })
final class SearchCommand implements Callable<Integer> {

    @ParentCommand private RootCommand root;

    @Parameters(
            paramLabel = "QUERY",
            arity = "0..*",
            description = "What to search for; several words are one query.")
    private List<String> query = new ArrayList<>();

    @Option(
            names = "--index",
            required = true,
            paramLabel = "URI",
            description = "The index, such as lucene:idx.")
    private String index;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "A job.yaml with the connector's properties, such as an API key in"
                            + " qdrant.properties.")
    private Path config;

    @Option(names = "-k", paramLabel = "N", description = "The most hits; 10 by default.")
    private String k = "10";

    @Option(
            names = "--idf",
            description = {
                "Multiply each term's weight by its inverse document frequency in the index: terms"
                        + " that many documents have count less."
            })
    private boolean idf;

    @Option(names = "--json", description = "Print each hit as one JSON object on one line.")
    private boolean json;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "Where the index's model is; by default where the index says.")
    private String model;

    @Mixin private ModelOptions modelOptions;

    @Override
    public Integer call() throws IOException {
        int most = positive(k);
        Console console = root.console();
        try (Searcher searcher =
                Searcher.open(
                        JobFile.withProperties(ConnectorUri.parse(index), config),
                        model,
                        modelOptions.toEncoderOptions(),
                        console)) {
            SearchSession session = new SearchSession(searcher, console, most, idf, json);
            if (!query.isEmpty()) {
                session.search(String.join(" ", query));
                return ExitCode.OK;
            }
            return session.searchLines();
        }
    }

    private static int positive(String text) {
        if (!text.matches("\\d{1,6}") || Integer.parseInt(text) < 1) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "-k '" + text + "' is not a whole number from 1 to 999999",
                    null);
        }
        return Integer.parseInt(text);
    }
}
