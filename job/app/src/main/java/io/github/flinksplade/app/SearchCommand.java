package io.github.flinksplade.app;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SearchIndex;
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

    @ParentCommand private Main main;

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
        Console console = main.console();
        try (Searcher searcher =
                Searcher.open(
                        JobFile.withProperties(ConnectorUri.parse(index), config),
                        model,
                        modelOptions.toEncoderOptions(),
                        console)) {
            Session session = new Session(searcher, console, most, idf, json);
            if (!query.isEmpty()) {
                session.answer(String.join(" ", query));
                return ExitCode.OK;
            }
            return session.converse();
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

    /** Searches one after the other. */
    static final class Session {

        private final Searcher searcher;
        private final Console console;
        private final Results results;
        private final int most;
        private final boolean idf;
        private final boolean json;

        Session(Searcher searcher, Console console, int most, boolean idf, boolean json) {
            this.searcher = searcher;
            this.console = console;
            this.results = new Results(console);
            this.most = most;
            this.idf = idf;
            this.json = json;
        }

        /** Prints the hits of one question. */
        void answer(String question) {
            List<SearchIndex.Hit> hits = searcher.search(question, most, idf, console);
            for (int i = 0; i < hits.size(); i++) {
                results.line(
                        json
                                ? searcher.json(i + 1, question, hits.get(i))
                                : searcher.describe(i + 1, hits.get(i)));
            }
            results.flush();
            if (hits.isEmpty() && !json) {
                console.err().println("Nothing found for: " + question);
            }
        }

        /** Prints a question as a heading, then its hits. */
        void answerUnderHeading(String question) {
            results.line("> " + question);
            answer(question);
            results.line("");
            results.flush();
        }

        /** Answers lines until the input ends: with a prompt if somebody types them. */
        int converse() throws IOException {
            Lines lines = new Lines(console.in());
            boolean failed = false;
            while (true) {
                prompt();
                Lines.Line line = lines.next();
                if (line == null) {
                    if (console.inTerminal()) {
                        console.err().println();
                    }
                    return failed ? ExitCode.INPUT : ExitCode.OK;
                }
                if (line.error() != null) {
                    console.err().println("line " + line.number() + ": " + line.error());
                    failed = true;
                } else if (!line.text().isBlank()) {
                    if (json || console.inTerminal()) {
                        answer(line.text().strip());
                    } else {
                        answerUnderHeading(line.text().strip());
                    }
                }
            }
        }

        private void prompt() {
            if (console.inTerminal()) {
                console.err().print("search> ");
                console.err().flush();
            }
        }
    }
}
