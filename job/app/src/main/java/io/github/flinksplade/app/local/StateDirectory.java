package io.github.flinksplade.app.local;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.FileTree;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;

/**
 * The state of a local run between its starts:
 *
 * <pre>
 * job.json         the manifest: which job, and whether it finished
 * checkpoints/     run-1/, run-2/ ...: one checkpoint directory per start
 * work/            temporary files of the current run
 * lock             locked by the process that uses the directory
 * dead-letters.jsonl   unless dead letters are written elsewhere
 * </pre>
 *
 * <p>Each start writes to a new directory and restores without claiming the old one, so its first
 * checkpoint is self-contained. Then the older directories are deleted as a whole, without tracking
 * which files incremental checkpoints share.
 */
public final class StateDirectory implements AutoCloseable {

    private static final int FORMAT = 1;
    private static final Pattern RUN = Pattern.compile("run-(\\d{1,9})");
    private static final Pattern CHECKPOINT = Pattern.compile("chk-(\\d{1,18})");
    private static final String SAVEPOINT = "savepoint-";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
    private static final Set<String> OWN_FILES =
            Set.of("checkpoints", "work", "lock", "job.json", "job.json.new");
    private static final ObjectMapper JSON =
            new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

    /**
     * Describes the job.
     *
     * @param format version of this file's format
     * @param id random, created with the directory; distinguishes the transactions of two jobs
     * @param sources identities of the sources
     * @param sinks identities of the sinks
     * @param encoder fingerprint of the model and its options
     * @param generation increases when the sources are read from the beginning; part of the
     *     sources' names in the checkpoints
     * @param reindex whether this generation also writes unchanged documents
     * @param finished whether all sources were read to the end
     * @param directory absolute path of the state directory when this was written; checkpoints
     *     contain it. Null until it is written
     */
    record Manifest(
            @JsonProperty("format") int format,
            @JsonProperty("id") String id,
            @JsonProperty("sources") List<String> sources,
            @JsonProperty("sinks") List<String> sinks,
            @JsonProperty("encoder") String encoder,
            @JsonProperty("generation") int generation,
            @JsonProperty("reindex") boolean reindex,
            @JsonProperty("finished") boolean finished,
            @JsonProperty("directory") String directory) {

        Manifest {
            sources = List.copyOf(sources);
            sinks = List.copyOf(sinks);
        }

        static Manifest first(
                String id,
                List<String> sources,
                List<String> sinks,
                String encoder,
                boolean reindex) {
            return new Manifest(FORMAT, id, sources, sinks, encoder, 1, reindex, false, null);
        }

        /** The manifest of the next start of the same job. */
        Manifest next(
                List<String> nextSources,
                List<String> nextSinks,
                String nextEncoder,
                boolean newGeneration,
                boolean nextReindex) {
            return new Manifest(
                    FORMAT,
                    id,
                    nextSources,
                    nextSinks,
                    nextEncoder,
                    generation + (newGeneration ? 1 : 0),
                    nextReindex,
                    false,
                    null);
        }

        Manifest asFinished() {
            return new Manifest(
                    format, id, sources, sinks, encoder, generation, reindex, true, directory);
        }

        private Manifest in(Path stateDirectory) {
            return new Manifest(
                    format,
                    id,
                    sources,
                    sinks,
                    encoder,
                    generation,
                    reindex,
                    finished,
                    stateDirectory.toString());
        }
    }

    private final Path directory;
    private final boolean temporary;
    private final FileChannel lockFile;

    private StateDirectory(Path directory, boolean temporary, FileChannel lockFile) {
        this.directory = directory;
        this.temporary = temporary;
        this.lockFile = lockFile;
    }

    /**
     * Opens a directory and locks it, creating it if it does not exist.
     *
     * @throws UserException when it is in use or contains other files
     */
    public static StateDirectory open(Path directory) {
        StateDirectory state = openUnlessInUse(directory);
        if (state == null) {
            throw new UserException(
                    "another run uses the state directory "
                            + directory
                            + ". Wait until it ends, stop it, or specify another --state");
        }
        return state;
    }

