package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.environment.EnvironmentProxySelector;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Provides models of a Hugging Face hub: {@code hf:owner/name[@revision][#file]}. A revision is a
 * branch, a tag or a commit; the default is {@code main}. A file is that of the weights, such as
 * {@code onnx/model_quantized.onnx}; by default {@code model.onnx}, {@code onnx/model.onnx} or the
 * safetensors files are used.
 *
 * <p>Models are stored in the cache that all of the hub's tools share, see {@link HubRepository}. A
 * model that is in the cache is used without contacting the hub. {@link HubEnvironment} describes
 * the environment variables; HTTPS_PROXY and NO_PROXY apply too.
 */
public final class HubModelProvider implements ModelProvider {

    private static final String PREFIX = "hf:";
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "hf:((?:[A-Za-z0-9][\\w.-]*/)?[A-Za-z0-9][\\w.-]*)(?:@([\\w.][\\w./-]*))?(?:#([^\\\\]+))?");

    private final HubEnvironment environment;
    private final HubHttp.RetryPolicy retryPolicy;

    /** Uses the environment of the process. */
    public HubModelProvider() {
        this(
                System.getenv(),
                new HubHttp.RetryPolicy(Duration.ofMillis(500), Duration.ofSeconds(60)));
    }

    HubModelProvider(Map<String, String> environment, HubHttp.RetryPolicy retryPolicy) {
        this.environment = new HubEnvironment(environment);
        this.retryPolicy = retryPolicy;
    }

    /** The cache directory of the hub's tools in an environment; it may not exist. */
    public static Path cacheDirectory(Map<String, String> environment) {
        return new HubEnvironment(environment).cacheDirectory();
    }

    private record Reference(
            String text, String repository, String revision, Optional<String> graph) {

        /** What the caller opens: the file that the user names, or the model's directory. */
        Path in(Path snapshot) {
            return graph.map(snapshot::resolve).orElse(snapshot);
        }
    }

    @Override
    public boolean accepts(String reference) {
        return reference.startsWith(PREFIX);
    }

    @Override
    public Path provide(String reference, Path cache, Progress progress) {
        Reference parsed = parse(reference);
        HubRepository repository = repository(parsed);
        Optional<Path> cached = repository.cachedModel(parsed.revision(), parsed.graph());
        if (cached.isPresent()) {
            return parsed.in(cached.get());
        }
        if (environment.isOffline()) {
            return repository
                    .incompleteModel(parsed.revision(), parsed.graph(), progress)
                    .map(parsed::in)
                    .orElseThrow(
                            () ->
                                    new ModelException(
                                            reference
                                                    + " is not complete in the cache "
                                                    + repository.directory()
                                                    + " and HF_HUB_OFFLINE disables downloads;"
                                                    + " unset HF_HUB_OFFLINE, or copy that"
                                                    + " directory from a machine that has the"
                                                    + " model"));
        }
        return fetch(repository, parsed, progress);
    }

    @Override
    public Path refresh(String reference, Path cache, Progress progress) {
        if (environment.isOffline()) {
            return provide(reference, cache, progress);
        }
        Reference parsed = parse(reference);
        return fetch(repository(parsed), parsed, progress);
    }

    private HubRepository repository(Reference reference) {
        return new HubRepository(environment.cacheDirectory(), reference.repository());
    }

    private Path fetch(HubRepository repository, Reference reference, Progress progress) {
        HubClient client =
                new HubClient(
                        new HubHttp(
                                environment.endpoint(),
                                environment.token(),
                                retryPolicy,
                                new EnvironmentProxySelector(environment.variables())),
                        reference.repository());
        return reference.in(
                repository.fetchModel(
                        client,
                        reference.revision(),
                        reference.graph(),
                        reference.text(),
                        progress));
    }

    private static Reference parse(String reference) {
        Matcher matcher = REFERENCE.matcher(reference);
        if (!matcher.matches()
                || reference.contains("..")
                || matcher.group(1).contains("--")
                || reference.contains("#/")) {
            throw new ModelException(
                    "'"
                            + reference
                            + "' is not a valid Hugging Face model; write hf:owner/name,"
                            + " hf:owner/name@revision or hf:owner/name#onnx/file.onnx");
        }
        String revision = matcher.group(2) == null ? "main" : matcher.group(2);
        return new Reference(
                reference, matcher.group(1), revision, Optional.ofNullable(matcher.group(3)));
    }
}
