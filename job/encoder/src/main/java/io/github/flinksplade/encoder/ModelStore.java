package io.github.flinksplade.encoder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.hub.HubModelProvider;
import io.github.flinksplade.encoder.model.DerivedModels;
import io.github.flinksplade.encoder.model.ModelDigests;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Finds models by reference, fetching them where needed.
 *
 * <p>A reference is what a {@link ModelProvider} on the class path accepts ({@code builtin:minilm},
 * {@code hf:owner/name[@revision]}), or a local directory that holds {@code model.onnx} or {@code
 * onnx/model.onnx}, or an ONNX file itself. {@code tokenizer.json} and the optional {@code
 * splade.json} lie beside the ONNX file or one level up.
 */
public final class ModelStore {

    private static final String GIT_LFS = "version https://git-lfs.github.com/spec/";
    private static final List<String> GRAPHS = List.of("model.onnx", "onnx/model.onnx");
    private static final int MOST_TOKENS = 1_000_000;

    private ModelStore() {}

    /**
     * The files of a model. What has been fetched before is not fetched again.
     *
     * @throws ModelException when it cannot be had, lacks a file, or is not the one pinned by
     *     {@link EncoderOptions#sha256()}
     */
    public static ModelFiles resolve(String reference, EncoderOptions options, Progress progress) {
        return resolve(reference, options, progress, false, true);
    }

    /**
     * As {@link #resolve}, but a model that is fetched from elsewhere is looked for again there: a
     * branch is followed to its newest commit, and a file that is damaged here is fetched again.
     */
    public static ModelFiles pull(String reference, EncoderOptions options, Progress progress) {
        return resolve(reference, options, progress, true, true);
    }

    /**
     * As {@link #resolve}, but each file is read and its digest computed, also where its size and
     * time are those of an earlier check.
     *
     * @throws ModelException also when a file in the hub's cache does not match the digest that is
     *     its name
     */
    public static ModelFiles verify(String reference, EncoderOptions options, Progress progress) {
        return resolve(reference, options, progress, false, false);
    }

    private static ModelFiles resolve(
            String reference,
            EncoderOptions options,
            Progress progress,
            boolean refresh,
            boolean trustUnchanged) {
        if (reference == null || reference.isBlank()) {
            throw new ModelException(
                    "no model is named; write builtin:minilm, a directory or hf:owner/name");
        }
        String pin = pin(options);
        Path cache = cache(options);
        Optional<ModelProvider> provider =
                ServiceLoader.load(ModelProvider.class, ModelProvider.class.getClassLoader())
                        .stream()
                        .map(ServiceLoader.Provider::get)
                        .filter(candidate -> candidate.accepts(reference))
                        .findFirst();
        Path place;
        if (provider.isEmpty()) {
            place = local(reference);
        } else if (refresh) {
            place = provider.get().refresh(reference, cache, progress);
        } else {
            place = provider.get().provide(reference, cache, progress);
        }
        ModelDigests digests = new ModelDigests(cache, trustUnchanged, progress);
        return files(reference, place, pin, digests);
    }

    /**
     * A model in the options' precision, made if it was not before and kept under the model's hash.
     * Its name and digests are those of the model it was made of.
     *
     * @throws ModelException when it cannot be made or kept
     */
    public static ModelFiles inPrecision(
            ModelFiles files, EncoderOptions options, Progress progress) {
        if (options.precision() == Precision.FP32) {
            return files;
        }
        Path graph =
                DerivedModels.provide(
                        files.graph(),
                        options.precision(),
                        files.sha256(),
                        cache(options).resolve("models"),
                        progress);
        return new ModelFiles(
                files.name(),
                graph,
                files.tokenizer(),
                files.sha256(),
                files.tokenizerSha256(),
                files.documentTokens(),
                files.queryTokens());
    }

