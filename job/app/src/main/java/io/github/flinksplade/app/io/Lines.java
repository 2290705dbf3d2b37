package io.github.flinksplade.app.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads lines of UTF-8. Only LF and CRLF end a line; U+2028 or a lone CR does not. A line that is
 * too long or not valid UTF-8 is returned as an error, and reading continues with the next one.
 */
public final class Lines {

    /** Max length of a line in bytes: 64 MiB. */
    static final int MAX_BYTES = 64 << 20;

    private final InputStream in;
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT);
    private final byte[] buffer = new byte[1 << 16];
    private int position;
    private int limit;
    private long number;

    public Lines(InputStream in) {
        this.in = in;
    }

    /**
     * One line.
     *
     * @param number its number, from 1
     * @param text the text, or null with an error
     * @param error why the line cannot be used, or null
     */
    public record Line(long number, String text, String error) {}

    /** The next line, or null at the end. Does not wait for more input than that line. */
    public Line next() throws IOException {
        byte[] line = new byte[0];
        int length = 0;
        boolean tooLong = false;
        while (true) {
            if (position == limit) {
                limit = in.read(buffer, 0, buffer.length);
                position = 0;
                if (limit <= 0) {
                    limit = 0;
                    return length == 0 && !tooLong ? null : line(line, length, tooLong, false);
                }
            }
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            int more = end - position;
            tooLong |= (long) length + more > MAX_BYTES;
            if (!tooLong) {
                if (length + more > line.length) {
                    line =
                            Arrays.copyOf(
                                    line, Math.max(length + more, Math.min(MAX_BYTES, 2 * length)));
                }
                System.arraycopy(buffer, position, line, length, more);
                length += more;
            }
            position = end;
            if (end < limit) {
                position++;
                return line(line, length, tooLong, true);
            }
        }
    }

    private Line line(byte[] bytes, int length, boolean tooLong, boolean ended) {
        number++;
        if (tooLong) {
            return new Line(number, null, "longer than " + (MAX_BYTES >> 20) + " MiB");
        }
        int end = ended && length > 0 && bytes[length - 1] == '\r' ? length - 1 : length;
        try {
            return new Line(
                    number, decoder.decode(ByteBuffer.wrap(bytes, 0, end)).toString(), null);
        } catch (CharacterCodingException e) {
            return new Line(number, null, "not valid UTF-8");
        }
    }
}
