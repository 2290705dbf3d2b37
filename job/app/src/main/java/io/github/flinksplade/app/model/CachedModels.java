package io.github.flinksplade.app.model;

import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.encoder.ModelStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Lists the models that are available on this machine. */
public final class CachedModels {

    private static final String REPOSITORY = "models--";

    private CachedModels() {}

    /**
     * One line each for the built-in model and the sparse models in the Hugging Face cache.
     *
     * @param environment the environment variables that locate the cache: HF_HUB_CACHE, HF_HOME,
     *     XDG_CACHE_HOME and HOME
     */
    public static List<String> list(Map<String, String> environment) {
        List<String> lines = new ArrayList<>();
        lines.add("builtin:minilm  (built in)");
        for (Path repository : children(ModelStore.hubCache(environment))) {
            String name = repository.getFileName().toString();
            if (!name.startsWith(REPOSITORY)) {
                continue;
            }
            for (Path snapshot : children(repository.resolve("snapshots"))) {
                if (ModelStore.isModel(snapshot)) {
                    lines.add(
                            "hf:"
                                    + name.substring(REPOSITORY.length()).replaceFirst("--", "/")
                                    + "@"
                                    + snapshot.getFileName()
                                    + "  ("
                                    + snapshot
                                    + ")");
                }
            }
        }
        return lines;
    }

    private static List<Path> children(Path directory) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new UserException("cannot read " + directory + ": " + Failure.of(e).message(), e);
        }
    }
}
