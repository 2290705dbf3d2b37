package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.local.Signals;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.search.Searcher;
import io.github.flinksplade.serve.ServeOptions;
import io.github.flinksplade.serve.SpladeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code serve}: answers queries over HTTP. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Serves vectors (POST /embed_sparse, as text-embeddings-inference does), searches (POST"
                    + " /search) and a search page over HTTP, until it is stopped.",
            "Without --index, it serves vectors only."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade serve --index lucene:idx",
            "  flink-splade serve --index docs=qdrant://localhost:6334/docs --index lucene:idx",
            "  flink-splade serve --model hf:prithivida/Splade_PP_en_v2 --host 0.0.0.0 \\",
            "    --token-file token",
            "docs/serve.md describes requests, responses and metrics."
        })
final class ServeCommand implements Callable<Integer> {

    private static final Pattern NAMED = Pattern.compile("([\\w.-]+)=([a-z][a-z0-9+.-]*:.*)");

    @ParentCommand private RootCommand root;

    @Option(
            names = "--index",
            paramLabel = "[NAME=]URI",
            description =
                    "An index to search, such as lucene:idx; repeat it for several. The first one is"
                            + " the default. Default of NAME: the last part of the URI's path.")
    private List<String> indexes = new ArrayList<>();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "A job file with the connectors' properties, such as an API key in"
                            + " qdrant.properties.")
    private Path config;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description =
                    "The name or address to listen on. Default: 127.0.0.1. Any other than a loopback"
                            + " address requires --token-file.")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "The port; 0 for any free one. Default: 8080.")
    private String port = "8080";

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description =
                    "A file with the token that clients send as 'Authorization: Bearer TOKEN'."
                            + " Default: no authentication.")
    private Path tokenFile;

    @Option(
            names = "--cors-origin",
            paramLabel = "ORIGIN",
            description =
                    "An origin whose pages may call the server, such as https://example.com, or *;"
                            + " repeat it for several. Default: none.")
    private List<String> corsOrigins = new ArrayList<>();

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "The model of the index. Default: the reference stored in the index, or"
                            + " builtin:minilm without --index.")
    private String model;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description =
                    "The role of the texts of /embed_sparse without a prompt_name: query (default)"
                            + " or document.")
    private Role role = Role.QUERY;

    @Option(
            names = "--document-tokens",
            paramLabel = "N",
            description = "Max tokens of a document. Default: the model's own limit, or 128.")
    private String documentTokens = "0";

    @Option(
            names = "--auto-truncate",
            description =
                    "Truncate the texts of /embed_sparse that are longer, unless the request states"
                            + " it. Default: they are errors.")
    private boolean autoTruncate;

    @Option(
            names = "--max-concurrent-requests",
            paramLabel = "N",
            description = "Max requests in progress; more are answered with 429. Default: 128.")
    private String maxConcurrentRequests = "128";

    @Option(
            names = "--max-client-batch-size",
            paramLabel = "N",
            description = "Max texts of one request. Default: 32.")
    private String maxClientBatchSize = "32";

    @Option(
            names = "--payload-limit",
            paramLabel = "BYTES",
            description = "Max size of a request's body. Default: 2000000.")
    private String payloadLimit = "2000000";

    @Option(
            names = "--max-hits",
            paramLabel = "N",
            description = "Max k of a search. Default: 100.")
    private String maxHits = "100";

    @Option(
            names = "--request-timeout",
            paramLabel = "SECONDS",
            description = "Max duration of a request. Default: 60.")
    private String requestTimeout = "60";

    @Option(
            names = "--shutdown-timeout",
            paramLabel = "SECONDS",
            description = "Max wait for requests in progress when it is stopped. Default: 30.")
    private String shutdownTimeout = "30";

    @Mixin private ModelOptions modelOptions;

    @Override
    public Integer call() throws IOException {
        ServeOptions options = options();
        EncoderOptions encoding =
                modelOptions.toEncoderOptions().toBuilder()
                        .documentTokens(
                                JobSettings.DOCUMENT_TOKENS.parse(
                                        documentTokens, UserException.COMMAND_LINE))
                        .build();
        Map<String, ConnectorUri> named = named();
        if (!named.isEmpty() && role == Role.DOCUMENT) {
            throw invalid(
                    "--role document needs the model of the documents, but with --index only queries"
                            + " are encoded. Start a second server without --index",
                    null);
        }
        CompletableFuture<Integer> stop = new CompletableFuture<>();
        Signals signals = Signals.listen(stop::complete);
        try {
            SpladeServer server = start(named, encoding, options);
            try {
                Results results = new Results(root.console());
                results.line("Listening on " + server.uri());
                results.flush();
                int signal = stop.join();
                signals.close(); // a second signal ends the process
                root.console().err().println("Stopping after the requests in progress ...");
                return ExitCode.SIGNAL + signal;
            } finally {
                server.close();
            }
        } finally {
            signals.close();
        }
    }

    private SpladeServer start(
            Map<String, ConnectorUri> named, EncoderOptions encoding, ServeOptions options)
            throws IOException {
        Console console = root.console();
        DownloadProgress progress = new DownloadProgress(console);
        try {
            return named.isEmpty()
                    ? SpladeServer.start(
                            SpladeEncoder.open(
                                    model == null ? JobSettings.MODEL.defaultText() : model,
                                    encoding,
                                    EnumSet.allOf(Role.class),
                                    progress),
                            options)
                    : SpladeServer.start(
                            named,
                            (uri, provenance) ->
                                    Searcher.openEncoder(
                                            uri, provenance, model, encoding, progress),
                            options);
        } catch (IllegalArgumentException e) {
            throw invalid(e.getMessage(), e);
        }
    }

    private ServeOptions options() {
        String token = tokenFile == null ? null : token();
        try {
            return ServeOptions.builder()
                    .host(host)
                    .port(number("--port", port))
                    .token(token)
                    .corsOrigins(corsOrigins)
                    .role(role)
                    .autoTruncate(autoTruncate)
                    .maxConcurrentRequests(
                            number("--max-concurrent-requests", maxConcurrentRequests))
                    .maxClientBatchSize(number("--max-client-batch-size", maxClientBatchSize))
                    .payloadLimit(number("--payload-limit", payloadLimit))
                    .maxHits(number("--max-hits", maxHits))
                    .requestTimeout(Duration.ofSeconds(number("--request-timeout", requestTimeout)))
                    .shutdownTimeout(
                            Duration.ofSeconds(number("--shutdown-timeout", shutdownTimeout)))
                    .build();
        } catch (IllegalArgumentException e) {
            throw invalid(e.getMessage(), e);
        }
    }

    private String token() {
        try {
            return Files.readString(tokenFile).strip();
        } catch (IOException e) {
            throw new UserException("cannot read --token-file: " + Failure.of(e).message(), e);
        }
    }

    private static int number(String option, String text) {
        if (!text.matches("\\d{1,9}")) {
            throw invalid(option + " '" + text + "' is not a whole number up to 999999999", null);
        }
        return Integer.parseInt(text);
    }

    /** The indexes by name, with the properties of the job file. */
    private Map<String, ConnectorUri> named() {
        Map<String, ConnectorUri> named = new LinkedHashMap<>();
        for (String index : indexes) {
            Matcher matcher = NAMED.matcher(index);
            boolean hasName = matcher.matches();
            ConnectorUri uri = ConnectorUri.parse(hasName ? matcher.group(2) : index);
            String name = hasName ? matcher.group(1) : lastPart(uri);
            if (named.put(name, JobFile.withProperties(uri, config)) != null) {
                throw invalid(
                        "two indexes have the name '"
                                + name
                                + "'. Give one of them another name: --index NAME="
                                + uri,
                        null);
            }
        }
        return named;
    }

    private static String lastPart(ConnectorUri uri) {
        String path = uri.location().replaceAll("/+$", "");
        String last = path.substring(path.lastIndexOf('/') + 1);
        return last.isEmpty() ? uri.scheme() : last;
    }

    private static UserException invalid(String message, Throwable cause) {
        return UserException.at(UserException.COMMAND_LINE, message, cause);
    }
}
