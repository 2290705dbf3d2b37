package io.github.flinksplade.app.finish;

import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.environment.HomeDirectory;
import io.github.flinksplade.pipeline.SinkStates;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;

/** Finds the newest completed checkpoint of a directory on any Flink file system. */
public final class CheckpointDirectory {

    /** A job's directory contains checkpoints, and Flink's directory contains those of jobs. */
    private static final int MAX_DEPTH = 2;

    private static final Pattern CHECKPOINT = Pattern.compile("chk-(\\d{1,18})");

    private CheckpointDirectory() {}

    private record Completed(Path path, long number, long modifiedAt) {
        static final Comparator<Completed> OLDEST_FIRST =
                Comparator.comparingLong(Completed::modifiedAt)
                        .thenComparingLong(Completed::number);
    }

    /**
     * A checkpoint or savepoint, or the newest one in a directory.
     *
     * @param location a path or URI: of the checkpoint, of its {@code _metadata}, of the job's
     *     directory that contains {@code chk-*}, or of a directory of such directories
     * @throws UserException if the location contains no completed checkpoint, or if it is a
     *     checkpoint and a newer one is next to it
     */
    public static Path newest(String location) {
        try {
            Path path = path(location);
            if (path.getName().equals(SinkStates.METADATA)) {
                path = path.getParent();
            }
            FileSystem files = path.getFileSystem();
            if (files.exists(new Path(path, SinkStates.METADATA))) {
                requireNewest(files, path);
                return path;
            }
            if (!files.exists(path)) {
                throw new UserException(
                        "the checkpoint " + location + " does not exist. Correct --checkpoint");
            }
            List<Completed> completed = new ArrayList<>();
            search(files, path, MAX_DEPTH, completed);
            return completed.stream()
                    .max(Completed.OLDEST_FIRST)
                    .orElseThrow(
                            () ->
                                    new UserException(
                                            location
                                                    + " contains no completed checkpoint: no"
                                                    + " directory with a file "
                                                    + SinkStates.METADATA
                                                    + ". Correct --checkpoint"))
                    .path();
        } catch (IOException | IllegalArgumentException e) {
            throw new UserException(
                    "cannot read the checkpoint " + location + ": " + Failure.of(e).message(), e);
        }
    }

    /** A local path. */
    public static Path of(java.nio.file.Path path) {
        return new Path("file", null, path.toAbsolutePath().normalize().toString());
    }

    private static Path path(String location) {
        String expanded = HomeDirectory.expand(location, System.getenv());
        Path path = new Path(expanded);
        return path.toUri().getScheme() == null ? of(java.nio.file.Path.of(expanded)) : path;
    }

    private static void search(
            FileSystem files, Path directory, int depth, List<Completed> completed)
            throws IOException {
        for (FileStatus child : files.listStatus(directory)) {
            if (!child.isDir()) {
                continue;
            }
            Path metadata = new Path(child.getPath(), SinkStates.METADATA);
            if (files.exists(metadata)) {
                completed.add(
                        new Completed(
                                child.getPath(),
                                number(child.getPath()).orElse(0L),
                                files.getFileStatus(metadata).getModificationTime()));
            } else if (depth > 1) {
                search(files, child.getPath(), depth - 1, completed);
            }
        }
    }

    private static Optional<Long> number(Path checkpoint) {
        Matcher matcher = CHECKPOINT.matcher(checkpoint.getName());
        return matcher.matches() ? Optional.of(Long.parseLong(matcher.group(1))) : Optional.empty();
    }

    private static void requireNewest(FileSystem files, Path checkpoint) throws IOException {
        Optional<Long> number = number(checkpoint);
        if (number.isEmpty()) {
            return;
        }
        List<Completed> siblings = new ArrayList<>();
        search(files, checkpoint.getParent(), 1, siblings);
        for (Completed sibling : siblings) {
            if (sibling.number() > number.get()) {
                throw new UserException(
                        checkpoint
                                + " is not the job's newest checkpoint: "
                                + sibling.path().getName()
                                + " is completed, too. Specify that one, or the directory of both");
            }
        }
    }
}
