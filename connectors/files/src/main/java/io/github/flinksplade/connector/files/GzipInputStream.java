package io.github.flinksplade.connector.files;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * Decompresses all members of a gzip file with commons-compress. Members are opened one by one,
 * because commons-compress rejects zeros after the last one, which are valid padding. (The JDK's
 * GZIPInputStream accepts files that are truncated between members or have other bytes there.)
 */
final class GzipInputStream extends DecompressingInputStream {

    private static final int BUFFER_BYTES = 64 << 10;

    private final BufferedInputStream in;

    /** The current member; null after the last one. */
    private InputStream member;

    GzipInputStream(InputStream in) throws IOException {
        this.in = new BufferedInputStream(new CompressedInput(in), BUFFER_BYTES);
        member = call(this::nextMember);
        if (member == null) {
            throw truncated(null);
        }
    }

    @Override
    int readDecompressed(byte[] bytes, int offset, int length) throws IOException {
        while (member != null) {
            int count = member.read(bytes, offset, length);
            if (count > 0) {
                return count;
            }
            if (count < 0) {
                skipZeros();
                member = nextMember();
            }
        }
        return -1;
    }

    private void skipZeros() throws IOException {
        int next;
        do {
            in.mark(1);
            next = in.read();
        } while (next == 0);
        in.reset();
    }

    /** Opens the next member; null at the end of the file. */
    private InputStream nextMember() throws IOException {
        in.mark(2);
        int first = in.read();
        if (first < 0) {
            return null;
        }
        int second = in.read();
        in.reset();
        if (first == 0x1F && second < 0) {
            throw truncated(null);
        }
        if (first != 0x1F || second != 0x8B) {
            throw new CorruptFileException("it contains bytes that are not gzip data");
        }
        return new GzipCompressorInputStream(in);
    }

    @Override
    CorruptFileException explain(IOException failure) {
        return failure instanceof EOFException
                ? truncated(failure)
                : new CorruptFileException(
                        "its gzip data is corrupt (" + failure.getMessage() + ")", failure);
    }

    private static CorruptFileException truncated(IOException cause) {
        return new CorruptFileException("it is truncated: its gzip data is incomplete", cause);
    }

    @Override
    public void close() throws IOException {
        if (member != null) {
            member.close(); // releases native memory
        }
        in.close();
    }
}
