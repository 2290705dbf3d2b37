package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.search.HitOutput;
import io.github.flinksplade.app.search.SearchSession;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.encoder.EncoderOptions;
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
            "Without QUERY, each line of standard input is one query; if the first line contains a"
                    + " tab, each line is id<TAB>query."
        },
        footer = {
            "",
            "Examples, after 'flink-splade run --from file:docs.jsonl --to lucene:idx':",
            "  flink-splade search --index lucene:idx -k 3 \"fast car\"",
            "  flink-splade search --index lucene:idx --filter ward=B2 --filter ward=B3 \"doctor\"",
            "  flink-splade search --index lucene:idx -k 1000 --format trec < queries.tsv > run.trec"
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

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description =
                    "text (default); json: each hit as one JSON object on one line; trec: lines of a"
                            + " TREC run file, with the ids of the queries or their line numbers,"
                            + " from 1.")
    private HitOutput.Format format;

    @Option(names = "--json", description = "The same as --format json.")
    private boolean json;

    @Option(
            names = "--tag",
            paramLabel = "NAME",
            description = "The last column of --format trec. Default: flink-splade.")
    private String tag = "flink-splade";

    @Option(
            names = "--query-prune",
            paramLabel = "RULE",
            description =
                    "Drop terms with small weights from queries: top_k=N, abs_value=X, max_ratio=X or"
                            + " alpha_mass=X.")
    private String queryPrune = "none";

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "The model of the index. Default: the reference stored in the index.")
    private String model;

    @Mixin private ModelOptions modelOptions;

    @Override
    public Integer call() throws IOException {
        int maxHits = positive(k);
        HitOutput.Format chosen = format();
        FieldFilter filter = filter(filters);
        EncoderOptions options =
                modelOptions.toEncoderOptions().toBuilder()
                        .queryPruning(
                                JobSettings.PRUNE.parse(queryPrune, UserException.COMMAND_LINE))
                        .build();
        Console console = root.console();
        try (Searcher searcher =
                Searcher.open(
                        JobFile.withProperties(ConnectorUri.parse(index), config),
                        model,
                        options,
                        new DownloadProgress(console))) {
            SearchSession session =
                    new SearchSession(
                            searcher,
                            console,
                            new SearchRequest(
                                    "",
                                    maxHits,
                                    idf,
                                    passages,
                                    hybrid,
                                    filter,
                                    chosen == HitOutput.Format.TREC),
                            new HitOutput(chosen, tag));
            if (!query.isEmpty()) {
                session.search(String.join(" ", query));
                return ExitCode.OK;
            }
            return session.searchLines();
        }
    }

    private HitOutput.Format format() {
        if (json && format != null && format != HitOutput.Format.JSON) {
            throw invalid("--json and another --format are given. Remove one of them");
        }
        if (format == HitOutput.Format.TREC && passages) {
            throw invalid(
                    "--format trec ranks documents, not --passages. Remove one of the options");
        }
        if (tag.isEmpty() || tag.chars().anyMatch(Character::isWhitespace)) {
            throw invalid("--tag '" + tag + "' is empty or contains white space");
        }
        return json ? HitOutput.Format.JSON : format == null ? HitOutput.Format.TEXT : format;
    }

    private static UserException invalid(String message) {
        return UserException.at(UserException.COMMAND_LINE, message, null);
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
