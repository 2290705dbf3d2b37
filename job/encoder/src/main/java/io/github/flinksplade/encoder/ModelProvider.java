package io.github.flinksplade.encoder;

import java.nio.file.Path;

/**
 * Makes models of one kind of reference available on this machine. Providers are found by {@link
 * java.util.ServiceLoader}; local directories need none.
 */
public interface ModelProvider {

    /** Whether this provider is responsible for a reference, by its form alone. */
    boolean accepts(String reference);

    /**
     * Returns a local directory of a model, or the file of the weights in it, creating or
     * downloading it if it does not exist. An existing one is used unchanged: a model does not
     * change between two starts of a job.
     *
     * @param cache the directory in which models are stored between runs; it may not exist
     * @throws ModelException if the model is not available
     */
    Path provide(String reference, Path cache, Progress progress);

    /**
     * As {@link #provide}, but checks the origin of the model for a newer version. Providers whose
     * models never change need not implement it.
     */
    default Path refresh(String reference, Path cache, Progress progress) {
        return provide(reference, cache, progress);
    }
}