    /**
     * Writes a model with its matrix products in 8-bit integers into a directory, with its
     * tokenizer and its limits beside it: a model like any other.
     *
     * @throws ModelException when it cannot be made or written
     */
    public static void quantize(ModelFiles files, Path directory, Progress progress) {
        DerivedModels.write(
                files.graph(), Precision.INT8, directory.resolve("model.onnx"), progress);
        try {
            Files.copy(
                    files.tokenizer(),
                    directory.resolve("tokenizer.json"),
                    StandardCopyOption.REPLACE_EXISTING);
            if (files.documentTokens() > 0 || files.queryTokens() > 0) {
                ObjectNode limits = new ObjectMapper().createObjectNode();
                if (files.documentTokens() > 0) {
                    limits.put("document_tokens", files.documentTokens());
                }
                if (files.queryTokens() > 0) {
                    limits.put("query_tokens", files.queryTokens());
                }
                Files.writeString(directory.resolve("splade.json"), limits.toString());
            }
        } catch (IOException e) {
            throw new ModelException(directory + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** The product's own directory for what is kept between runs, as the options have it. */
    public static Path cache(EncoderOptions options) {
        return cache(options, System.getenv());
    }

    /** The same in another environment. */
    static Path cache(EncoderOptions options, Map<String, String> environment) {
        String chosen = options.cacheDirectory();
        if (chosen != null) {
            try {
                return Path.of(chosen);
            } catch (InvalidPathException e) {
                throw new ModelException(
                        "the cache directory '" + chosen + "' is no path: " + e.getReason(), e);
            }
        }
        return HomeDirectory.cache(environment).resolve("flink-splade");
    }

    /** The cache of Hugging Face's tools in an environment; it may not exist. */
    public static Path hubCache(Map<String, String> environment) {
        return HubModelProvider.cacheDirectory(environment);
    }

    private static String pin(EncoderOptions options) {
        if (options.sha256() == null) {
            return null;
        }
        String pin = options.sha256().strip().toLowerCase(Locale.ROOT);
        if (!pin.matches("[0-9a-f]{64}")) {
            throw new ModelException(
                    "the pinned SHA-256 '"
                            + options.sha256()
                            + "' is not one: write 64 hexadecimal digits");
        }
        return pin;
    }

    private static Path local(String reference) {
        if (reference.startsWith("builtin:")) {
            throw new ModelException(
                    "there are no built-in models on the class path for '"
                            + reference
                            + "'; add flink-splade-builtin-model to it, or name a directory");
        }
        Path place;
        try {
            if (reference.startsWith("file://")) {
                place = Path.of(URI.create(reference));
            } else if (reference.startsWith("file:")) {
                place = Path.of(reference.substring("file:".length()));
            } else {
                place = Path.of(reference);
            }
        } catch (InvalidPathException e) {
            throw new ModelException("'" + reference + "' is no path: " + e.getReason(), e);
        } catch (IllegalArgumentException e) {
            throw new ModelException("'" + reference + "' is no path: " + e.getMessage(), e);
        }
        if (Files.exists(place)) {
            return place;
        }
        if (reference.matches("[A-Za-z][A-Za-z0-9+.-]+:.*") && !reference.startsWith("file:")) {
            throw new ModelException(
                    "nothing here fetches models from '"
                            + reference
                            + "'; write builtin:minilm, a directory or hf:owner/name[@revision]");
        }
        if (reference.matches("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*")) {
            throw new ModelException(
                    "no such directory: "
                            + place.toAbsolutePath()
                            + "; if a Hugging Face repository is meant, write hf:"
                            + reference);
        }
        throw new ModelException(
                "no such directory: "
                        + place.toAbsolutePath()
                        + "; a model is a directory with model.onnx and tokenizer.json,"
                        + " builtin:minilm or hf:owner/name");
    }

    private static ModelFiles files(String name, Path place, String pin, ModelDigests digests) {
        Path graph = Files.isDirectory(place) ? graph(place) : place;
        Path tokenizer =
                besideOrAbove(graph, "tokenizer.json")
                        .orElseThrow(
                                () ->
                                        new ModelException(
                                                "no tokenizer.json beside "
                                                        + graph.toAbsolutePath()
                                                        + " or one level up; export the model"
                                                        + " together with its fast tokenizer"));
        refusePointer(graph);
        refusePointer(tokenizer);
        String sha256 = digests.model(graph);
        if (pin != null && !pin.equals(sha256)) {
            throw new ModelException(
                    "the model "
                            + name
                            + " has SHA-256 "
                            + sha256
                            + " but "
                            + pin
                            + " is pinned; use the pinned model, or pin this one");
        }
        int[] limits = {0, 0};
        besideOrAbove(graph, "splade.json")
                .ifPresent(
                        file -> {
                            digests.file(file);
                            readLimits(file, limits);
                        });
        return new ModelFiles(
                name, graph, tokenizer, sha256, digests.file(tokenizer), limits[0], limits[1]);
    }

    private static Path graph(Path directory) {
        for (String candidate : GRAPHS) {
            if (Files.isRegularFile(directory.resolve(candidate))) {
                return directory.resolve(candidate);
            }
        }
        Set<String> others = new TreeSet<>();
        try (Stream<Path> files = Files.walk(directory, 2)) {
            files.filter(file -> file.getFileName().toString().endsWith(".onnx"))
                    .forEach(file -> others.add(directory.relativize(file).toString()));
        } catch (IOException | UncheckedIOException e) {
            throw new ModelException(
                    "the directory " + directory.toAbsolutePath() + " cannot be read: " + e, e);
        }
        throw new ModelException(
                "no model.onnx or onnx/model.onnx in "
                        + directory.toAbsolutePath()
                        + (others.isEmpty()
                                ? "; export the model to ONNX, for example with optimum-cli export"
                                        + " onnx --task fill-mask"
                                : "; it has "
                                        + String.join(", ", others)
                                        + ": name the file itself to use it"));
    }

    private static Optional<Path> besideOrAbove(Path graph, String name) {
        Path directory = graph.toAbsolutePath().getParent();
        return Stream.of(directory, directory.getParent())
                .filter(candidate -> candidate != null)
                .map(candidate -> candidate.resolve(name))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** What git leaves in place of a large file when it was cloned without Git LFS. */
    private static void refusePointer(Path file) {
        try {
            if (Files.size(file) < 1024
                    && new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                            .startsWith(GIT_LFS)) {
                throw new ModelException(
                        file.toAbsolutePath()
                                + " is a Git LFS pointer, not the file itself; run git lfs pull in"
                                + " that repository");
            }
        } catch (IOException e) {
            throw new ModelException(file.toAbsolutePath() + " cannot be read: " + e, e);
        }
    }

    private static void readLimits(Path file, int[] limits) {
        JsonNode json;
        try {
            json =
                    new ObjectMapper()
                            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                            .readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    file.toAbsolutePath() + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException(file.toAbsolutePath() + " cannot be read: " + e, e);
        }
        if (!json.isObject()) {
            throw new ModelException(
                    file.toAbsolutePath()
                            + " must hold one JSON object such as {\"document_tokens\": 128,"
                            + " \"query_tokens\": 64}");
        }
        json.properties()
                .forEach(
                        field -> {
                            int which =
                                    switch (field.getKey()) {
                                        case "document_tokens" -> 0;
                                        case "query_tokens" -> 1;
                                        default ->
                                                throw new ModelException(
                                                        file.toAbsolutePath()
                                                                + " has an unknown field '"
                                                                + field.getKey()
                                                                + "'; known are document_tokens"
                                                                + " and query_tokens");
                                    };
                            JsonNode value = field.getValue();
                            if (!value.isIntegralNumber()
                                    || !value.canConvertToInt()
                                    || value.intValue() < 1
                                    || value.intValue() > MOST_TOKENS) {
                                throw new ModelException(
                                        file.toAbsolutePath()
                                                + ": "
                                                + field.getKey()
                                                + " must be a whole number from 1 to "
                                                + MOST_TOKENS
                                                + ", not "
                                                + value);
                            }
                            limits[which] = value.intValue();
                        });
    }
}
