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
     * tokenizer.json}, made or fetched if it is not there yet.
     *
     * @param cache a directory of this product's for what is kept between runs; may not exist yet
     * @throws ModelException when it cannot be had
     */
    Path provide(String reference, Path cache, Progress progress);
}
