package io.github.flinksplade.encoder.model;

import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.environment.HomeDirectory;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/** The directory in which downloaded and derived models are stored. */
public final class ModelCache {

    private ModelCache() {}

    /**
     * @throws ModelException if the options' directory is not a valid path
     */
    public static Path directory(EncoderOptions options, Map<String, String> environment) {
        String directory = options.cacheDirectory();
        if (directory == null) {
            return HomeDirectory.cache(environment).resolve("flink-splade");
        }
        try {
            return Path.of(directory);
        } catch (InvalidPathException e) {
            throw new ModelException(
                    "the cache directory '" + directory + "' is not a valid path: " + e.getReason(),
                    e);
        }
    }
}
