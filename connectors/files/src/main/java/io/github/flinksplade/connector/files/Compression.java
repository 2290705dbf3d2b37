package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;

/** How a file is packed, told by the end of its name. */
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

    /** The file's name without the end that tells of its packing. */
    static String strip(String fileName) {
        return fileName.substring(0, fileName.length() - of(fileName).suffix.length());
    }

    /**
     * The unpacked bytes. Reading throws a {@link CorruptFileException} whose message completes the
     * sentence "cannot read FILE: ..." when the input is cut off, damaged or not packed so.
     */
    InputStream unpack(InputStream in) throws IOException {
        return switch (this) {
            case NONE -> in;
            case GZIP -> new GzipInputStream(in);
            case ZSTD -> new ZstdInputStream(in);
        };
    }
}
