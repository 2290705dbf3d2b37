package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.connector.file.sink.FileSinkCommittable;
import org.apache.flink.connector.file.sink.writer.FileWriter;
import org.apache.flink.connector.file.sink.writer.FileWriterBucketState;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.OutputFileConfig;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.BasePathBucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.OnCheckpointRollingPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flink's {@link FileSink}, which also removes the unfinished part files of killed attempts.
 *
 * <p>Until it is committed, a part file is called {@code
 * .part-JOB-SUBTASK-UUID-NUMBER.jsonl.inprogress. UUID}, so a writer recognizes the part files of
 * earlier attempts of its subtask. When it starts, some of these may still have to be committed:
 * those of the checkpoint that the job was restored from. The committers commit them before their
 * tasks run, and no checkpoint is triggered before all tasks run. At the first snapshot, all part
 * files of earlier attempts that still have their temporary names therefore belong to no
 * checkpoint.
 */
final class PartFileSink
        implements Sink<VectorRecord>,
                SupportsWriterState<VectorRecord, FileWriterBucketState>,
                SupportsCommitter<FileSinkCommittable> {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(PartFileSink.class);

    static final String PREFIX = "part";
    static final String SUFFIX = ".jsonl";

    private final String folder;
    private final VectorJson json;

    /** Identifies the job in the names of part files. */
    private final String job;

    /**
     * @param folder an absolute path
     * @param json formats a line
     * @param jobId distinguishes the job from others that write to the folder
     */
    PartFileSink(String folder, VectorJson json, String jobId) {
        this.folder = folder;
        this.json = json;
        this.job = String.format("%08x", jobId.hashCode());
    }

    @Override
    public Writer createWriter(WriterInitContext context) throws IOException {
        TaskInfo task = context.getTaskInfo();
        List<Path> leftovers = unfinishedParts(task);
        return new Writer(sink(task).createWriter(context), leftovers);
    }

    @Override
    public Writer restoreWriter(WriterInitContext context, Collection<FileWriterBucketState> states)
            throws IOException {
        TaskInfo task = context.getTaskInfo();
        List<Path> leftovers = unfinishedParts(task);
        return new Writer(sink(task).restoreWriter(context, states), leftovers);
    }

    @Override
    public SimpleVersionedSerializer<FileWriterBucketState> getWriterStateSerializer() {
        return sink(PREFIX).getWriterStateSerializer();
    }

    @Override
    public Committer<FileSinkCommittable> createCommitter(CommitterInitContext context)
            throws IOException {
        return sink(PREFIX).createCommitter(context);
    }

    @Override
    public SimpleVersionedSerializer<FileSinkCommittable> getCommittableSerializer() {
        return sink(PREFIX).getCommittableSerializer();
    }

    private FileSink<VectorRecord> sink(TaskInfo task) {
        return sink(PREFIX + "-" + job + "-" + task.getIndexOfThisSubtask());
    }

    private FileSink<VectorRecord> sink(String prefix) {
        return FileSink.forRowFormat(
                        org.apache.flink.core.fs.Path.fromLocalFile(Path.of(folder).toFile()),
                        new FilesSink.LineEncoder(folder, json))
                .withBucketAssigner(new BasePathBucketAssigner<>())
                .withRollingPolicy(OnCheckpointRollingPolicy.build())
                .withOutputFileConfig(
                        OutputFileConfig.builder()
                                .withPartPrefix(prefix)
                                .withPartSuffix(SUFFIX)
                                .build())
                .build();
    }

    private List<Path> unfinishedParts(TaskInfo task) throws IOException {
        return unfinishedParts(task.getIndexOfThisSubtask(), task.getNumberOfParallelSubtasks());
    }

    /**
     * The unfinished part files of a subtask, and of subtasks that no longer exist because the
     * parallelism was reduced. To be called before the writer creates one.
     */
    List<Path> unfinishedParts(int subtask, int parallelism) throws IOException {
        Path path = Path.of(folder);
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        Pattern name =
                Pattern.compile("\\." + PREFIX + "-" + job + "-(\\d{1,9})-.*\\.inprogress\\..*");
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(
                            file -> {
                                Matcher part = name.matcher(file.getFileName().toString());
                                return part.matches()
                                        && Integer.parseInt(part.group(1)) % parallelism == subtask;
                            })
                    .toList();
        }
    }

    /** Flink's writer, which removes leftovers at its first snapshot. */
    static final class Writer
            implements StatefulSinkWriter<VectorRecord, FileWriterBucketState>,
                    CommittingSinkWriter<VectorRecord, FileSinkCommittable> {

        private final FileWriter<VectorRecord> writer;
        private List<Path> leftovers;

        private Writer(FileWriter<VectorRecord> writer, List<Path> leftovers) {
            this.writer = writer;
            this.leftovers = leftovers;
        }

        @Override
        public void write(VectorRecord record, Context context)
                throws IOException, InterruptedException {
            writer.write(record, context);
        }

        @Override
        public void flush(boolean endOfInput) throws IOException, InterruptedException {
            writer.flush(endOfInput);
        }

        @Override
        public Collection<FileSinkCommittable> prepareCommit() throws IOException {
            return writer.prepareCommit();
        }

        @Override
        public List<FileWriterBucketState> snapshotState(long checkpointId) throws IOException {
            removeLeftovers();
            return writer.snapshotState(checkpointId);
        }

        private void removeLeftovers() {
            for (Path leftover : leftovers) {
                try {
                    if (Files.deleteIfExists(leftover)) {
                        LOG.info(
                                "Removed {}, an unfinished part file of a killed attempt.",
                                leftover);
                    }
                } catch (IOException e) {
                    throw new ConnectorException(
                            "cannot remove " + leftover + ": " + FilePattern.reason(e), e);
                }
            }
            leftovers = List.of();
        }

        @Override
        public void close() {
            writer.close();
        }
    }
}
