package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.app.io.Lines;
import io.github.flinksplade.app.io.Topics;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.PassageSplitter;
import io.github.flinksplade.encoder.PassageSplitter.Passage;
import io.github.flinksplade.encoder.Pruning;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import io.github.flinksplade.vector.VectorFormat;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.TypeConversionException;

/** {@code encode}: reads texts and prints their vectors. */
@Command(
        name = "encode",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Encodes texts and prints their vectors.",
            "Each TEXT is one text; without TEXT, each line of standard input is one. Prints one line"
                    + " per text, in order, also for an empty one (--format terms: three lines). For a"
                    + " line that cannot be encoded it prints {\"error\":\"line 3: ...\"} and finally"
                    + " exits with 3."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade encode \"a car on the road\"",
            "  printf 'first line\\nsecond line\\n' | flink-splade encode --format lucene",
            "  flink-splade encode --role query --format anserini < queries.tsv > topics.tsv"
        })
final class EncodeCommand implements Callable<Integer> {

    private static final int READ_AHEAD = 1024;
    private static final int READ_AHEAD_CHARACTERS = 32 << 20;

    /** Lucene's default limit of clauses per query, which Anserini does not change. */
    private static final int MAX_ANSERINI_TERMS = 1024;

    @ParentCommand private RootCommand root;

