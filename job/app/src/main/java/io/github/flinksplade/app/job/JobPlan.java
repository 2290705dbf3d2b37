package io.github.flinksplade.app.job;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetMissingException;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.JobDefinition.VectorInput;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.apache.flink.api.connector.source.Boundedness;

/**
 * The parts of a job that its settings describe: the opened connectors and the encoder's options.
 */
public final class JobPlan {

    private final JobSettings settings;
    private final List<DocumentSource> sources;

    /** The mapping of each source. */
    private final List<DocumentMapping> mappings;

    private final VectorSource vectors;
    private final String model;
    private final List<VectorSink> sinks;
    private final EncoderOptions encoder;
    private List<String> sourceIdentities;
    private List<String> sinkIdentities;

    private JobPlan(
            JobSettings settings,
            List<DocumentSource> sources,
            List<DocumentMapping> mappings,
            VectorSource vectors,
            String model,
            List<VectorSink> sinks,
            EncoderOptions encoder) {
        this.settings = settings;
        this.sources = sources;
        this.mappings = mappings;
        this.vectors = vectors;
        this.model = model;
        this.sinks = sinks;
        this.encoder = encoder;
    }

    /** Opens the connectors, which checks their configuration and contacts no server. */
    public static JobPlan of(JobSettings settings) {
        List<DocumentSource> sources = new ArrayList<>();
        List<DocumentMapping> mappings = new ArrayList<>();
        for (ConnectorUri uri : settings.get(JobSettings.FROM)) {
            mappings.add(DocumentMapping.of(uri));
            sources.add(Connectors.of(uri).source(DocumentMapping.withoutOptions(uri)));
        }
        List<VectorSink> sinks = sinks(settings);
        return new JobPlan(
                settings,
                sources,
                mappings,
                null,
                settings.get(JobSettings.MODEL),
                sinks,
                encoderOptions(settings));
    }

    /**
     * A job that copies vectors.
     *
     * @param model reference of the model that encoded them, for sinks that write terms
     */
    public static JobPlan copying(JobSettings settings, VectorSource vectors, String model) {
        return new JobPlan(
                settings,
                List.of(),
                List.of(),
                vectors,
                model,
                sinks(settings),
                encoderOptions(settings));
    }

    private static List<VectorSink> sinks(JobSettings settings) {
        List<VectorSink> sinks = new ArrayList<>();
        for (ConnectorUri uri : settings.get(JobSettings.TO)) {
            sinks.add(Connectors.of(uri).sink(uri));
        }
        return sinks;
    }

    private static EncoderOptions encoderOptions(JobSettings settings) {
        return EncoderOptions.builder()
                .documentTokens(settings.get(JobSettings.DOCUMENT_TOKENS))
                .documentPruning(settings.get(JobSettings.PRUNE))
                .precision(settings.get(JobSettings.PRECISION))
                .threads(settings.get(JobSettings.THREADS))
                .device(settings.get(JobSettings.DEVICE))
                .batchTokens(settings.get(JobSettings.BATCH_TOKENS))
                .deviceMemory(settings.get(JobSettings.DEVICE_MEMORY))
                .sha256(settings.get(JobSettings.MODEL_SHA256))
                .cacheDirectory(settings.get(JobSettings.MODEL_CACHE))
                .build();
    }

    /** Whether every source is bounded. */
    public boolean isBounded() {
        return sources.stream().allMatch(JobPlan::isBounded);
    }

    private static boolean isBounded(DocumentSource source) {
        return source.source().getBoundedness() == Boundedness.BOUNDED;
    }

    /**
     * The identities of the sources, as stored in the state. Determined once, since that may
     * require a request to a server.
     *
     * @throws UnreachableException when this requires a server that is unavailable
     */
    public List<String> sourceIdentities() {
        if (sourceIdentities == null) {
            sourceIdentities = sources.stream().map(DocumentSource::identity).toList();
        }
        return sourceIdentities;
    }

    /** Like {@link #sourceIdentities()}, for the sinks. */
    public List<String> sinkIdentities() {
        if (sinkIdentities == null) {
            sinkIdentities = sinks.stream().map(VectorSink::identity).toList();
        }
        return sinkIdentities;
    }

