package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.SinkState;
import io.github.flinksplade.pipeline.internal.Topology;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.Path;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.state.DefaultOperatorStateBackend;
import org.apache.flink.runtime.state.DefaultOperatorStateBackendBuilder;
import org.apache.flink.runtime.state.OperatorStateHandle;

/**
 * The states of a job's Flink sinks in a checkpoint or savepoint, and the names of its sinks and
 * sources, on any Flink file system.
 */
public final class SinkStates {

    /** The name of the file that completes a checkpoint. */
    public static final String METADATA = "_metadata";

    // as in Flink's SinkTransformationTranslator, StatefulSinkWriterStateHandler, CommitterOperator
    private static final String COMMITTER_UID = "Sink Committer: ";
    private static final String WRITER_STATE = "writer_raw_states";
    private static final String COMMITTER_STATE = "streaming_committer_raw_states";

    private final CheckpointMetadata metadata;
    private final Instant completedAt;

    private SinkStates(CheckpointMetadata metadata, Instant completedAt) {
        this.metadata = metadata;
        this.completedAt = completedAt;
    }

    /**
     * Reads the metadata of a checkpoint.
     *
     * @param checkpoint the directory of the checkpoint or savepoint
     * @throws IOException if it cannot be read, or is not that of a checkpoint
     */
    public static SinkStates load(Path checkpoint) throws IOException {
        Path file = new Path(checkpoint, METADATA);
        Instant completedAt =
                Instant.ofEpochMilli(
                        file.getFileSystem().getFileStatus(file).getModificationTime());
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(file.getFileSystem().open(file)))) {
            return new SinkStates(
                    Checkpoints.loadCheckpointMetadata(
                            in,
                            SinkStates.class.getClassLoader(),
                            checkpoint.makeQualified(checkpoint.getFileSystem()).toString()),
                    completedAt);
        }
    }

    /** Whether it is a savepoint. A job may have continued after it. */
    public boolean isSavepoint() {
        return metadata.getCheckpointProperties() != null
                && metadata.getCheckpointProperties().isSavepoint();
    }

    /** The identities of the sinks. */
    public List<String> sinks() {
        return names(Topology.SINK);
    }

    /** The names of the sources: their identities, and the generation that the job adds. */
    public List<String> sources() {
        return names(Topology.SOURCE);
    }

    private List<String> names(String prefix) {
        return metadata.getOperatorStates().stream()
                .flatMap(operator -> operator.getOperatorUid().stream())
                .filter(uid -> uid.startsWith(prefix))
                .map(uid -> uid.substring(prefix.length()))
                .sorted()
                .toList();
    }

    /**
     * The state of a sink; empty if the checkpoint does not contain the sink.
     *
     * @param identity the sink's identity
     * @throws IOException if the state cannot be read
     */
    public SinkState sink(String identity) throws IOException {
        return state(Topology.SINK + identity);
    }

    /** Like {@link #sink}, of the dead-letter queue. */
    public SinkState deadLetters() throws IOException {
        return state(Topology.DEAD_LETTERS);
    }

    private SinkState state(String uid) throws IOException {
        return new SinkState(
                completedAt, list(uid, WRITER_STATE), list(COMMITTER_UID + uid, COMMITTER_STATE));
    }

    private List<byte[]> list(String uid, String name) throws IOException {
        List<OperatorStateHandle> handles = new ArrayList<>();
        for (OperatorState operator : metadata.getOperatorStates()) {
            if (operator.getOperatorUid().filter(uid::equals).isPresent()) {
                for (OperatorSubtaskState subtask : operator.getStates()) {
                    handles.addAll(subtask.getManagedOperatorState());
                }
            }
        }
        try (CloseableRegistry open = new CloseableRegistry();
                DefaultOperatorStateBackend backend =
                        new DefaultOperatorStateBackendBuilder(
                                        SinkStates.class.getClassLoader(),
                                        new ExecutionConfig(),
                                        false,
                                        handles,
                                        open)
                                .build()) {
            return StreamSupport.stream(
                            backend.getListState(
                                            new ListStateDescriptor<>(
                                                    name, BytePrimitiveArraySerializer.INSTANCE))
                                    .get()
                                    .spliterator(),
                            false)
                    .toList();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("the state '" + name + "' of " + uid + " is damaged", e);
        }
    }
}
