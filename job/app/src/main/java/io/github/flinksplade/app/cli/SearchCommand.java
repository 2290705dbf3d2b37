package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.search.SearchSession;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.Searcher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code search}: searches an index. */
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Searches an index and prints rank, score, id and text of each hit, and the terms that"
                    + " contribute most to its score.",
            "Without QUERY, each line of standard input is one query."
        },
        footer = {
            "",
            "Examples, after 'flink-splade run --from file:docs.jsonl --to lucene:idx':",
            "  flink-splade search --index lucene:idx -k 3 \"fast car\"",
            "  flink-splade search --index lucene:idx --filter ward=B2 --filter ward=B3 \"doctor\""
        })
final class SearchCommand implements Callable<Integer> {

    @ParentCommand private RootCommand root;

    @Parameters(
            paramLabel = "QUERY",
            arity = "0..*",
            description = "The query; several words are one query.")
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
                    "A job file with the connector's properties, such as an API key in"
                            + " qdrant.properties.")
    private Path config;

    @Option(names = "-k", paramLabel = "N", description = "Max hits. Default: 10.")
    private String k = "10";

    @Option(
            names = "--idf",
            description = {
                "Multiply each term's weight by its inverse document frequency in the index, so that"
                        + " frequent terms count less."
            })
    private boolean idf;

    @Option(
            names = "--passages",
            description = {
                "Show every passage that matches, of an index with a vector per passage. Default: the"
                        + " best one of each document."
            })
    private boolean passages;

    @Option(
            names = "--hybrid",
            description = {
                "Fuse the ranking with the one by BM25 of the same documents' texts (reciprocal rank"
                        + " fusion); the index must support it."
            })
    private boolean hybrid;

    @Option(
            names = "--filter",
            paramLabel = "FIELD=VALUE",
            description = {
                "Only documents with this value in a field, such as ward=B2 or book.title=Emma. Of the"
                        + " same field repeated, one value suffices; of different fields, each is"
                        + " required."
            })
    private List<String> filters = new ArrayList<>();

    @Option(names = "--json", description = "Print each hit as one JSON object on one line.")
    private boolean json;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "The model of the index. Default: the reference stored in the index.")
    private String model;

    @Mixin private ModelOptions modelOptions;

    @Override
    public Integer call() throws IOException {
        int maxHits = positive(k);
        FieldFilter filter = filter(filters);
        Console console = root.console();
        try (Searcher searcher =
                Searcher.open(
                        JobFile.withProperties(ConnectorUri.parse(index), config),
                        model,
                        modelOptions.toEncoderOptions(),
                        new DownloadProgress(console))) {
            SearchSession session =
                    new SearchSession(
                            searcher,
                            console,
                            text -> new SearchRequest(text, maxHits, idf, passages, hybrid, filter),
                            json);
            if (!query.isEmpty()) {
                session.search(String.join(" ", query));
                return ExitCode.OK;
            }
            return session.searchLines();
        }
    }

    private static FieldFilter filter(List<String> filters) {
        Map<String, Set<String>> fields = new LinkedHashMap<>();
        for (String filter : filters) {
            int equals = filter.indexOf('=');
            if (equals < 1) {
                throw UserException.at(
                        UserException.COMMAND_LINE,
                        "--filter '" + filter + "' is not FIELD=VALUE, such as ward=B2",
                        null);
            }
            fields.computeIfAbsent(filter.substring(0, equals), field -> new LinkedHashSet<>())
                    .add(filter.substring(equals + 1));
        }
        return new FieldFilter(fields);
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
