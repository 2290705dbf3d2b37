package io.github.flinksplade.encoder.platform;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes files of a cache that several users and processes share. A file appears completely or not
 * at all, by an atomic rename, and with the permissions of the umask: {@code Files.createTempFile}
 * would make it unreadable for other users.
 */
public final class AtomicFile {

    /** Writes the content of a file. */
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFile() {}

    /** Writes a file through a temporary file in the same directory. */
    public static void write(Path file, Content content) throws IOException {
        write(file, file.toAbsolutePath().getParent(), content);
    }

    /**
     * Writes a file through a temporary file.
     *
     * @param directory of the temporary file, on the same file system
     */
    public static void write(Path file, Path directory, Content content) throws IOException {
        Path part = directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            try (OutputStream out =
                    new BufferedOutputStream(
                            Files.newOutputStream(
                                    part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            1 << 16)) {
                content.writeTo(out);
            }
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (AccessDeniedException e) {
            // report the directory, whose permissions the user can change
            AccessDeniedException denied = new AccessDeniedException(directory.toString());
            denied.initCause(e);
            throw denied;
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