    @Parameters(paramLabel = "TEXT", arity = "0..*", description = "A text to encode.")
    private List<String> texts = new ArrayList<>();

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description = "document (default) or query; they have different token limits.")
    private Role role = Role.DOCUMENT;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            converter = FormatConverter.class,
            description =
                    "indices (default): {\"indices\":[...],\"values\":[...]}; lucene: terms with"
                            + " rounded weights; terms: as on the model card of Splade_PP_en_v2;"
                            + " anserini: topics, id<TAB>terms repeated by weight, from lines of"
                            + " id<TAB>query, or from queries numbered from 1 (errors go to standard"
                            + " error).")
    private VectorFormat format = VectorFormat.INDICES;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "builtin:minilm (default), a directory, hf:owner/name[@revision], or a path on"
                            + " any Flink file system.")
    private String model = JobSettings.MODEL.defaultText();

    @Option(
            names = "--document-tokens",
            paramLabel = "N",
            description = "Max tokens of a document. Default: the model's own limit, or 128.")
    private String documentTokens = "0";

    @Option(
            names = "--long-documents",
            paramLabel = "MODE",
            description =
                    "What happens to longer documents: truncate (default), max (one vector, with the"
                            + " largest weight that a term has in any window), or passages (a line"
                            + " per passage; as JSON with text, passage, start and end).")
    private String longDocuments = JobSettings.LONG_DOCUMENTS.defaultText();

    @Option(
            names = "--passage-tokens",
            paramLabel = "N",
            description = "Max tokens of a window or passage. Default: those of a document.")
    private String passageTokens = JobSettings.PASSAGE_TOKENS.defaultText();

    @Option(
            names = "--passage-overlap",
            paramLabel = "N",
            description = "Max tokens that a window or passage repeats of the one before.")
    private String passageOverlap = JobSettings.PASSAGE_OVERLAP.defaultText();

    @Option(
            names = "--prune",
            paramLabel = "RULE",
            description =
                    "Drop terms with small weights: top_k=N, abs_value=X, max_ratio=X or"
                            + " alpha_mass=X.")
    private String prune = "none";

    @Mixin private ModelOptions modelOptions;

    private Mode mode;
    private long truncated;
    private long failed;

    /**
     * A text that is being encoded.
     *
     * @param name the text in error messages, such as {@code line 3}
     * @param topic the id of the topic; null if the format has none
     * @param passage the start of the JSON of a passage; null if the text is not split
     * @param encoded null for an empty text or an error
     * @param error why the line cannot be encoded, or null
     */
    private record Pending(
            String name,
            String topic,
            String passage,
            int characters,
            CompletableFuture<EncodedText> encoded,
            String error) {}

    private static final Pending END = new Pending(null, null, null, 0, null, null);

    @Override
    public Integer call() throws Exception {
        String where = UserException.COMMAND_LINE;
        if (format == VectorFormat.ANSERINI && role != Role.QUERY) {
            throw UserException.at(
                    where,
                    "--format anserini writes topics, which are queries. Add --role query, or write"
                            + " documents with run --to file:DIR?format=anserini",
                    null);
        }
        Pruning pruning = JobSettings.PRUNE.parse(prune, where);
        EncoderOptions options =
                modelOptions.toEncoderOptions().toBuilder()
                        .documentTokens(JobSettings.DOCUMENT_TOKENS.parse(documentTokens, where))
                        .documentPruning(pruning)
                        .queryPruning(pruning)
                        .build();
        Console console = root.console();
        try (SpladeEncoder encoder =
                        SpladeEncoder.open(
                                model, options, EnumSet.of(role), new DownloadProgress(console));
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            ReadAhead input = new ReadAhead(batcher, splitter(encoder, where));
            Thread reader =
                    new Thread(
                            texts.isEmpty() ? () -> input.readLines(console) : input::readArguments,
                            "encode-reader");
            reader.setDaemon(true);
            reader.start();
            print(input, encoder, new Results(console));
            int limit =
                    role == Role.DOCUMENT
                            ? encoder.info().documentTokens()
                            : encoder.info().queryTokens();
            if (truncated > 0) {
                console.err()
                        .println(
                                truncated
                                        + (truncated == 1 ? " text was" : " texts were")
                                        + " longer than "
                                        + limit
                                        + " tokens and truncated.");
            }
        }
        return failed == 0 ? ExitCode.OK : ExitCode.FINDINGS;
    }

    /** Null unless long documents are encoded completely. */
    private PassageSplitter splitter(SpladeEncoder encoder, String where) {
        mode = JobSettings.LONG_DOCUMENTS.parse(longDocuments, where);
        if (mode == Mode.TRUNCATE) {
            return null;
        }
        if (role == Role.QUERY) {
            throw UserException.at(
                    where, "--long-documents is for documents, not for queries", null);
        }
        try {
            return new LongDocuments(
                            mode,
                            JobSettings.PASSAGE_TOKENS.parse(passageTokens, where),
                            JobSettings.PASSAGE_OVERLAP.parse(passageOverlap, where))
                    .splitter(encoder.tokenizer(), encoder.info().documentTokens());
        } catch (IllegalArgumentException e) {
            throw UserException.at(where, e.getMessage(), e);
        }
    }

    private void print(ReadAhead input, SpladeEncoder encoder, Results results)
            throws InterruptedException {
        while (true) {
            Pending next = input.queue.poll();
            if (next == null) {
                results.flush(); // no other result is ready, so show those that are
                next = input.queue.take();
            }
            if (next == END) {
                break;
            }
            if (next.encoded() != null && !next.encoded().isDone()) {
                results.flush();
            }
            String output = output(next, encoder);
            if (output != null) {
                results.line(output);
            }
            input.characters.release(next.characters());
        }
        results.flush();
        if (input.failure != null) {
            throw new UserException(
                    "cannot read standard input: " + Failure.of(input.failure).message(),
                    input.failure);
        }
    }

    /** The output for a text, or null if it has none. */
    private String output(Pending next, SpladeEncoder encoder) throws InterruptedException {
        String error = next.error();
        if (error == null) {
            try {
                SparseVector vector = SparseVector.EMPTY;
                if (next.encoded() != null) {
                    EncodedText encoded = next.encoded().get();
                    truncated += encoded.truncated() ? 1 : 0;
                    vector = encoded.vector();
                }
                if (format != VectorFormat.ANSERINI || vector.size() <= MAX_ANSERINI_TERMS) {
                    String formatted = format.format(vector, encoder.tokenizer()::term);
                    if (next.passage() != null && formatted.startsWith("{")) {
                        return next.passage() + formatted.substring(1);
                    }
                    return next.topic() == null ? formatted : next.topic() + '\t' + formatted;
                }
                error =
                        vector.size()
                                + " terms exceed Anserini's limit of "
                                + MAX_ANSERINI_TERMS
                                + " clauses per query. Drop some with --prune top_k="
                                + MAX_ANSERINI_TERMS;
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof EncodingException)) {
                    throw new IllegalStateException(e.getCause());
                }
                error = e.getCause().getMessage();
            }
        }
        failed++;
        error = next.name() + ": " + error;
        if (format == VectorFormat.ANSERINI) {
            // Anserini cannot read a file with a line that is not a topic
            root.console().err().println(error);
            return null;
        }
        return JsonLine.object("error", error);
    }

    /** Reads texts ahead of the encoder, up to a limit of texts and of characters. */
    private final class ReadAhead {

        private final MicroBatcher batcher;
        private final PassageSplitter splitter;
        private final BlockingQueue<Pending> queue = new LinkedBlockingQueue<>(READ_AHEAD);
        private final Semaphore characters = new Semaphore(READ_AHEAD_CHARACTERS);
        private volatile Exception failure;

        ReadAhead(MicroBatcher batcher, PassageSplitter splitter) {
            this.batcher = batcher;
            this.splitter = splitter;
        }

        void readLines(Console console) {
            try {
                Lines lines = new Lines(console.in());
                Topics topics = new Topics();
                for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
                    String name = "line " + line.number();
                    if (format == VectorFormat.ANSERINI) {
                        Topics.Topic topic = topics.topic(line);
                        add(name, topic.id(), topic.query(), topic.error());
                    } else {
                        add(name, null, line.text(), line.error());
                    }
                }
            } catch (java.io.IOException e) {
                failure = e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            end();
        }

        void readArguments() {
            try {
                for (int i = 0; i < texts.size(); i++) {
                    String number = Integer.toString(i + 1);
                    String topic = format == VectorFormat.ANSERINI ? number : null;
                    add("text " + number, topic, texts.get(i), null);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            end();
        }

        private void end() {
            try {
                queue.put(END);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void add(String name, String topic, String text, String error)
                throws InterruptedException {
            if (error != null) {
                queue.put(new Pending(name, topic, null, 0, null, error));
            } else if (text.isEmpty()) {
                // [CLS] and [SEP] alone may yield terms, but an empty text has none
                queue.put(new Pending(name, topic, null, 0, null, null));
            } else {
                int size = Math.min(text.length(), READ_AHEAD_CHARACTERS);
                characters.acquire(size);
                if (splitter == null) {
                    queue.put(
                            new Pending(name, topic, null, size, batcher.submit(text, role), null));
                } else {
                    addPassages(name, topic, text, size);
                }
            }
        }

        private void addPassages(String name, String topic, String text, int size)
                throws InterruptedException {
            List<Passage> passages;
            try {
                passages = splitter.split(text);
            } catch (EncodingException e) {
                queue.put(new Pending(name, topic, null, size, null, e.getMessage()));
                return;
            }
            List<String> parts = passages.stream().map(passage -> passage.of(text)).toList();
            if (mode == Mode.MAX) {
                queue.put(
                        new Pending(name, topic, null, size, batcher.submitMax(parts, role), null));
                return;
            }
            for (int i = 0; i < parts.size(); i++) {
                Passage passage = passages.get(i);
                int start = text.codePointCount(0, passage.start());
                String json =
                        "{\"text\":"
                                + name.replaceAll("\\D", "")
                                + ",\"passage\":"
                                + i
                                + ",\"start\":"
                                + start
                                + ",\"end\":"
                                + (start + text.codePointCount(passage.start(), passage.end()))
                                + ",";
                queue.put(
                        new Pending(
                                name,
                                topic,
                                json,
                                i == 0 ? size : 0,
                                batcher.submit(parts.get(i), role),
                                null));
            }
        }
    }

    private static final class FormatConverter implements ITypeConverter<VectorFormat> {

        @Override
        public VectorFormat convert(String value) {
            try {
                return VectorFormat.of(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
