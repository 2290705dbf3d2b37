package io.github.flinksplade.connector.files;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a file, decompressed and in UTF-8.
 *
 * @param in positioned where it was opened
 * @param before the byte before that position; -1 at the start of the file
 */
record DecodedFile(InputStream in, int before) {

    /**
     * Opens a file. A file that is decompressed or converted to UTF-8 is read up to the position.
     *
     * @param charset name of the charset of files without a byte order mark; null to keep the bytes
     * @return null if the file ends before the position
     */
    static DecodedFile open(
            FileStorage.OpenFile file, Compression compression, String charset, long offset)
            throws IOException {
        InputStream in = compression.decompress(file.from(0));
        Charset converted = null;
        if (charset != null) {
            PushbackInputStream whole = new PushbackInputStream(in, FileCharset.MARK_BYTES);
            byte[] start = whole.readNBytes(FileCharset.MARK_BYTES);
            whole.unread(start);
            converted = FileCharset.of(start, charset);
            in = whole;
        }
        if (converted != null && !converted.equals(StandardCharsets.UTF_8)) {
            in = new TranscodingInputStream(in, converted);
        } else if (compression == Compression.NONE && offset > 0) {
            if (file.size() < offset) {
                return null;
            }
            in = file.from(offset - 1);
            return new DecodedFile(in, in.read());
        }
        if (offset == 0) {
            return new DecodedFile(in, -1);
        }
        try {
            in.skipNBytes(offset - 1);
        } catch (EOFException e) {
            return null;
        }
        int before = in.read();
        return before < 0 ? null : new DecodedFile(in, before);
    }

    /** Whether the position is after a line feed. */
    boolean startsLine() {
        return before < 0 || before == '\n';
    }
}
