package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.architecture.ModelGraph;
import io.github.flinksplade.encoder.graph.ExternalWeights;
import io.github.flinksplade.encoder.hub.HubModelProvider;
import io.github.flinksplade.encoder.layout.ModelLayout;
import io.github.flinksplade.encoder.model.DerivedModels;
import io.github.flinksplade.encoder.model.MetadataWriter;
import io.github.flinksplade.encoder.model.ModelCache;
import io.github.flinksplade.encoder.model.ModelDigests;
import io.github.flinksplade.encoder.model.ModelDirectory;
import io.github.flinksplade.encoder.model.ModelReference;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Finds models by reference and downloads them if necessary.
 *
 * <p>A reference is one that a {@link ModelProvider} on the class path accepts ({@code
 * builtin:minilm}, {@code hf:owner/name[@revision][#file]}), or a local directory, or the file of
 * the weights in one. A directory contains {@code model.onnx}, {@code onnx/model.onnx} or {@code
 * model.safetensors}, and a tokenizer; {@link ModelMetadata} describes what its other files state.
 */
public final class ModelStore {

    private ModelStore() {}

    /**
     * Returns the files of a model. Files that were downloaded before are not downloaded again.
     *
     * @throws ModelException if the model is not available, lacks a file, or does not have the
     *     SHA-256 of {@link EncoderOptions#sha256()}
     */
    public static ModelFiles resolve(String reference, EncoderOptions options, Progress progress) {
        return resolve(reference, options, progress, false, true);
    }

    /**
     * As {@link #resolve}, but also looks for a newer version: a branch is followed to its newest
     * commit, and a damaged file is downloaded again.
     */
    public static ModelFiles pull(String reference, EncoderOptions options, Progress progress) {
        return resolve(reference, options, progress, true, true);
    }

    /**
     * As {@link #resolve}, but reads every file and computes its digest, even if size and time are
     * unchanged since an earlier check.
     *
     * @throws ModelException also if a file in the hub's cache does not match the digest that is
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
        ModelReference parsed = new ModelReference(reference);
        Path cache = cache(options);
        ModelDirectory directory =
                new ModelDirectory(
                        new ModelDigests(cache, trustUnchanged, progress),
                        options.sha256(),
                        progress);
        Path location = refresh ? parsed.refresh(cache, progress) : parsed.locate(cache, progress);
        return directory.files(reference, location);
    }

    /** Whether a directory contains a model that can be opened, by its metadata alone. */
    public static boolean isModel(Path directory) {
        return ModelDirectory.contains(directory);
    }

    /**
     * Downloads the files that a model consists of, and no others.
     *
     * @param graph the file of the weights if the user names one
     * @throws ModelException if one is missing, or states something that is not supported
     */
    public static void fetch(ModelFolder folder, Optional<String> graph) {
        ModelLayout.read(folder, graph)
                .graphs()
                .forEach(
                        (name, file) ->
                                ExternalWeights.locations(file, "copy it again")
                                        .forEach(
                                                location ->
                                                        fetch(
                                                                folder,
                                                                ModelFolder.sibling(
                                                                        name, location))));
    }

    private static void fetch(ModelFolder folder, String weights) {
        if (!folder.contains(weights)) {
            throw new ModelException(
                    folder.location(weights)
                            + " is missing, but an ONNX file next to it has weights in it; copy it"
                            + " there");
        }
        folder.file(weights);
    }

    /**
     * Returns a model in the options' precision. A conversion is done once and stored under the
     * model's digest. Its name and digests remain those of the original.
     *
     * @throws ModelException if it cannot be converted or stored
     */
    static ModelFiles inPrecision(ModelFiles files, EncoderOptions options, Progress progress) {
        return DerivedModels.provide(
                files, options.precision(), cache(options).resolve("models"), progress);
    }

    /**
     * Writes an int8 model to a directory, with its tokenizer, its token limits and its other
     * metadata. The result is a model like any other.
     *
     * @throws ModelException if it cannot be quantized or written
     */
    public static void quantize(
            ModelFiles files, EncoderOptions options, Path directory, Progress progress) {
        MetadataWriter companions = new MetadataWriter(files, directory);
        ModelFiles wide =
                DerivedModels.provide(
                        files, Precision.FP32, cache(options).resolve("models"), progress);
        DerivedModels.write(wide.graph(), Precision.INT8, directory, progress);
        companions.write();
    }

    /**
     * Returns a model's graph as an ONNX file: its own, or {@code model.onnx} written to a
     * directory.
     *
     * @throws ModelException if it cannot be written
     */
    public static Path onnx(
            ModelFiles files, EncoderOptions options, Path directory, Progress progress) {
        Path graph =
                DerivedModels.provide(
                                files, Precision.FP32, cache(options).resolve("models"), progress)
                        .graph();
        if (!ModelGraph.isWritten(graph)) {
            return graph;
        }
        DerivedModels.write(graph, Precision.FP32, directory, progress);
        return directory.resolve("model.onnx");
    }

    /** The directory in which downloaded and derived models are stored. */
    public static Path cache(EncoderOptions options) {
        return cache(options, System.getenv());
    }

    static Path cache(EncoderOptions options, Map<String, String> environment) {
        return ModelCache.directory(options, environment);
    }

    /** The cache directory of Hugging Face's tools in an environment; it may not exist. */
    public static Path hubCache(Map<String, String> environment) {
        return HubModelProvider.cacheDirectory(environment);
    }
}
