package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;

/** The compression of a file, detected by its name. */
enum Compression {
    NONE(""),
    GZIP(".gz"),
    ZSTD(".zst");

    private final String suffix;

    Compression(String suffix) {
        this.suffix = suffix;
    }

    static Compression of(String fileName) {
        if (fileName.endsWith(GZIP.suffix)) {
            return GZIP;
        }
        return fileName.endsWith(ZSTD.suffix) ? ZSTD : NONE;
    }

    /** The file name without the suffix of its compression. */
    static String removeSuffix(String fileName) {
        return fileName.substring(0, fileName.length() - of(fileName).suffix.length());
    }

    /**
     * The decompressed bytes. Reading throws a {@link CorruptFileException} if the input is
     * truncated, corrupt or in another format; its message completes "cannot read FILE: ...".
     */
    InputStream decompress(InputStream in) throws IOException {
        return switch (this) {
            case NONE -> in;
            case GZIP -> new GzipInputStream(in);
            case ZSTD -> new ZstdInputStream(in);
        };
    }
}
