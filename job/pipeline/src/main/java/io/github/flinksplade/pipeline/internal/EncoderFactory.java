package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.Tokenizer;
import java.io.Serializable;
import java.util.EnumSet;
import org.apache.flink.api.common.functions.RuntimeContext;

/**
 * Opens the encoder where it is used. Equal factories open equal encoders, so they share an engine
 * within a process.
 */
public interface EncoderFactory extends Serializable {

    /** The usual name of the external resource of Flink's GPU plugin. */
    String GPU_RESOURCE = "gpu";

    SpladeEncoder open();

    /** Opens only the tokenizer. */
    Tokenizer openTokenizer();

    /** A factory that opens the encoder on this GPU, unless a device is configured. */
    EncoderFactory onGpu(int number);

    /** A factory for the first GPU that Flink assigned to this task manager, if there is one. */
    default EncoderFactory onAssignedGpu(RuntimeContext context) {
        return context.getExternalResourceInfos(GPU_RESOURCE).stream()
                .flatMap(gpu -> gpu.getProperty("index").stream())
                .map(Integer::valueOf)
                .min(Integer::compare)
                .map(this::onGpu)
                .orElse(this);
    }

    /** A factory for the encoder of a model. */
    record OfModel(String model, EncoderOptions options) implements EncoderFactory {

        private static final long serialVersionUID = 1L;

        @Override
        public SpladeEncoder open() {
            return SpladeEncoder.open(model, options, EnumSet.of(Role.DOCUMENT), Progress.SILENT);
        }

        @Override
        public Tokenizer openTokenizer() {
            return SpladeEncoder.openTokenizer(model, options);
        }

        @Override
        public EncoderFactory onGpu(int number) {
            return new OfModel(
                    model, options.toBuilder().device(options.device().orNumber(number)).build());
        }
    }

    /** The provenance of the document vectors of an open encoder. */
    static Provenance provenance(SpladeEncoder encoder) {
        return new Provenance(
                encoder.info().name(),
                encoder.info().sha256(),
                encoder.info().tokenizerSha256(),
                encoder.info().precision(),
                encoder.options().documentPruning().toString(),
                encoder.info().documentTokens(),
                encoder.options().queryModel());
    }
}
