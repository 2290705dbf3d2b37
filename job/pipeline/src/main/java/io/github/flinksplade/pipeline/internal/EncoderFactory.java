package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.io.Serializable;

/**
 * Opens the encoder where it is used. Equal factories open equal encoders: the engines of a process
 * are shared by them.
 */
public interface EncoderFactory extends Serializable {

    SpladeEncoder open();

    /** The encoder of a model. */
    record OfModel(String model, EncoderOptions options) implements EncoderFactory {

        private static final long serialVersionUID = 1L;

        @Override
        public SpladeEncoder open() {
            return SpladeEncoder.open(model, options);
        }
    }

    /** What makes the document vectors of an open encoder. */
    static Provenance provenance(SpladeEncoder encoder) {
        return new Provenance(
                encoder.info().name(),
                encoder.info().sha256(),
                encoder.info().tokenizerSha256(),
                encoder.info().precision(),
                encoder.options().documentPruning().toString(),
                encoder.info().documentTokens());
    }
}
