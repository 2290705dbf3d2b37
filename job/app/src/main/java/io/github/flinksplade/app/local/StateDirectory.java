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
 * What a local run keeps between its starts:
 *
 * <pre>
 * job.json         what the job was, and how far
 * checkpoints/     run-1/, run-2/ ...: one directory for each start, as Flink fills it
 * work/            scratch space of the run in progress
 * lock             held by the process that uses the directory
 * dead-letters.jsonl   unless dead letters go elsewhere
 * </pre>
 *
 * <p>Each start writes a directory of its own and restores without claiming the old one, so its
 * first checkpoint stands on its own; then the older directories are removed whole. Nothing has to
 * be known of which file of an incremental checkpoint belongs to which.
 */
public final class StateDirectory implements AutoCloseable {

    private static final int FORMAT = 1;
    private static final Pattern RUN = Pattern.compile("run-(\\d{1,9})");
    private static final Pattern CHECKPOINT = Pattern.compile("chk-(\\d{1,18})");
    private static final String SAVEPOINT = "savepoint-";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
    private static final Set<String> OURS =
            Set.of("checkpoints", "work", "lock", "job.json", "job.json.new");
    private static final ObjectMapper JSON =
            new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

    /**
     * What the job was.
     *
     * @param format layout of this file
     * @param id random, made with the directory: tells the transactions of two jobs apart
     * @param sources identities of the sources
     * @param sinks identities of the sinks
     * @param encoder fingerprint of what makes the vectors
     * @param generation grows when the sources are to be read from their beginning; part of the
     *     sources' names in the checkpoints
     * @param reindex whether this generation passes unchanged documents
     * @param finished whether all sources were read to their end
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

        /** The same job started again. */
        Manifest next(
                List<String> nextSources,
                List<String> nextTargets,
                String nextEncoder,
                boolean newGeneration,
                boolean nextReindex) {
            return new Manifest(
                    FORMAT,
                    id,
                    nextSources,
                    nextTargets,
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
     * Opens a directory and locks it, making it if need be.
     *
     * @throws UserException when it is in use, or holds something else
     */
    public static StateDirectory open(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            if (Files.exists(absolute) && !Files.isDirectory(absolute)) {
                throw new UserException("the state " + directory + " is a file; give a directory");
            }
            Files.createDirectories(absolute);
            if (!Files.exists(absolute.resolve("job.json"))) {
                try (Stream<Path> entries = Files.list(absolute)) {
                    Optional<Path> foreign =
                            entries.filter(entry -> !ours(entry.getFileName().toString()))
                                    .sorted()
                                    .findFirst();
                    if (foreign.isPresent()) {
                        throw new UserException(
                                "the state directory "
                                        + directory
                                        + " holds other files, such as "
                                        + foreign.get().getFileName()
                                        + "; give an empty or a new one");
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
                throw new UserException(
                        "another run uses the state directory "
                                + directory
                                + "; wait for its end, stop it, or give another --state");
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

    /** A directory for one run, removed when it is closed. */
    public static StateDirectory temporary() {
        try {
            return new StateDirectory(Files.createTempDirectory("flink-splade-"), true, null);
        } catch (IOException e) {
            throw new UserException(
                    "no temporary directory can be made: " + Failure.of(e).message(), e);
        }
    }

    private static boolean ours(String name) {
        return OURS.contains(name) || name.startsWith("dead-letters");
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

    /** What the last run left, or null when this is the first. */
    Manifest manifest() {
        Path file = directory.resolve("job.json");
        try {
            Manifest manifest = JSON.readValue(Files.readAllBytes(file), Manifest.class);
            if (manifest.format() != FORMAT) {
                throw new UserException(
                        file
                                + " has format "
                                + manifest.format()
                                + ", which this version does not know; use the version that wrote"
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
                            + ". Restore a copy of it, or give another --state.",
                    e);
        } catch (IOException e) {
            throw new UserException("cannot read " + file + ": " + Failure.of(e).message(), e);
        }
    }

    /** Replaces the manifest, whole or not at all. */
    void write(Manifest manifest) {
        Path fresh = directory.resolve("job.json.new");
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            fresh,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(manifest.in(directory)));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(fresh, directory.resolve("job.json"), StandardCopyOption.ATOMIC_MOVE);
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
     * @param manifest what the last run left
     * @throws UserException with the ways out
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
                        + " link the old path to the new one, or give another --state.");
    }

    /** A directory for the checkpoints of a new run. */
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
     *     ending may hold some of them as finished, without state; sources that start anew cannot
     *     feed those, so it is passed over. Nothing was read between it and the one before. Empty
     *     when the sources go on where they were.
     */
    Path newestCheckpoint(Set<String> keyed) {
        for (Numbered run : numbers(checkpoints(), RUN)) {
            for (Path checkpoint : newestFirst(run.path())) {
                Path metadata = checkpoint.resolve("_metadata");
                if (Files.exists(metadata)
                        && (keyed.isEmpty() || !holdsFinished(metadata, keyed))) {
                    return checkpoint;
                }
            }
        }
        return null;
    }

    /** The savepoint that a run was stopped with, then its checkpoints. */
    private static List<Path> newestFirst(Path run) {
        List<Path> found = new ArrayList<>();
        List<Numbered> checkpoints = new ArrayList<>();
        for (Path child : children(run)) {
            if (child.getFileName().toString().startsWith(SAVEPOINT)) {
                found.add(child);
            } else {
                checkpoints.addAll(numbers(child, CHECKPOINT));
            }
        }
        checkpoints.sort(Numbered.HIGHEST_FIRST);
        checkpoints.forEach(checkpoint -> found.add(checkpoint.path()));
        return found;
    }

    /** Whether a run was stopped with a savepoint. */
    static boolean hasSavepoint(Path run) {
        return newestFirst(run).stream()
                .filter(path -> path.getFileName().toString().startsWith(SAVEPOINT))
                .anyMatch(path -> Files.exists(path.resolve("_metadata")));
    }

    /** A checkpoint for a sentence: {@code the checkpoint of 2026-01-31 12:00:00 (run-2/chk-7)}. */
    String describe(Path checkpoint) {
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
        return (saved ? "where the last run was stopped, " : "the checkpoint of ")
                + taken
                + " ("
                + run
                + "/"
                + checkpoint.getFileName()
                + ")";
    }

    private static boolean holdsFinished(Path metadata, Set<String> uids) {
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
                            + "; remove that directory to go on from an older one, or start with"
                            + " another --state",
                    e);
        }
    }

    /** Removes the checkpoints of all runs but the given one. */
    void removeOtherRuns(Path kept) {
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

    /** Entries whose names fit the pattern, the highest number first. */
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

    /** Gives the lock back; removes scratch space, and a temporary directory whole. */
    @Override
    public void close() {
        try {
            FileTree.delete(temporary ? directory : work());
        } finally {
            if (lockFile != null) {
                try {
                    lockFile.close();
                } catch (IOException e) {
                    throw new UserException("cannot give back the lock of " + directory, e);
                }
            }
        }
    }
}
