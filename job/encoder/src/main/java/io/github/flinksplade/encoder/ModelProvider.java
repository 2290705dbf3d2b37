package io.github.flinksplade.encoder;

import java.nio.file.Path;

/**
 * Brings models of one kind of reference onto this machine; found by {@link
 * java.util.ServiceLoader}. Directories need none.
 */
public interface ModelProvider {

    /** Whether this provider is the one for the reference, by its form alone. */
    boolean accepts(String reference);

    /**
     * A local directory with {@code model.onnx} (or {@code onnx/model.onnx}) and {@code
     * tokenizer.json}, made or fetched if it is not there yet. One that is there is taken as it is:
     * a model does not change between two starts of a job.
     *
     * @param cache a directory of this product's for what is kept between runs; may not exist yet
     * @throws ModelException when it cannot be had
     */
    Path provide(String reference, Path cache, Progress progress);

    /**
     * As {@link #provide}, but where the model comes from is asked whether there is a newer one. A
     * provider whose models never change need not implement it.
     */
    default Path refresh(String reference, Path cache, Progress progress) {
        return provide(reference, cache, progress);
    }
}
