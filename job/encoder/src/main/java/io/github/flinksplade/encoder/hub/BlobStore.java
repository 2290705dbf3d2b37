package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
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
 * The blobs of a repository in the hub's cache, named by the ETag of their content:
 *
 * <pre>
 * blobs/ETAG                                  the content
 * blobs/ETAG.flink-splade.incomplete          an interrupted download
 * .locks/REPOSITORY/ETAG.flink-splade.lock    locked while a blob is written
 * </pre>
 */
final class BlobStore {

    private static final Logger LOG = LoggerFactory.getLogger(BlobStore.class);
    private static final long LOCK_POLL_MILLIS = 100;

    /** Part of the names of files that no other tool uses. */
    private static final String OWN = ".flink-splade";

    private final Path blobs;
    private final Path locks;

    BlobStore(Path blobs, Path locks) {
        this.blobs = blobs;
        this.locks = locks;
    }

    /**
     * Downloads a file and links it, if it is missing or damaged. Writes nothing if it is complete.
     *
     * @param link the file of the snapshot
     * @throws IOException if the cache cannot be written
     */
    void fetch(HubClient client, HubClient.RemoteFile remote, Path link, Progress progress)
            throws IOException {
        Path blob = blobs.resolve(remote.etag());
        if (Files.isRegularFile(link)) {
            Optional<String> mismatch = remote.mismatch(link);
            if (mismatch.isEmpty()) {
                return;
            }
            String message =
                    link + " is damaged (it " + mismatch.get() + ") and is downloaded again";
            progress.warn(message);
        }
        if (!isComplete(blob, remote)) {
            download(client, remote, blob, progress);
        }
        link(link, blob);
    }

    private static boolean isComplete(Path file, HubClient.RemoteFile remote) throws IOException {
        return Files.isRegularFile(file) && remote.mismatch(file).isEmpty();
    }

    /**
     * Downloads to a temporary file and renames it. Other tools write {@code ETAG.incomplete} under
     * a flock(2) lock, which Java cannot acquire, so that file and that lock are never touched.
     * Processes of this library wait for each other, and resume a download that one of them left.
     */
    private void download(
            HubClient client, HubClient.RemoteFile remote, Path blob, Progress progress)
            throws IOException {
        Files.createDirectories(blobs);
        if (!Files.isWritable(blobs)) {
            throw new AccessDeniedException(blobs.toString());
        }
        Path shared = blobs.resolve(remote.etag() + OWN + ".incomplete");
        try (FileChannel channel = openLock(remote)) {
            // released with the channel
            boolean isLocked = channel != null && lock(channel, progress, remote.name());
            if (isComplete(blob, remote)) {
                return;
            }
            boolean isResumable = isLocked && (Files.notExists(shared) || Files.isWritable(shared));
            Path part =
                    isResumable
                            ? shared
                            : blobs.resolve(
                                    remote.etag() + "." + UUID.randomUUID() + ".incomplete");
            try {
                client.download(remote, part, progress);
                Files.move(
                        part,
                        blob,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                if (!isResumable) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    /** Opens the file that our processes lock; null if it cannot be written. */
    private FileChannel openLock(HubClient.RemoteFile remote) {
        Path file = locks.resolve(remote.etag() + OWN + ".lock");
        try {
            Files.createDirectories(locks);
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            LOG.debug("{} is not available, so the download cannot be resumed", file, e);
            return null;
        }
    }

    /**
     * Waits while another process, or another thread of this one, downloads the same blob.
     *
     * @return whether the lock was acquired; false on a file system without locks
     */
    private static boolean lock(FileChannel channel, Progress progress, String name) {
        while (true) {
            try {
                if (channel.tryLock() != null) {
                    return true;
                }
            } catch (OverlappingFileLockException e) {
                LOG.trace("another thread is downloading {}", name);
            } catch (IOException e) {
                LOG.debug("locks are not supported, so the download cannot be resumed", e);
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
     * Creates a relative link, so that the cache can be moved, or a copy if links are not
     * supported. Others may be reading the file: it is replaced atomically, and only if necessary.
     */
    private static void link(Path file, Path blob) throws IOException {
        if (Files.exists(file) && Files.isSameFile(file, blob)) {
            return;
        }
        Files.createDirectories(file.getParent());
        Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
        try {
            Files.createSymbolicLink(temporary, file.getParent().relativize(blob));
        } catch (UnsupportedOperationException | FileSystemException e) {
            Files.copy(blob, temporary);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
