package io.github.flinksplade.encoder;

/** Finds models by reference, fetching them where needed. */
public final class ModelStore {

    private ModelStore() {}

    /**
     * The files of a model.
     *
     * @throws ModelException when it cannot be had, lacks a file, or is not the one pinned by
     *     {@link EncoderOptions#sha256()}
     */
    public static ModelFiles resolve(String reference, EncoderOptions options, Progress progress) {
        throw new ModelException("not yet");
    }
}