    /** As {@link #open}, but returns null when another run uses the directory. */
    static StateDirectory openUnlessInUse(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            if (Files.exists(absolute) && !Files.isDirectory(absolute)) {
                throw new UserException(
                        "the state " + directory + " is a file. Specify a directory");
            }
            Files.createDirectories(absolute);
            if (!Files.exists(absolute.resolve("job.json"))) {
                try (Stream<Path> entries = Files.list(absolute)) {
                    Optional<Path> foreign =
                            entries.filter(entry -> !isOwn(entry.getFileName().toString()))
                                    .sorted()
                                    .findFirst();
                    if (foreign.isPresent()) {
                        throw new UserException(
                                "the state directory "
                                        + directory
                                        + " contains other files, such as "
                                        + foreign.get().getFileName()
                                        + ". Specify an empty or a new directory");
                    }
                }
            }
            FileChannel channel =
                    FileChannel.open(
                            absolute.resolve("lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            FileLock lock;
            try {
                lock = channel.tryLock();
            } catch (OverlappingFileLockException e) {
                lock = null;
            }
            if (lock == null) {
                channel.close();
                return null;
            }
            StateDirectory state = new StateDirectory(absolute, false, channel);
            FileTree.delete(state.work());
            return state;
        } catch (IOException e) {
            throw new UserException(
                    "the state directory "
                            + directory
                            + " cannot be used: "
                            + Failure.of(e).message(),
                    e);
        }
    }

    /**
     * Like {@link #open}, for the directory of an earlier run.
     *
     * @throws UserException when it is in use, or is not the directory of a run
     */
    public static StateDirectory openExisting(Path directory) {
        if (!Files.exists(directory.resolve("job.json"))) {
            throw new UserException(
                    "the state directory "
                            + directory
                            + " does not contain the state of a run: no job.json. Correct --state");
        }
        return open(directory);
    }

    /**
     * Whether a state directory exists and the last run over it read its sources to their end.
     *
     * @throws UserException when the directory is in use
     */
    public static boolean isFinished(Path directory) {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (StateDirectory state = open(directory)) {
            Manifest manifest = state.manifest();
            return manifest != null && manifest.finished();
        }
    }

    /** A directory for a single run, deleted when it is closed. */
    public static StateDirectory temporary() {
        try {
            return new StateDirectory(Files.createTempDirectory("flink-splade-"), true, null);
        } catch (IOException e) {
            throw new UserException(
                    "cannot create a temporary directory: " + Failure.of(e).message(), e);
        }
    }

    private static boolean isOwn(String name) {
        return OWN_FILES.contains(name) || name.startsWith("dead-letters");
    }

    Path path() {
        return directory;
    }

    boolean isTemporary() {
        return temporary;
    }

    public Path work() {
        return directory.resolve("work");
    }

    private Path checkpoints() {
        return directory.resolve("checkpoints");
    }

    /** The manifest of the last run, or null for the first run. */
    Manifest manifest() {
        Path file = directory.resolve("job.json");
        try {
            Manifest manifest = JSON.readValue(Files.readAllBytes(file), Manifest.class);
            if (manifest.format() != FORMAT) {
                throw new UserException(
                        file
                                + " has format "
                                + manifest.format()
                                + ", which this version does not support. Use the version that wrote"
                                + " it, or another --state");
            }
            return manifest;
        } catch (NoSuchFileException e) {
            return null;
        } catch (JsonProcessingException e) {
            JsonLocation location = e.getLocation();
            throw new UserException(
                    file
                            + " is damaged"
                            + (location == null
                                    ? ""
                                    : " (line "
                                            + location.getLineNr()
                                            + ", column "
                                            + location.getColumnNr()
                                            + ")")
                            + ". Restore a copy of it, or specify another --state.",
                    e);
        } catch (IOException e) {
            throw new UserException("cannot read " + file + ": " + Failure.of(e).message(), e);
        }
    }

    /** Replaces the manifest atomically. */
    void write(Manifest manifest) {
        Path temporaryFile = directory.resolve("job.json.new");
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            temporaryFile,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(manifest.in(directory)));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(
                    temporaryFile, directory.resolve("job.json"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UserException(
                    "cannot write "
                            + directory.resolve("job.json")
                            + ": "
                            + Failure.of(e).message(),
                    e);
        }
    }

    /**
     * Rejects a checkpoint of a directory that was moved or copied: it contains the old path of its
     * files. A savepoint does not, nor does it matter where the old path still leads here.
     *
     * @param manifest the manifest of the last run
     * @throws UserException when the checkpoint cannot be restored
     */
    void checkNotMoved(Manifest manifest, Path checkpoint) {
        Path before = Path.of(manifest.directory());
        if (before.equals(directory)
                || checkpoint == null
                || checkpoint.getFileName().toString().startsWith(SAVEPOINT)) {
            return;
        }
        try {
            if (Files.exists(before) && Files.isSameFile(before, directory)) {
                return;
            }
        } catch (IOException e) {
            throw new UserException("cannot read " + before + ": " + Failure.of(e).message(), e);
        }
        throw new UserException(
                "the state in "
                        + directory
                        + " was moved or copied from "
                        + before
                        + ", which its checkpoints contain as the path of their files. Move it back,"
                        + " link the old path to the new one, or specify another --state.");
    }

    /** Creates the directory for the checkpoints of a new run. */
    public Path newRun() {
        try {
            Files.createDirectories(checkpoints());
            return Files.createDirectory(
                    checkpoints()
                            .resolve(
                                    "run-"
                                            + (numbers(checkpoints(), RUN).stream()
                                                            .mapToLong(Numbered::number)
                                                            .max()
                                                            .orElse(0)
                                                    + 1)));
        } catch (IOException e) {
            throw new UserException(
                    "cannot write to " + checkpoints() + ": " + Failure.of(e).message(), e);
        }
    }

    /**
     * The newest complete checkpoint, or null when there is none.
     *
     * @param keyed uids of operators whose state is needed. A checkpoint taken while the job was
     *     ending may contain some of them as finished, without state. It is skipped, because the
     *     operators would not process what the sources read again; no record was read between it
     *     and the checkpoint before. Empty when the sources resume where they were.
     */
    Path newestCheckpoint(Set<String> keyed) {
        for (Numbered run : numbers(checkpoints(), RUN)) {
            for (Path checkpoint : newestFirst(run.path())) {
                Path metadata = checkpoint.resolve("_metadata");
                if (Files.exists(metadata)
                        && (keyed.isEmpty() || !hasFinishedOperator(metadata, keyed))) {
                    return checkpoint;
                }
            }
        }
        return null;
    }

    /** The newest complete checkpoint, or null if no checkpoint is complete. */
    Path newestCheckpoint() {
        return newestCheckpoint(Set.of());
    }

    /** Whether a checkpoint was taken after an operator had finished. */
    static boolean hasFinished(Path checkpoint, String uid) {
        return hasFinishedOperator(checkpoint.resolve("_metadata"), Set.of(uid));
    }

    /**
     * The newest complete checkpoint.
     *
     * @throws UserException when no checkpoint is complete, or it cannot be restored because the
     *     directory was moved
     */
    public Path requireCheckpoint() {
        Path checkpoint = newestCheckpoint(Set.of());
        if (checkpoint == null) {
            throw new UserException(
                    "the state in "
                            + directory
                            + " contains no completed checkpoint: the run ended before its first"
                            + " one, so it has written nothing that could be committed");
        }
        checkNotMoved(manifest(), checkpoint);
        return checkpoint;
    }

    /** The savepoint that a run was stopped with, then its checkpoints. */
    private static List<Path> newestFirst(Path run) {
        List<Path> result = new ArrayList<>();
        List<Numbered> checkpoints = new ArrayList<>();
        for (Path child : children(run)) {
            if (child.getFileName().toString().startsWith(SAVEPOINT)) {
                result.add(child);
            } else {
                checkpoints.addAll(numbers(child, CHECKPOINT));
            }
        }
        checkpoints.sort(Numbered.HIGHEST_FIRST);
        checkpoints.forEach(checkpoint -> result.add(checkpoint.path()));
        return result;
    }

    /** Whether a run was stopped with a savepoint. */
    static boolean hasSavepoint(Path run) {
        return newestFirst(run).stream()
                .filter(path -> path.getFileName().toString().startsWith(SAVEPOINT))
                .anyMatch(path -> Files.exists(path.resolve("_metadata")));
    }

    /** A checkpoint for a sentence: {@code the checkpoint of 2026-01-31 12:00:00 (run-2/chk-7)}. */
    public String describe(Path checkpoint) {
        String taken;
        try {
            taken =
                    TIME.format(
                            Files.getLastModifiedTime(checkpoint.resolve("_metadata"))
                                    .toInstant()
                                    .atZone(ZoneId.systemDefault()));
        } catch (IOException e) {
            throw new UserException(
                    "cannot read " + checkpoint + ": " + Failure.of(e).message(), e);
        }
        boolean saved = checkpoint.getFileName().toString().startsWith(SAVEPOINT);
        Path run = checkpoints().relativize(checkpoint).getName(0);
        return (saved ? "the savepoint of " : "the checkpoint of ")
                + taken
                + " ("
                + run
                + "/"
                + checkpoint.getFileName()
                + ")";
    }

    private static boolean hasFinishedOperator(Path metadata, Set<String> uids) {
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(metadata)))) {
            CheckpointMetadata checkpoint =
                    Checkpoints.loadCheckpointMetadata(
                            in, StateDirectory.class.getClassLoader(), metadata.toString());
            for (OperatorState operator : checkpoint.getOperatorStates()) {
                if (operator.isFullyFinished()
                        && operator.getOperatorUid().filter(uids::contains).isPresent()) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new UserException(
                    "the checkpoint "
                            + metadata.getParent()
                            + " is damaged: "
                            + Failure.of(e).message()
                            + ". Delete that directory to resume from an older checkpoint, or"
                            + " specify another --state",
                    e);
        }
    }

    /** Deletes the checkpoints of all runs except one. */
    void deleteOtherRuns(Path kept) {
        for (Numbered run : numbers(checkpoints(), RUN)) {
            if (!run.path().equals(kept)) {
                FileTree.delete(run.path());
            }
        }
    }

    /** Whether a run has completed a checkpoint or a savepoint. */
    static boolean hasCheckpoint(Path run) {
        return newestFirst(run).stream().anyMatch(path -> Files.exists(path.resolve("_metadata")));
    }

    private record Numbered(long number, Path path) {
        static final Comparator<Numbered> HIGHEST_FIRST =
                Comparator.comparingLong(Numbered::number).reversed();
    }

    /** Entries whose names match the pattern, the highest number first. */
    private static List<Numbered> numbers(Path parent, Pattern pattern) {
        List<Numbered> found = new ArrayList<>();
        for (Path child : children(parent)) {
            Matcher matcher = pattern.matcher(child.getFileName().toString());
            if (matcher.matches()) {
                found.add(new Numbered(Long.parseLong(matcher.group(1)), child));
            }
        }
        found.sort(Numbered.HIGHEST_FIRST);
        return found;
    }

    private static List<Path> children(Path parent) {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(parent)) {
            return entries.toList();
        } catch (IOException e) {
            throw new UserException("cannot read " + parent + ": " + Failure.of(e).message(), e);
        }
    }

    /** Releases the lock and deletes temporary files, or the whole directory if it is temporary. */
    @Override
    public void close() {
        try {
            FileTree.delete(temporary ? directory : work());
        } finally {
            if (lockFile != null) {
                try {
                    lockFile.close();
                } catch (IOException e) {
                    throw new UserException("cannot release the lock of " + directory, e);
                }
            }
        }
    }
}
