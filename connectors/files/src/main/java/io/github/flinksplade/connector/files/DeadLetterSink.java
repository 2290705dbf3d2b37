package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * Appends dead letters to one file, exactly once: the state is the length of the file. When a job
 * resumes from a checkpoint, the file is truncated to that length, because everything after it is
 * written again. Requires parallelism 1.
 */
final class DeadLetterSink
        implements Sink<DeadLetter>, SupportsWriterState<DeadLetter, DeadLetterSink.FileState> {

    private static final long serialVersionUID = 1L;

    /**
     * The state of the file in a checkpoint.
     *
     * @param path the file
     * @param length its length in bytes
     */
    record FileState(String path, long length) {}

    private final String path;

    DeadLetterSink(String path) {
        this.path = path;
    }

    @Override
    public StatefulSinkWriter<DeadLetter, FileState> createWriter(WriterInitContext context) {
        return restoreWriter(context, List.of());
    }

    @Override
    public StatefulSinkWriter<DeadLetter, FileState> restoreWriter(
            WriterInitContext context, Collection<FileState> states) {
        int parallelism = context.getTaskInfo().getNumberOfParallelSubtasks();
        if (parallelism != 1) {
            throw new ConnectorException(
                    "writing dead letters to "
                            + path
                            + " requires parallelism 1, not "
                            + parallelism);
        }
        DeadLetterWriter writer = new DeadLetterWriter(Path.of(path));
        for (FileState state : states) {
            // The state of another file if the job resumes with another dead-letter URI.
            if (state.path.equals(path)) {
                writer.truncateTo(state.length);
            }
        }
        return writer;
    }

    @Override
    public SimpleVersionedSerializer<FileState> getWriterStateSerializer() {
        return new Serializer();
    }

    /** Version 1: path, length. */
    static final class Serializer implements SimpleVersionedSerializer<FileState> {

        private static final int VERSION = 1;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(FileState state) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(64);
            out.writeUTF(state.path);
            out.writeLong(state.length);
            return out.getCopyOfBuffer();
        }

        @Override
        public FileState deserialize(int version, byte[] serialized) throws IOException {
            FileSplit.requireVersion(version, VERSION);
            DataInputDeserializer in = new DataInputDeserializer(serialized);
            return new FileState(in.readUTF(), in.readLong());
        }
    }
}
