package io.github.flinksplade.connector.files;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * Decompresses with a library, and separates its two kinds of failure: invalid data, which becomes
 * a {@link CorruptFileException}, and failures to read the file, which pass unchanged.
 */
abstract class DecompressingInputStream extends InputStream {

    /** A call of the library. */
    interface Call<T> {
        T run() throws IOException;
    }

    /** Reads from the library. */
    abstract int readDecompressed(byte[] bytes, int offset, int length) throws IOException;

    /** Explains an exception of the library. */
    abstract CorruptFileException explain(IOException failure);

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        return length == 0 ? 0 : call(() -> readDecompressed(bytes, offset, length));
    }

    final <T> T call(Call<T> call) throws IOException {
        try {
            return call.run();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (CorruptFileException e) {
            throw e;
        } catch (IOException e) {
            throw explain(e);
        }
    }

    /** The file, whose failures a library cannot mistake for its own because they are unchecked. */
    static final class CompressedInput extends FilterInputStream {

        private boolean isAtEnd;

        CompressedInput(InputStream in) {
            super(in);
        }

        /** Whether the library has requested bytes after the end of the file. */
        boolean isAtEnd() {
            return isAtEnd;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            try {
                int count = in.read(bytes, offset, length);
                isAtEnd |= count < 0;
                return count;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