    /**
     * The sources, each read from its beginning to what it contains when a job starts.
     *
     * @param name the name of a source, from its identity
     */
    public List<NamedSource> boundedSources(UnaryOperator<String> name) {
        List<NamedSource> bounded = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            bounded.add(
                    new NamedSource(
                            name.apply(sourceIdentities().get(i)),
                            sources.get(i).bounded(),
                            mappings.get(i)));
        }
        return bounded;
    }

    /** The sources that end, for a job that only parses them. */
    public List<NamedSource> boundedSources() {
        List<NamedSource> bounded = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            if (isBounded(sources.get(i))) {
                bounded.add(
                        new NamedSource(
                                sourceIdentities().get(i), sources.get(i), mappings.get(i)));
            }
        }
        return bounded;
    }

    /**
     * Checks the sinks without changing their targets.
     *
     * @return a line for each, without a full stop: its URI, and whether its target exists
     * @throws ConnectorException if one cannot be written to
     */
    public List<String> checkSinks(Provenance provenance) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < sinks.size(); i++) {
            String state;
            try {
                sinks.get(i).prepare(context(i, "dry-run", provenance), StartMode.CHECK);
                state = "exists, and its vectors are of the same encoder";
            } catch (TargetMissingException e) {
                state = "is missing or empty, the job creates it";
            }
            lines.add(settings.get(JobSettings.TO).get(i) + " " + state);
        }
        return lines;
    }

    /** See {@link DocumentSource#copyInput}. */
    public void copyInput(InputStream standardInput, Path directory) {
        sources.forEach(source -> source.copyInput(standardInput, directory));
    }

    /** Checks that the sources can be read. */
    public void checkSources() {
        sources.forEach(DocumentSource::check);
    }

    /** The URIs of the sinks, for messages. */
    public List<String> sinkLocations() {
        return settings.get(JobSettings.TO).stream().map(ConnectorUri::toString).toList();
    }

    /** Reads the provenance from the vectors to copy, or else by opening the model. */
    public Provenance provenance(Progress progress) {
        if (vectors != null) {
            return vectors.provenance();
        }
        // the machine that submits a job may have no GPU
        String queryModel = settings.get(JobSettings.QUERY_MODEL);
        EncoderOptions here = encoder.toBuilder().device(Device.CPU).queryModel(queryModel).build();
        Set<Role> roles =
                queryModel == null ? EnumSet.of(Role.DOCUMENT) : EnumSet.allOf(Role.class);
        try (SpladeEncoder opened = SpladeEncoder.open(model, here, roles, progress)) {
            checkPassages(opened);
            return SpladeJob.provenance(opened);
        }
    }

    private SinkContext context(int sink, String jobId, Provenance provenance) {
        return SpladeJob.context(
                sinkIdentities().get(sink),
                jobId,
                model,
                pinned(provenance),
                provenance,
                settings.get(JobSettings.ALLOW_MIXED_MODELS));
    }

    private EncoderOptions pinned(Provenance provenance) {
        return encoder.toBuilder().sha256(provenance.modelSha256()).build();
    }

    private LongDocuments longDocuments() {
        return new LongDocuments(
                settings.get(JobSettings.LONG_DOCUMENTS),
                settings.get(JobSettings.PASSAGE_TOKENS),
                settings.get(JobSettings.PASSAGE_OVERLAP));
    }

    private void checkPassages(SpladeEncoder opened) {
        if (longDocuments().mode() == LongDocuments.Mode.TRUNCATE) {
            if (settings.isGiven(JobSettings.PASSAGE_TOKENS)
                    || settings.isGiven(JobSettings.PASSAGE_OVERLAP)) {
                throw new UserException(
                        "passage-tokens and passage-overlap have no effect on truncated documents."
                                + " Add long-documents: max or passages");
            }
            return;
        }
        try {
            longDocuments().splitter(opened.tokenizer(), opened.info().documentTokens());
        } catch (IllegalArgumentException e) {
            throw new UserException(e.getMessage(), e);
        }
    }

    /**
     * Prepares the sinks and the dead-letter queue, and defines the job.
     *
     * @param jobId distinguishes the job from others that write to the same indexes
     * @param generation part of the sources' names; a new generation is read from the beginning
     * @param starts the start mode of the sink with a given identity
     * @param reindex whether unchanged documents are written again
     * @param unavailable notified of servers that are unavailable while the job resumes
     * @throws UnreachableException when the job cannot start because a server is unavailable
     */
    public JobDefinition define(
            String jobId,
            String generation,
            Function<String, StartMode> starts,
            boolean reindex,
            DeadLetterQueue deadLetters,
            Provenance provenance,
            Consumer<String> unavailable) {
        List<NamedSource> namedSources = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            namedSources.add(
                    new NamedSource(
                            sourceIdentities().get(i) + generation,
                            sources.get(i),
                            mappings.get(i)));
        }
        PreparedDeadLetterQueue preparedDeadLetters = deadLetters.prepare(jobId);
        List<NamedSink> prepared = new ArrayList<>();
        for (int i = 0; i < sinks.size(); i++) {
            String identity = sinkIdentities().get(i);
            prepared.add(
                    SpladeJob.prepare(
                            sinks.get(i),
                            context(i, jobId, provenance),
                            starts.apply(identity),
                            unavailable));
        }
        return new JobDefinition(
                vectors == null
                        ? new DocumentInput(namedSources, model, pinned(provenance), provenance)
                        : new VectorInput(vectors),
                prepared,
                preparedDeadLetters,
                PipelineOptions.builder()
                        .skipUnchanged(settings.get(JobSettings.SKIP_UNCHANGED))
                        .reindex(reindex)
                        .keepVectors(settings.get(JobSettings.KEEP_VECTORS))
                        .maxRecordBytes(settings.get(JobSettings.MAX_RECORD_SIZE))
                        .maxBytesInFlight(settings.get(JobSettings.MAX_BYTES_IN_FLIGHT))
                        .capacity(settings.get(JobSettings.CAPACITY))
                        .stateTtl(settings.get(JobSettings.STATE_TTL))
                        .longDocuments(longDocuments())
                        .maxDeadLetters(settings.get(JobSettings.MAX_DEAD_LETTERS))
                        .build());
    }
}
