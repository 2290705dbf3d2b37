package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.evaluation.EvaluationRun;
import io.github.flinksplade.app.evaluation.Variant;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.evaluation.Bm25;
import io.github.flinksplade.evaluation.Metric;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code eval}: measures the quality of search on a collection with relevance judgments. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures the quality of search on a collection with relevance judgments: builds an index"
                    + " with the job, runs the queries, and compares the metrics of trec_eval with"
                    + " those of BM25.",
            "docs/evaluation.md describes the formats and the numbers."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade eval --data scifact --output report",
            "  flink-splade eval --data scifact --variant prune=top_k=64 --variant int8:precision=int8",
            "  flink-splade eval --run run.trec --qrels qrels.txt --compare other.trec"
        })
final class EvalCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            order = 1,
            description =
                    "A data set in BEIR's format: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.")
    private Path data;

    @Option(
            names = "--split",
            paramLabel = "NAME",
            order = 1,
            description = "The judgments of --data: train, dev or test (default).")
    private String split;

    @Option(
            names = "--queries",
            paramLabel = "FILE",
            order = 1,
            description = "Queries: id<TAB>query on each line, or JSON lines with id and text.")
    private Path queries;

    @Option(
            names = "--qrels",
            paramLabel = "FILE",
            order = 1,
            description =
                    "Judgments: 'query 0 document grade' on each line as in TREC, or BEIR's TSV.")
    private Path qrels;

    @Option(
            names = "--corpus",
            paramLabel = "FILE",
            order = 1,
            description = "Documents: JSON lines with id and text, or _id, title and text.")
    private Path corpus;

    @Option(
            names = "--index",
            paramLabel = "URI",
            order = 1,
            description = "Evaluate this index instead of building one, such as lucene:idx.")
    private String index;

    @Option(
            names = "--run",
            paramLabel = "FILE",
            order = 1,
            description = "Evaluate a TREC run file, with --qrels only; nothing is searched.")
    private Path run;

    @Option(
            names = "--compare",
            paramLabel = "FILE",
            order = 1,
            description = "A TREC run file to compare with; repeatable.")
    private List<Path> compare = new ArrayList<>();

    @Option(
            names = "--variant",
            paramLabel = "SETTINGS",
            order = 1,
            description =
                    "Also evaluate other settings: KEY=VALUE,... or NAME:KEY=VALUE,... with the"
                            + " options below from --model to --passage-overlap as keys; repeatable.")
    private List<String> variants = new ArrayList<>();

    @Option(
            names = "--metrics",
            paramLabel = "LIST",
            order = 1,
            description =
                    "nDCG@K, MRR@K, MAP@K, Recall@K and P@K; the first one is compared query by"
                            + " query. Default: "
                            + Metric.DEFAULTS)
    private String metrics = Metric.DEFAULTS;

    @Option(
            names = "--bm25",
            paramLabel = "K1,B",
            order = 1,
            description =
                    "The parameters of BM25, the baseline; none: no baseline. Default: "
                            + Bm25.Parameters.DEFAULTS)
    private String bm25 = Bm25.Parameters.DEFAULTS;

    @Option(
            names = "--ignore-identical-ids",
            order = 1,
            description =
                    "Remove a document from a ranking if its id is that of the query, as BEIR's"
                            + " evaluation does (ArguAna, Quora).")
    private boolean ignoreIdenticalIds;

    @Option(
            names = "--work",
            paramLabel = "DIR",
            order = 1,
            description =
                    "Keep the indexes in this directory and use them again if nothing has changed."
                            + " Default: a temporary directory.")
    private Path work;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            order = 1,
            description =
                    "Write report.html, results.json, per-query.tsv and TREC run files to this"
                            + " directory.")
    private Path output;

    @Option(names = "--json", order = 1, description = "Print results.json instead of tables.")
    private boolean json;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            order = 1,
            description =
                    "A job file: those of its settings apply that are options below, and the connectors'"
                            + " properties.")
    private Path config;

    @Override
    public Integer call() throws Exception {
        checkCombination();
        Map<String, Given> given = new LinkedHashMap<>();
        SettingOptions.given(spec, Variant.SETTINGS, config, Map.of())
                .forEach(
                        (key, value) -> {
                            if (isSetting(key)) {
                                given.put(key, value);
                            }
                        });
        Variant main = new Variant(null, given);
        List<Variant> all = new ArrayList<>(List.of(main));
        variants.forEach(text -> all.add(main.with(text)));
        checkIndexed(all);
        EvaluationRun.Input input =
                new EvaluationRun.Input(
                        collection(),
                        data == null ? corpus : data.resolve("corpus.jsonl"),
                        data == null ? queries : data.resolve("queries.jsonl"),
                        data == null
                                ? qrels
                                : data.resolve("qrels")
                                        .resolve((split == null ? "test" : split) + ".tsv"),
                        index == null ? null : ConnectorUri.parse(index),
                        config,
                        run,
                        compare,
                        bm25.equals("none") ? null : parse("--bm25", bm25, Bm25.Parameters::parse),
                        work,
                        parse("--metrics", metrics, Metric::parse),
                        ignoreIdenticalIds);
        return new EvaluationRun(
                        input,
                        new EvaluationRun.Output(output, json),
                        all,
                        root.console(),
                        root.isVerbose())
                .run();
    }

    private static boolean isSetting(String key) {
        return Variant.SETTINGS.stream().map(Setting::key).anyMatch(key::equals);
    }

    /** The name of the folder with the data. */
    private String collection() {
        Path folder =
                data != null
                        ? data
                        : (corpus == null ? qrels : corpus).toAbsolutePath().getParent();
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    private void checkCombination() {
        if (data != null && (queries != null || qrels != null || corpus != null || run != null)) {
            throw usage(
                    "--data contains the corpus, the queries and the qrels. Remove --corpus,"
                            + " --queries, --qrels and --run");
        }
        if (data == null && split != null) {
            throw usage("--split '" + split + "' has no effect without --data. Remove it");
        }
        if (data == null && qrels == null) {
            throw usage("no judgments are given. Add --data DIR, or --qrels FILE");
        }
        if (run != null && (queries != null || corpus != null || index != null)) {
            throw usage(
                    "--run evaluates a run file without searching. Remove --queries, --corpus and"
                            + " --index, or use --compare for the run file");
        }
        if (run != null && !variants.isEmpty()) {
            throw usage("--variant has no effect on --run. Remove it");
        }
        if (data == null && run == null && queries == null) {
            throw usage("nothing to evaluate is given. Add --queries FILE, or --run FILE");
        }
        if (data == null && run == null && corpus == null && index == null) {
            throw usage("no documents are given. Add --corpus FILE, or --index URI");
        }
    }

    private void checkIndexed(List<Variant> all) {
        for (Variant variant : all) {
            if (index != null && !variant.keysOfDocuments().isEmpty()) {
                throw usage(
                        "'"
                                + variant.keysOfDocuments().get(0)
                                + "' has no effect on the documents of --index "
                                + index
                                + ". Remove it, or evaluate a --corpus");
            }
        }
    }

    private static <T> T parse(String option, String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw UserException.at(UserException.COMMAND_LINE, option + ": " + e.getMessage(), e);
        }
    }

    private static UserException usage(String message) {
        return UserException.at(UserException.COMMAND_LINE, message, null);
    }
}
