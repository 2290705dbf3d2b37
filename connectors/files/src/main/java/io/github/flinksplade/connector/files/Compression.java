package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The compression of a file. */
enum Compression {
    NONE(""),
    GZIP(".gz"),
    ZSTD(".zst");

    private static final byte[] ZSTD_MAGIC = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD};

    private final String suffix;

    Compression(String suffix) {
        this.suffix = suffix;
    }

    /** The compression that a file name implies. */
    static Compression of(String fileName) {
        if (fileName.endsWith(GZIP.suffix)) {
            return GZIP;
        }
        return fileName.endsWith(ZSTD.suffix) ? ZSTD : NONE;
    }

    /** The compression of an input that starts with some bytes. */
    static Compression ofContent(byte[] start) {
        if (start.length >= 2 && (start[0] & 0xFF) == 0x1F && (start[1] & 0xFF) == 0x8B) {
            return GZIP;
        }
        return Arrays.equals(start, ZSTD_MAGIC) ? ZSTD : NONE;
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
