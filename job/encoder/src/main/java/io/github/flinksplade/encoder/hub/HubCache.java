package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.platform.AtomicFile;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One repository in the cache that all of the hub's libraries share:
 *
 * <pre>
 * models--owner--name/refs/main                     the commit that a branch or tag stood at
 * models--owner--name/snapshots/COMMIT/onnx/...     links into blobs, by the names of the files
 * models--owner--name/blobs/ETAG                    contents
 * models--owner--name/blobs/ETAG.flink-splade.incomplete    a download that was interrupted
 * .locks/models--owner--name/ETAG.flink-splade.lock         locked while a blob is written
 * </pre>
 */
public final class HubCache {

    private static final Logger LOG = LoggerFactory.getLogger(HubCache.class);
    private static final long LOCK_POLL_MILLIS = 100;
    private static final String REPOSITORY = "models--";

    /** Part of the names of files that no other tool uses. */
    private static final String OWN = ".flink-splade";

    private final Path root;
    private final String folder;

    HubCache(Path root, String repository) {
        this.root = root.toAbsolutePath();
        this.folder = REPOSITORY + repository.replace("/", "--");
    }

    Path directory() {
        return root.resolve(folder);
    }

    /** The commit that a revision stood at when it was last fetched; a commit is one itself. */
    Optional<String> commit(String revision) {
        if (revision.matches("[0-9a-f]{40}")) {
            return Optional.of(revision);
        }
        Path ref = directory().resolve("refs").resolve(revision);
        if (!Files.isRegularFile(ref)) {
            return Optional.empty();
        }
        try {
            String commit = Files.readString(ref).strip();
            return commit.matches("[0-9A-Za-z]+") ? Optional.of(commit) : Optional.empty();
        } catch (IOException e) {
            throw new ModelException(ref + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    Path snapshot(String commit) {
        return directory().resolve("snapshots").resolve(commit);
    }

    /**
     * Records the commit of a branch or tag. A cache that cannot be written is used without: the
     * next start asks the hub again. Only a record of another commit that cannot be replaced is an
     * error, because the next start would use it.
     */
    void refer(String revision, String commit) {
        Path ref = directory().resolve("refs").resolve(revision);
        if (revision.equals(commit) || commit(revision).equals(Optional.of(commit))) {
            return;
        }
        try {
            Files.createDirectories(ref.getParent());
            // the temporary file is not in refs/, where other tools take every file for a branch
            AtomicFile.write(
                    ref, directory(), out -> out.write(commit.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            if (Files.exists(ref)) {
                throw new ModelException(
                        ref
                                + " names another commit than "
                                + commit
                                + " and cannot be written: "
                                + FileErrors.reason(e)
                                + "; change its permissions, or set HF_HOME to another directory",
                        e);
            }
            LOG.warn(
                    "{} cannot be written ({}); the next start asks the hub again",
                    ref,
                    FileErrors.reason(e));
        }
    }

    /**
     * The file of a snapshot, downloaded if it is missing or damaged. Nothing is written where it
     * is whole.
     */
    Path fetch(HubClient client, String commit, String name, Progress progress) {
        Path file = snapshot(commit).resolve(name);
        HubClient.Remote remote = client.head(commit, name);
        Path blob = directory().resolve("blobs").resolve(remote.etag());
        try {
            Optional<String> damage = damage(file, remote);
            if (Files.isRegularFile(file) && damage.isEmpty()) {
                return file;
            }
            if (damage.isPresent()) {
                String message =
                        file + " is damaged (it " + damage.get() + ") and is downloaded again";
                LOG.warn(message);
                progress.warn(message);
            }
            if (!isWhole(blob, remote)) {
                download(client, remote, blob, progress);
            }
            link(file, blob);
        } catch (IOException e) {
            throw unusable(e);
        }
        return file;
    }

    private static boolean isWhole(Path file, HubClient.Remote remote) throws IOException {
        return Files.isRegularFile(file) && damage(file, remote).isEmpty();
    }

    /** What is wrong with the content of a file that exists. */
    private static Optional<String> damage(Path file, HubClient.Remote remote) throws IOException {
        return Files.isRegularFile(file) ? remote.mismatch(file) : Optional.empty();
    }

    /**
     * Downloads to a file of our own and renames it. Other tools write {@code ETAG.incomplete}
     * under a flock(2) lock, which Java cannot take, so that file and that lock are never touched.
     * Our own processes wait for each other, and continue a download that one of them left.
     */
    private void download(HubClient client, HubClient.Remote remote, Path blob, Progress progress)
            throws IOException {
        Files.createDirectories(blob.getParent());
        if (!Files.isWritable(blob.getParent())) {
            throw new AccessDeniedException(blob.getParent().toString());
        }
        Path shared = blob.resolveSibling(remote.etag() + OWN + ".incomplete");
        try (FileChannel channel = openLock(remote)) {
            // released with the channel
            boolean locked = channel != null && lock(channel, progress, remote.name());
            if (isWhole(blob, remote)) {
                return;
            }
            boolean resumable = locked && (Files.notExists(shared) || Files.isWritable(shared));
            Path part =
                    resumable
                            ? shared
                            : blob.resolveSibling(
                                    remote.etag() + "." + UUID.randomUUID() + ".incomplete");
            try {
                client.download(remote, part, progress);
                Files.move(
                        part,
                        blob,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                if (!resumable) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    /** The file that our processes lock; null where it cannot be written. */
    private FileChannel openLock(HubClient.Remote remote) {
        Path file = root.resolve(".locks").resolve(folder).resolve(remote.etag() + OWN + ".lock");
        try {
            Files.createDirectories(file.getParent());
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            LOG.debug("{} is not available, so a download cannot be resumed", file, e);
            return null;
        }
    }

    /**
     * Waits while another process, or another thread of this one, downloads the same blob.
     *
     * @return whether the lock is held; false on a file system without locks
     */
    private static boolean lock(FileChannel channel, Progress progress, String name) {
        while (true) {
            try {
                if (channel.tryLock() != null) {
                    return true;
                }
            } catch (OverlappingFileLockException e) {
                LOG.trace("{} is being downloaded by another thread", name);
            } catch (IOException e) {
                LOG.debug("no locks here, so a download cannot be resumed", e);
                return false;
            }
            progress.report("waiting for another download of " + name, 0, -1);
            try {
                Thread.sleep(LOCK_POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ModelException("interrupted while waiting for " + name, e);
            }
        }
    }

    /**
     * A relative link, so that the cache can be moved; a copy where there are no links. Others may
     * read the file at this moment: it is replaced in one step, and only if it must be.
     */
    private static void link(Path file, Path blob) throws IOException {
        if (Files.exists(file) && Files.isSameFile(file, blob)) {
            return;
        }
        Files.createDirectories(file.getParent());
        Path made = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
        try {
            Files.createSymbolicLink(made, file.getParent().relativize(blob));
        } catch (UnsupportedOperationException | FileSystemException e) {
            Files.copy(blob, made);
        }
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private ModelException unusable(IOException e) {
        return new ModelException(
                "the model is not complete in the cache "
                        + directory()
                        + ", which cannot be written: "
                        + FileErrors.reason(e)
                        + "; free some space, change its permissions, or set HF_HOME to another"
                        + " directory",
                e);
    }

    /**
     * How to repair a file, if it is in the hub's cache.
     *
     * @param file a file of a snapshot or a blob
     */
    public static Optional<String> repair(Path file) {
        Path path = file.toAbsolutePath().normalize();
        for (Path parent = path.getParent(); parent != null; parent = parent.getParent()) {
            String name = parent.getFileName() == null ? "" : parent.getFileName().toString();
            if (name.startsWith(REPOSITORY)) {
                String repository = name.substring(REPOSITORY.length()).replaceFirst("--", "/");
                Path inside = parent.relativize(path);
                boolean main = !inside.startsWith("snapshots") || isMain(parent, inside);
                return Optional.of(
                        "download it again with flink-splade model pull hf:"
                                + repository
                                + (main ? "" : "@" + inside.getName(1)));
            }
        }
        return Optional.empty();
    }

    private static boolean isMain(Path directory, Path inside) {
        try {
            return Files.readString(directory.resolve("refs/main"))
                    .strip()
                    .equals(inside.getName(1).toString());
        } catch (IOException e) {
            return false; // the commit names the snapshot just as well
        }
    }
}
