package io.github.flinksplade.encoder.model;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * What a user writes to name a model.
 *
 * @param text a reference that a {@link ModelProvider} accepts, a path or a file URI
 */
public record ModelReference(String text) {

    /**
     * @throws ModelException if it is blank
     */
    public ModelReference {
        if (text == null || text.isBlank()) {
            throw new ModelException(
                    "the model is missing; write builtin:minilm, a directory or hf:owner/name");
        }
    }

    /**
     * Returns the model's directory, or the file of the weights in it, downloading it if necessary.
     *
     * @param cache the cache directory
     * @throws ModelException if there is no such model
     */
    public Path locate(Path cache, Progress progress) {
        return provider()
                .map(provider -> provider.provide(text, cache, progress))
                .orElseGet(this::local);
    }

    /** As {@link #locate}, but checks the origin of the model for a newer version. */
    public Path refresh(Path cache, Progress progress) {
        return provider()
                .map(provider -> provider.refresh(text, cache, progress))
                .orElseGet(this::local);
    }

    private Optional<ModelProvider> provider() {
        return ServiceLoader.load(ModelProvider.class, ModelProvider.class.getClassLoader())
                .stream()
                .map(ServiceLoader.Provider::get)
                .filter(candidate -> candidate.accepts(text))
                .findFirst();
    }

    private Path local() {
        if (text.startsWith("builtin:")) {
            throw new ModelException(
                    "the class path contains no built-in model for '"
                            + text
                            + "'; add flink-splade-builtin-model to it, or name a directory");
        }
        Path path = path();
        if (Files.exists(path)) {
            return path;
        }
        if (text.matches("[A-Za-z][A-Za-z0-9+.-]+:.*") && !text.startsWith("file:")) {
            throw new ModelException(
                    "models from '"
                            + text
                            + "' are not supported; write builtin:minilm, a directory or"
                            + " hf:owner/name[@revision]");
        }
        if (text.matches("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*")) {
            throw new ModelException(
                    "no such directory: "
                            + path.toAbsolutePath()
                            + "; for a Hugging Face repository write hf:"
                            + text);
        }
        throw new ModelException(
                "no such directory: "
                        + path.toAbsolutePath()
                        + "; a model is a directory with tokenizer.json and model.onnx or"
                        + " model.safetensors, builtin:minilm or hf:owner/name");
    }

    private Path path() {
        try {
            if (text.startsWith("file://")) {
                return Path.of(URI.create(text));
            }
            return Path.of(text.startsWith("file:") ? text.substring("file:".length()) : text);
        } catch (InvalidPathException e) {
            throw new ModelException("'" + text + "' is not a valid path: " + e.getReason(), e);
        } catch (IllegalArgumentException e) {
            throw new ModelException("'" + text + "' is not a valid path: " + e.getMessage(), e);
        }
    }
}
