package io.github.flinksplade.encoder.architecture;

/** A kind of masked language model. */
interface Architecture {

    /**
     * Adds a model's graph.
     *
     * @return the logits, [batch, tokens, vocabulary]
     * @throws io.github.flinksplade.encoder.ModelException if the configuration has a value that is
     *     not understood, or a weight is missing
     */
    String addTo(GraphParts parts, ModelConfig config, ModelWeights weights);

    /** The number of terms that the configuration states. */
    int vocabulary(ModelConfig config);
}
