package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.graph.ExternalWeights;
import io.github.flinksplade.environment.EnvironmentProxySelector;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Models of a Hugging Face hub: {@code hf:owner/name[@revision]}, a revision being a branch, a tag
 * or a commit, {@code main} by default.
 *
 * <p>They are kept in the hub's own cache ({@link HubCache}), where other tools find them and where
 * what other tools fetched is found. What is in the cache is taken without asking the hub. The
 * environment is read as the Python library reads it: HF_ENDPOINT, HF_TOKEN (or the token file of a
 * login), HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTPS_PROXY, NO_PROXY.
 */
public final class HubModelProvider implements ModelProvider {

    private static final String PREFIX = "hf:";
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "hf:((?:[A-Za-z0-9][\\w.-]*/)?[A-Za-z0-9][\\w.-]*)(?:@([\\w.][\\w./-]*))?");
    private static final List<String> GRAPHS = List.of("model.onnx", "onnx/model.onnx");
    private static final String TOKENIZER = "tokenizer.json";
    private static final List<String> OPTIONAL = List.of("config.json", "splade.json");
    private static final List<String> CANDIDATES =
            Stream.of(GRAPHS, List.of(TOKENIZER), OPTIONAL).flatMap(List::stream).toList();

    private final Map<String, String> environment;
    private final HubClient.Patience patience;

    /** As the process's environment says. */
    public HubModelProvider() {
        this(
                System.getenv(),
                new HubClient.Patience(Duration.ofMillis(500), Duration.ofSeconds(60)));
    }

    HubModelProvider(Map<String, String> environment, HubClient.Patience patience) {
        this.environment = environment;
        this.patience = patience;
    }

    /** What a reference names. */
    private record Reference(String text, String repository, String revision) {}

    @Override
    public boolean accepts(String reference) {
        return reference.startsWith(PREFIX);
    }

    @Override
    public Path provide(String reference, Path cache, Progress progress) {
        Reference named = parse(reference);
        HubCache hub = new HubCache(cacheDirectory(), named.repository());
        Optional<Path> cached = cached(hub, named);
        if (cached.isPresent()) {
            return cached.get();
        }
        if (offline()) {
            throw new ModelException(
                    reference
                            + " is not complete in the cache "
                            + hub.directory()
                            + " and HF_HUB_OFFLINE forbids fetching it; unset HF_HUB_OFFLINE, or"
                            + " copy that directory from a machine that has it");
        }
        return fetch(hub, named, progress);
    }

    @Override
    public Path refresh(String reference, Path cache, Progress progress) {
        if (offline()) {
            return provide(reference, cache, progress);
        }
        Reference named = parse(reference);
        return fetch(new HubCache(cacheDirectory(), named.repository()), named, progress);
    }

    private static Reference parse(String reference) {
        Matcher matcher = REFERENCE.matcher(reference);
        if (!matcher.matches() || reference.contains("..") || reference.contains("--")) {
            throw new ModelException(
                    "'"
                            + reference
                            + "' does not name a Hugging Face model; write hf:owner/name or"
                            + " hf:owner/name@revision");
        }
        String revision = matcher.group(2) == null ? "main" : matcher.group(2);
        return new Reference(reference, matcher.group(1), revision);
    }

    /** The snapshot in the cache, if it is whole. */
    private static Optional<Path> cached(HubCache hub, Reference named) {
        Optional<Path> snapshot = hub.commit(named.revision()).map(hub::snapshot);
        if (snapshot.isEmpty() || !Files.isRegularFile(snapshot.get().resolve(TOKENIZER))) {
            return Optional.empty();
        }
        for (String name : GRAPHS) {
            Path graph = snapshot.get().resolve(name);
            if (Files.isRegularFile(graph)) {
                boolean whole =
                        externalWeights(graph).stream()
                                .map(graph::resolveSibling)
                                .allMatch(Files::isRegularFile);
                return whole ? snapshot : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static SortedSet<String> externalWeights(Path graph) {
        return ExternalWeights.locations(graph, HubCache.repair(graph).orElseThrow());
    }

    private Path fetch(HubCache hub, Reference named, Progress progress) {
        HubClient client =
                new HubClient(
                        environment.getOrDefault("HF_ENDPOINT", ""),
                        token(),
                        named.repository(),
                        patience,
                        new EnvironmentProxySelector(environment));
        HubClient.Listing listing = client.list(named.text(), named.revision(), CANDIDATES);
        String commit = listing.commit();
        if (!listing.files().contains(TOKENIZER)) {
            throw new ModelException(
                    named.text()
                            + " has no tokenizer.json; use a repository that has the fast"
                            + " tokenizer, or export the model with it into a directory");
        }
        String graph =
                GRAPHS.stream()
                        .filter(listing.files()::contains)
                        .findFirst()
                        .orElseThrow(() -> noGraph(named, listing.files()));
        hub.fetch(client, commit, TOKENIZER, progress);
        for (String name : OPTIONAL) {
            if (listing.files().contains(name)) {
                hub.fetch(client, commit, name, progress);
            }
        }
        Path file = hub.fetch(client, commit, graph, progress);
        String directory = graph.substring(0, graph.lastIndexOf('/') + 1);
        SortedSet<String> external = externalWeights(file);
        for (String location : external) {
            hub.fetch(client, commit, directory + location, progress);
        }
        // last, so that a branch never points at a snapshot that is not whole
        hub.refer(named.revision(), commit);
        return hub.snapshot(commit);
    }

    private static ModelException noGraph(Reference named, Set<String> files) {
        SortedSet<String> graphs = new TreeSet<>(files);
        graphs.removeIf(name -> !name.endsWith(".onnx"));
        return new ModelException(
                named.text()
                        + " has no model.onnx or onnx/model.onnx"
                        + (graphs.isEmpty() ? "" : " (it has " + String.join(", ", graphs) + ")")
                        + "; export it to a directory, for example with optimum-cli export onnx"
                        + " --task fill-mask --model "
                        + named.repository());
    }

    private boolean offline() {
        return isTrue("HF_HUB_OFFLINE") || isTrue("TRANSFORMERS_OFFLINE");
    }

    private boolean isTrue(String name) {
        return Set.of("1", "ON", "YES", "TRUE")
                .contains(environment.getOrDefault(name, "").toUpperCase(Locale.ROOT));
    }

    /** The cache of the hub's tools, which may not exist. */
    public static Path cacheDirectory(Map<String, String> environment) {
        return new HubModelProvider(environment, null).cacheDirectory();
    }

    private Path cacheDirectory() {
        return path("HF_HUB_CACHE")
                .or(() -> path("HUGGINGFACE_HUB_CACHE"))
                .orElseGet(() -> home().resolve("hub"));
    }

    private Path home() {
        return path("HF_HOME")
                .orElseGet(
                        () ->
                                path("XDG_CACHE_HOME")
                                        .orElseGet(() -> userHome().resolve(".cache"))
                                        .resolve("huggingface"));
    }

    private Path userHome() {
        return HomeDirectory.of(environment);
    }

    private Optional<Path> path(String name) {
        String value = environment.getOrDefault(name, "");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    value.equals("~") || value.startsWith("~/")
                            ? userHome().resolve(value.substring(Math.min(2, value.length())))
                            : Path.of(value));
        } catch (InvalidPathException e) {
            throw new ModelException(name + " is no path: " + e.getReason(), e);
        }
    }

    /** The token to send, or null. */
    private String token() {
        for (String name : List.of("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")) {
            String token = environment.getOrDefault(name, "").strip();
            if (!token.isEmpty()) {
                return checked(token, name);
            }
        }
        Path file = path("HF_TOKEN_PATH").orElseGet(() -> home().resolve("token"));
        if (isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") || !Files.isRegularFile(file)) {
            return null;
        }
        try {
            String token = Files.readString(file, StandardCharsets.UTF_8).strip();
            return token.isEmpty() ? null : checked(token, file.toString());
        } catch (IOException e) {
            throw new ModelException("the token file " + file + " cannot be read: " + e, e);
        }
    }

    private static String checked(String token, String where) {
        if (!token.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new ModelException(
                    "what stands in " + where + " is not a token: it has spaces or other letters");
        }
        return token;
    }
}
