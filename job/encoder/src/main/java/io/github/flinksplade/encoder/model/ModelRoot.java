package io.github.flinksplade.encoder.model;

import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.layout.LocalFolder;
import io.github.flinksplade.encoder.layout.ModelLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The directory of a model, and the graph in it that the user names.
 *
 * @param graph relative to the directory, with slashes
 */
record ModelRoot(Path directory, Optional<String> graph) {

    /** A graph is in the model's directory, in onnx/, or in onnx/ of a module's folder. */
    private static final int MAX_LEVELS = 2;

    private static final String MODULES = "modules.json";

    private static final List<String> GRAPHS =
            List.of(
                    "model.onnx",
                    "onnx/model.onnx",
                    "model.safetensors",
                    "model.safetensors.index.json");

    /** Files that a graph's folder may share with the one above. */
    private static final List<String> SHARED =
            List.of(
                    "tokenizer.json",
                    "vocab.txt",
                    "splade.json",
                    "idf.json",
                    "query_token_weights.txt");

    /** Finds the model of a directory or a graph. */
    static ModelRoot find(Path location) {
        Path path = location.toAbsolutePath().normalize();
        if (!Files.isDirectory(path)) {
            return named(root(path.getParent()), path);
        }
        for (String candidate : GRAPHS) {
            Path graph = path.resolve(candidate);
            if (Files.isRegularFile(graph)) {
                Path root = candidate.contains("/") ? rootOfModule(path) : root(path);
                return root.equals(path)
                        ? new ModelRoot(path, Optional.empty())
                        : named(root, graph);
            }
        }
        return new ModelRoot(path, Optional.empty());
    }

    private static ModelRoot named(Path root, Path graph) {
        return new ModelRoot(
                root, Optional.of(root.relativize(graph).toString().replace('\\', '/')));
    }

    /**
     * The model to which a graph's folder belongs; without modules.json it may be the one above.
     */
    private static Path root(Path folder) {
        Path root = rootOfModule(folder);
        Path parent = folder.getParent();
        boolean isShared =
                root.equals(folder)
                        && !Files.isRegularFile(folder.resolve(MODULES))
                        && parent != null
                        && SHARED.stream()
                                .anyMatch(
                                        name ->
                                                Files.isRegularFile(parent.resolve(name))
                                                        && !Files.exists(folder.resolve(name)));
        return isShared ? parent : root;
    }

    /** The model that has a module in a folder, or in the one above if it is that of a graph. */
    private static Path rootOfModule(Path folder) {
        boolean isGraphFolder = !Files.isRegularFile(folder.resolve("config.json"));
        Path above = folder;
        for (int level = 0; level <= MAX_LEVELS && above != null; level++) {
            if (Files.isRegularFile(above.resolve(MODULES))) {
                ModelFolder files = new LocalFolder(above);
                String path = above.relativize(folder).toString().replace('\\', '/');
                if (level == 0
                        || ModelLayout.hasModule(files, path)
                        || (isGraphFolder || path.endsWith("onnx"))
                                && ModelLayout.hasModule(files, ModelFolder.folderOf(path))) {
                    return above;
                }
            }
            above = above.getParent();
        }
        return folder;
    }
}
