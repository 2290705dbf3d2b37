package io.github.flinksplade.encoder.internal;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * One repository in the cache that all of the hub's libraries share:
 *
 * <pre>
 * models--owner--name/refs/main                     the commit that a branch or tag stood at
 * models--owner--name/snapshots/COMMIT/onnx/...     links into blobs, by the names of the files
 * models--owner--name/blobs/ETAG                    contents
 * models--owner--name/blobs/ETAG.incomplete         a download that was cut off
 * .locks/models--owner--name/ETAG.lock              held while a blob is written
 * </pre>
 */
final class HubCache {

    private static final long LOCK_POLL_MILLIS = 100;

    private final Path root;
    private final String folder;

    HubCache(Path root, String repository) {
        this.root = root.toAbsolutePath();
        this.folder = "models--" + repository.replace("/", "--");
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
            throw new ModelException(ref + " cannot be read: " + e, e);
        }
    }

    Path snapshot(String commit) {
        return directory().resolve("snapshots").resolve(commit);
    }

    /** Remembers where a branch or tag stands. */
    void refer(String revision, String commit) {
        if (revision.equals(commit)) {
            return;
        }
        Path ref = directory().resolve("refs").resolve(revision);
        try {
            Files.createDirectories(ref.getParent());
            Path part = Files.createTempFile(ref.getParent(), "ref", ".part");
            try {
                Files.writeString(part, commit);
                Files.move(
                        part,
                        ref,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** The file of a snapshot, downloaded if it is not there yet. */
    Path fetch(HubClient client, String commit, String name, Progress progress) {
        Path file = snapshot(commit).resolve(name);
        if (Files.isRegularFile(file)) {
            return file;
        }
        HubClient.Remote remote = client.head(commit, name);
        Path blob = directory().resolve("blobs").resolve(remote.etag());
        Path lockFile = root.resolve(".locks").resolve(folder).resolve(remote.etag() + ".lock");
        try {
            Files.createDirectories(blob.getParent());
            Files.createDirectories(lockFile.getParent());
            Files.createDirectories(file.getParent());
            try (FileChannel channel =
                            FileChannel.open(
                                    lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = lock(channel, progress, name)) {
                if (!Files.isRegularFile(blob)) {
                    Path part = blob.resolveSibling(remote.etag() + ".incomplete");
                    client.download(remote, part, progress);
                    Files.move(part, blob, StandardCopyOption.ATOMIC_MOVE);
                }
                link(file, blob);
                if (!lock.isValid()) {
                    throw new IOException("the lock " + lockFile + " was lost");
                }
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
        return file;
    }

    /** Waits while another process, or another thread of this one, fetches the same blob. */
    private static FileLock lock(FileChannel channel, Progress progress, String name)
            throws IOException {
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // held by another thread of this process
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
        Path made = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
        try {
            Files.createSymbolicLink(made, file.getParent().relativize(blob));
        } catch (UnsupportedOperationException | FileSystemException e) {
            Files.copy(blob, made);
        }
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private ModelException unwritable(IOException e) {
        return new ModelException(
                "the cache "
                        + directory()
                        + " cannot be written: "
                        + (e.getMessage() == null ? e.toString() : reason(e))
                        + "; free some space or set HF_HOME to another directory",
                e);
    }

    private static String reason(IOException e) {
        return e instanceof FileSystemException file && file.getReason() != null
                ? file.getReason() + " (" + file.getFile() + ")"
                : e.getClass() == IOException.class
                        ? e.getMessage()
                        : e.getClass().getSimpleName() + " " + e.getMessage();
    }
}
