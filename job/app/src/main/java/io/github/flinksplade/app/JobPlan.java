package io.github.flinksplade.app;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.DocumentParser;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.JobDefinition.VectorInput;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.flink.api.connector.source.Boundedness;

/**
 * From settings to the parts of a job: the connectors opened and checked, named, the model known.
 */
final class JobPlan {

    private static final String VERSION = "version";
    private static final Set<String> NOT_VERSIONS = Set.of("id", "_id", "text", "op");

    private final JobSettings settings;
    private final List<DocumentSource> sources;
    private final VectorSource vectors;
    private final String model;
    private final List<VectorSink> sinks;
    private final EncoderOptions encoder;
    private List<String> sourceIdentities;
    private List<String> sinkIdentities;

    private JobPlan(
            JobSettings settings,
            List<DocumentSource> sources,
            VectorSource vectors,
            String model,
            List<VectorSink> sinks,
            EncoderOptions encoder) {
        this.settings = settings;
        this.sources = sources;
        this.vectors = vectors;
        this.model = model;
        this.sinks = sinks;
        this.encoder = encoder;
    }

    /** Opens the connectors, which checks their configuration and contacts no server. */
    static JobPlan of(JobSettings settings) {
        List<DocumentSource> sources = new ArrayList<>();
        for (ConnectorUri uri : settings.from()) {
            versionField(uri);
            sources.add(Connectors.of(uri).source(uri.without(VERSION)));
        }
        List<VectorSink> sinks = sinks(settings);
        return new JobPlan(
                settings, sources, null, settings.model(), sinks, encoderOptions(settings));
    }

    /**
     * A job that copies vectors.
     *
     * @param model where their model is, for targets that name terms
     */
    static JobPlan copying(JobSettings settings, VectorSource vectors, String model) {
        return new JobPlan(
                settings, List.of(), vectors, model, sinks(settings), encoderOptions(settings));
    }

    /**
     * The field that contains the version of a source's documents, by the option {@code version} of
     * its URI, which every source has; null if there is none.
     */
    private static String versionField(ConnectorUri source) {
        String field = source.option(VERSION, DocumentParser.VERSION);
        if (field.isBlank() || NOT_VERSIONS.contains(field)) {
            throw new ConnectorException(
                    "version="
                            + field
                            + " in "
                            + source
                            + " is not a field that can contain a version. Write the name of another"
                            + " field, or none");
        }
        return field.equals("none") ? null : field;
    }

    private static List<VectorSink> sinks(JobSettings settings) {
        List<VectorSink> sinks = new ArrayList<>();
        for (ConnectorUri uri : settings.to()) {
            sinks.add(Connectors.of(uri).sink(uri));
        }
        return sinks;
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

    /**
     * Where the sources are, as the state remembers them. Asked for once, since it may take a
     * request to a server.
     *
     * @throws UnreachableException when only a server knows that and it is unavailable
     */
    List<String> sourceIdentities() {
        if (sourceIdentities == null) {
            sourceIdentities = sources.stream().map(DocumentSource::identity).toList();
        }
        return sourceIdentities;
    }

    /** As {@link #sourceIdentities()}, of the targets. */
    List<String> sinkIdentities() {
        if (sinkIdentities == null) {
            sinkIdentities = sinks.stream().map(VectorSink::identity).toList();
        }
        return sinkIdentities;
    }

    /** Checks that the sources can be read. */
    void checkSources() {
        sources.forEach(DocumentSource::check);
    }

    /** The URIs of the targets, for messages. */
    List<String> sinkLocations() {
        return settings.to().stream().map(ConnectorUri::toString).toList();
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
     * Prepares the targets and the dead-letter queue, and puts the job together.
     *
     * @param jobId distinguishes the job from others that write to the same targets
     * @param generation part of the sources' names: in a new generation they are read from their
     *     beginning
     * @param starts how the job starts with the target of that identity
     * @param reindex whether unchanged documents are written again
     * @param unavailable notified, in a sentence, of servers that are unavailable while the job
     *     resumes
     * @throws UnreachableException when a server is unavailable and the job cannot start without
     */
    JobDefinition define(
            String jobId,
            String generation,
            Function<String, StartMode> starts,
            boolean reindex,
            DeadLetterQueue deadLetters,
            Provenance provenance,
            Consumer<String> unavailable) {
        EncoderOptions pinned = encoder.withSha256(provenance.modelSha256());
        List<NamedSource> namedSources = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            namedSources.add(
                    new NamedSource(
                            sourceIdentities().get(i) + generation,
                            sources.get(i),
                            versionField(settings.from().get(i))));
        }
        PreparedDeadLetterQueue preparedDeadLetters = deadLetters.prepare(jobId);
        List<NamedSink> prepared = new ArrayList<>();
        for (int i = 0; i < sinks.size(); i++) {
            String identity = sinkIdentities().get(i);
            SinkContext context =
                    SpladeJob.context(
                            identity,
                            jobId,
                            model,
                            pinned,
                            provenance,
                            settings.allowMixedModels());
            prepared.add(
                    SpladeJob.prepare(sinks.get(i), context, starts.apply(identity), unavailable));
        }
        return new JobDefinition(
                vectors == null
                        ? new DocumentInput(namedSources, model, pinned, provenance)
                        : new VectorInput(vectors),
                prepared,
                preparedDeadLetters,
                PipelineOptions.builder()
                        .skipUnchanged(settings.skipUnchanged())
                        .reindex(reindex)
                        .keepVectors(settings.keepVectors())
                        .maxRecordBytes(settings.maxRecordSize())
                        .maxBytesInFlight(settings.maxBytesInFlight())
                        .capacity(settings.capacity())
                        .stateTtl(settings.stateTtl())
                        .maxDeadLetters(settings.maxDeadLetters())
                        .build());
    }
}
