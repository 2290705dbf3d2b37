package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.Predicate;

/**
 * The standard input of this process, as a single file: a copy of it, because a restarted job reads
 * it again. Empty until it is copied.
 */
enum StandardInput implements FileStorage {
    INSTANCE;

    /** The path of the file, which is also its name in messages. Local paths are absolute. */
    static final String PATH = "standard input";

    private static final String FILE_NAME = "stdin";
    private static final int MAGIC_BYTES = 4;

    private volatile Path copy;

    /** Forgets the copy of an earlier run in this process. */
    static void reset() {
        INSTANCE.copy = null;
    }

    /**
     * Reads an input to its end. It is decompressed here, because it has no name that implies how.
     *
     * @return the name of the copy, which no other copy has
     */
    static String copy(InputStream in, Path directory) throws IOException {
        if (INSTANCE.copy != null) {
            throw new ConnectorException(
                    "standard input is listed as a source twice, but can be read once. List - once");
        }
        Files.createDirectories(directory);
        Path file = Files.createTempFile(directory, "standard-input-", "");
        file.toFile().deleteOnExit(); // if the process is stopped while it reads
        try (InputStream decompressed = decompressed(in)) {
            Files.copy(decompressed, file, StandardCopyOption.REPLACE_EXISTING);
        }
        INSTANCE.copy = file;
        return file.getFileName().toString();
    }

    private static InputStream decompressed(InputStream in) throws IOException {
        PushbackInputStream start = new PushbackInputStream(in, MAGIC_BYTES);
        byte[] magic = start.readNBytes(MAGIC_BYTES);
        start.unread(magic);
        return Compression.ofContent(magic).decompress(start);
    }

    @Override
    public Kind kind(String path) {
        return copy == null || Files.exists(copy) ? Kind.FILE : Kind.MISSING;
    }

    @Override
    public List<FilePattern.ListedFile> list(String folder) {
        throw new UnsupportedOperationException("not a folder");
    }

    @Override
    public List<FilePattern.ListedFile> walk(String folder, int depth, Predicate<String> matches) {
        throw new UnsupportedOperationException("not a folder");
    }

    @Override
    public FileVersion version(String path) throws IOException {
        return copy == null ? new FileVersion(0, 0, 0) : FileVersion.of(copy);
    }

    @Override
    public boolean isReadable(String path) {
        return true;
    }

    @Override
    public OpenFile open(String path) throws IOException {
        return LocalFiles.INSTANCE.open(copy.toString());
    }

    @Override
    public String nameIn(String folder, String file) {
        return FILE_NAME;
    }

    @Override
    public String fileName(String path) {
        return FILE_NAME;
    }

    @Override
    public String suggestion(String missing) {
        return null;
    }
}
