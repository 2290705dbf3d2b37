package io.github.flinksplade.app;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetterTarget;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.Target;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.JobDefinition.NamedTarget;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.flink.api.connector.source.Boundedness;

/**
 * From settings to the parts of a job: the connectors opened and checked, named, the model known.
 */
final class JobPlan {

    private final JobSettings settings;
    private final List<DocumentSource> sources;
    private final VectorSource vectors;
    private final String model;
    private final List<Target> targets;
    private final EncoderOptions encoder;

    private JobPlan(
            JobSettings settings,
            List<DocumentSource> sources,
            VectorSource vectors,
            String model,
            List<Target> targets,
            EncoderOptions encoder) {
        this.settings = settings;
        this.sources = sources;
        this.vectors = vectors;
        this.model = model;
        this.targets = targets;
        this.encoder = encoder;
    }

    /** Opens the connectors and checks that the sources can be read. */
    static JobPlan of(JobSettings settings) {
        List<DocumentSource> sources = new ArrayList<>();
        for (Address address : settings.from()) {
            sources.add(Connectors.of(address).source(address));
        }
        List<Target> targets = targets(settings);
        sources.forEach(DocumentSource::check);
        return new JobPlan(
                settings, sources, null, settings.model(), targets, encoderOptions(settings));
    }

    /**
     * A job that copies vectors.
     *
     * @param model where their model is, for targets that name terms
     */
    static JobPlan copying(JobSettings settings, VectorSource vectors, String model) {
        return new JobPlan(
                settings, List.of(), vectors, model, targets(settings), encoderOptions(settings));
    }

    private static List<Target> targets(JobSettings settings) {
        List<Target> targets = new ArrayList<>();
        for (Address address : settings.to()) {
            targets.add(Connectors.of(address).target(address));
        }
        return targets;
    }

    private static EncoderOptions encoderOptions(JobSettings settings) {
        return EncoderOptions.defaults()
                .withDocumentTokens(settings.documentTokens())
                .withDocumentPruning(settings.prune())
                .withPrecision(settings.precision())
                .withThreads(settings.threads())
                .withDevice(settings.device())
                .withBatchTokens(settings.batchTokens())
                .withDeviceMemory(settings.deviceMemory())
                .withSha256(settings.modelSha256())
                .withCacheDirectory(settings.modelCache());
    }

    /** Whether every source has an end. */
    boolean isBounded() {
        return sources.stream()
                .allMatch(source -> source.source().getBoundedness() == Boundedness.BOUNDED);
    }

    /** The addresses read from, as they are kept in the manifest. */
    List<String> sourceNames() {
        return settings.from().stream().map(Address::toString).toList();
    }

    List<String> targetNames() {
        return settings.to().stream().map(Address::toString).toList();
    }

    /** Opens the model to learn what it is; vectors that are copied say it themselves. */
    Provenance provenance(Progress progress) {
        if (vectors != null) {
            return vectors.provenance();
        }
        // where a job is submitted there need be no GPU
        EncoderOptions here = encoder.withDevice(Device.CPU);
        try (SpladeEncoder opened = SpladeEncoder.open(model, here, progress)) {
            return SpladeJob.provenance(opened);
        }
    }

    /**
     * The job.
     *
     * @param jobId told apart from other jobs' in the names of targets
     * @param generation part of the sources' names: under a new one they are read from their
     *     beginning
     */
    JobDefinition define(
            String jobId,
            int generation,
            boolean resend,
            DeadLetterTarget deadLetters,
            Provenance provenance) {
        List<NamedSource> namedSources = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            namedSources.add(
                    new NamedSource(
                            "from-" + digest(settings.from().get(i).toString()) + "-g" + generation,
                            sources.get(i)));
        }
        List<NamedTarget> namedTargets = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            namedTargets.add(
                    new NamedTarget(targetName(settings.to().get(i), jobId), targets.get(i)));
        }
        return new JobDefinition(
                namedSources,
                vectors,
                namedTargets,
                deadLetters,
                model,
                encoder.withSha256(provenance.modelSha256()),
                provenance,
                new PipelineOptions(
                        settings.gate(),
                        resend,
                        settings.keepVectors(),
                        settings.maxRecordSize(),
                        settings.maxBytesInFlight(),
                        settings.capacity(),
                        settings.stateTtl(),
                        settings.allowMixedModels()));
    }

    /**
     * Asks each target whether it can be written.
     *
     * @param known the addresses that the job's checkpoint knows
     * @param refilled whether these are sent everything again
     * @param away is told of servers that are away
     * @return the job to define
     */
    JobDefinition checkTargets(
            JobDefinition job, List<String> known, boolean refilled, Consumer<String> away) {
        Map<String, StartMode> starts = new HashMap<>();
        for (int i = 0; i < targets.size(); i++) {
            boolean isKnown = known.contains(settings.to().get(i).toString());
            starts.put(
                    job.targets().get(i).name(),
                    !isKnown ? StartMode.NEW : refilled ? StartMode.REFILL : StartMode.RESUME);
        }
        return SpladeJob.checkTargets(job, starts::get, away);
    }

    /** {@code kafka-1a2b3c4d-} and the job's id: stable over restarts, unique among jobs. */
    static String targetName(Address address, String jobId) {
        return address.scheme().replaceAll("[^a-z0-9]", "-")
                + "-"
                + digest(address.toString())
                + "-"
                + jobId;
    }

    /** 8 hexadecimal digits. */
    static String digest(String text) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
