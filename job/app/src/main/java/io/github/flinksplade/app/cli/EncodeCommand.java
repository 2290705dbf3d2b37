package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.JsonText;
import io.github.flinksplade.app.io.Lines;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.Pruning;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import io.github.flinksplade.vector.VectorFormat;
import java.util.ArrayList;
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

/** {@code encode}: texts in, vectors out. */
@Command(
        name = "encode",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Encodes texts and prints their vectors.",
            "Each TEXT is one text; without any, each line of standard input is one. Each gives one"
                    + " line, in order, the empty line too (--format terms: three lines). A line that"
                    + " cannot be encoded gives {\"error\":\"line 3: ...\"}, and exit code 1 in the"
                    + " end."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade encode \"a car on the road\"",
            "  printf 'first line\\nsecond line\\n' | flink-splade encode --format lucene",
            "  flink-splade encode --role query --format anserini < queries.tsv > topics.tsv"
        })
final class EncodeCommand implements Callable<Integer> {

    private static final int LOOK_AHEAD = 1024;
    private static final int LOOK_AHEAD_CHARACTERS = 32 << 20;

    /** The most clauses of a query in Lucene, as Anserini leaves it. */
    private static final int ANSERINI_TERMS = 1024;

    @ParentCommand private RootCommand root;

    @Parameters(paramLabel = "TEXT", arity = "0..*", description = "A text to encode.")
    private List<String> texts = new ArrayList<>();

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description = "document (default) or query: which token limit applies.")
    private Role role = Role.DOCUMENT;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            converter = FormatConverter.class,
            description =
                    "indices (default): {\"indices\":[...],\"values\":[...]}; lucene: terms with"
                            + " rounded weights; terms: the output of the recipe on the model card"
                            + " of Splade_PP_en_v2; anserini: topics, id<TAB>terms repeated by weight, of lines"
                            + " that are id<TAB>query or queries numbered from 1 (errors go to"
                            + " standard error).")
    private VectorFormat format = VectorFormat.INDICES;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "builtin:minilm (default), a directory, hf:owner/name[@revision], or a path of"
                            + " any Flink file system.")
    private String model = JobSettings.MODEL.fallback();

    @Option(
            names = "--document-tokens",
            paramLabel = "N",
            description =
                    "Tokens of a document that are read; by default the model's own limit, or 128.")
    private String documentTokens = "0";

    @Option(
            names = "--prune",
            paramLabel = "RULE",
            description =
                    "Leave out terms of little weight: top_k=N, abs_value=X, max_ratio=X or"
                            + " alpha_mass=X.")
    private String prune = "none";

    @Mixin private ModelOptions modelOptions;

    private long truncated;
    private long failed;

    /**
     * A text on its way.
     *
     * @param name what error messages call it
     * @param topic the topic's id; null where the format has none
     * @param encoded null for what needs no model
     * @param error null unless the line cannot be encoded
     */
    private record Pending(
            String name,
            String topic,
            int characters,
            CompletableFuture<EncodedText> encoded,
            String error) {}

    private static final Pending END = new Pending(null, null, 0, null, null);

    @Override
    public Integer call() throws Exception {
        String where = UserException.COMMAND_LINE;
        if (format == VectorFormat.ANSERINI && role != Role.QUERY) {
            throw UserException.at(
                    where,
                    "--format anserini writes topics, which are queries; add --role query, or write"
                            + " documents with run --to file:DIR?format=anserini",
                    null);
        }
        Pruning pruning = JobSettings.PRUNE.parse(prune, where);
        EncoderOptions options =
                modelOptions
                        .toEncoderOptions()
                        .withDocumentTokens(
                                JobSettings.DOCUMENT_TOKENS.parse(documentTokens, where))
                        .withDocumentPruning(pruning)
                        .withQueryPruning(pruning);
        Console console = root.console();
        try (SpladeEncoder encoder =
                        SpladeEncoder.open(model, options, new DownloadProgress(console));
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            Ahead ahead = new Ahead(batcher);
            Thread reader =
                    new Thread(
                            texts.isEmpty() ? () -> ahead.read(console) : ahead::readArguments,
                            "encode-reader");
            reader.setDaemon(true);
            reader.start();
            print(ahead, encoder, new Results(console));
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
                                        + " tokens and cut there.");
            }
        }
        return failed == 0 ? ExitCode.OK : ExitCode.INPUT;
    }

    private void print(Ahead ahead, SpladeEncoder encoder, Results results)
            throws InterruptedException {
        while (true) {
            Pending next = ahead.queue.poll();
            if (next == null) {
                results.flush(); // nothing is waiting: what is there must be seen
                next = ahead.queue.take();
            }
            if (next == END) {
                break;
            }
            if (next.encoded() != null && !next.encoded().isDone()) {
                results.flush();
            }
            String answer = answer(next, encoder);
            if (answer != null) {
                results.line(answer);
            }
            ahead.characters.release(next.characters());
        }
        results.flush();
        if (ahead.broken != null) {
            throw new UserException(
                    "cannot read standard input: " + Failure.of(ahead.broken).message(),
                    ahead.broken);
        }
    }

    /** The line of output, or null if there is none. */
    private String answer(Pending next, SpladeEncoder encoder) throws InterruptedException {
        String error = next.error();
        if (error == null) {
            try {
                SparseVector vector = SparseVector.EMPTY;
                if (next.encoded() != null) {
                    EncodedText encoded = next.encoded().get();
                    truncated += encoded.truncated() ? 1 : 0;
                    vector = encoded.vector();
                }
                if (format != VectorFormat.ANSERINI || vector.size() <= ANSERINI_TERMS) {
                    String formatted = format.format(vector, encoder.tokenizer()::term);
                    return next.topic() == null ? formatted : next.topic() + '\t' + formatted;
                }
                error =
                        vector.size()
                                + " terms, of which Anserini takes "
                                + ANSERINI_TERMS
                                + "; leave some out with --prune top_k="
                                + ANSERINI_TERMS;
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
            // a line that is no topic would make the file unreadable
            root.console().err().println(error);
            return null;
        }
        return JsonText.object("error", error);
    }

    /** Reads ahead, as far as memory is to be spent on it. */
    private final class Ahead {

        private final MicroBatcher batcher;
        private final BlockingQueue<Pending> queue = new LinkedBlockingQueue<>(LOOK_AHEAD);
        private final Semaphore characters = new Semaphore(LOOK_AHEAD_CHARACTERS);
        private volatile Exception broken;

        Ahead(MicroBatcher batcher) {
            this.batcher = batcher;
        }

        void read(Console console) {
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
                broken = e;
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
                queue.put(new Pending(name, topic, 0, null, error));
            } else if (text.isEmpty()) {
                // [CLS][SEP] alone might give terms; an empty line has none
                queue.put(new Pending(name, topic, 0, null, null));
            } else {
                int size = Math.min(text.length(), LOOK_AHEAD_CHARACTERS);
                characters.acquire(size);
                queue.put(new Pending(name, topic, size, batcher.submit(text, role), null));
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
