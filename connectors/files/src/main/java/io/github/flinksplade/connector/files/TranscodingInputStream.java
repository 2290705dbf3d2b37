package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Converts text to UTF-8. A sequence that is invalid in the charset becomes the byte 0xFF, which is
 * invalid in UTF-8, so that exactly the record that contains it is rejected.
 */
final class TranscodingInputStream extends InputStream {

    private static final int BUFFER_BYTES = 16 << 10;
    private static final byte INVALID = (byte) 0xFF;

    private final InputStream in;
    private final CharsetDecoder decoder;
    private final CharsetEncoder encoder =
            StandardCharsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT);
    private final ByteBuffer encoded = ByteBuffer.allocate(BUFFER_BYTES).flip();
    private final CharBuffer chars = CharBuffer.allocate(BUFFER_BYTES);
    // 3 bytes per char, a byte for an invalid sequence
    private final ByteBuffer utf8 = ByteBuffer.allocate(3 * BUFFER_BYTES + 1).flip();
    private boolean isAtEnd;
    private boolean isFlushed;

    TranscodingInputStream(InputStream in, Charset charset) {
        this.in = in;
        this.decoder =
                charset.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!utf8.hasRemaining()) {
            if (isFlushed) {
                return -1;
            }
            transcode();
        }
        int count = Math.min(length, utf8.remaining());
        utf8.get(bytes, offset, count);
        return count;
    }

    private void transcode() throws IOException {
        if (!isAtEnd) {
            encoded.compact();
            int count = in.read(encoded.array(), encoded.position(), encoded.remaining());
            isAtEnd = count < 0;
            encoded.position(encoded.position() + Math.max(count, 0)).flip();
        }
        chars.clear();
        CoderResult result = decoder.decode(encoded, chars, isAtEnd);
        if (isAtEnd && result.isUnderflow()) {
            isFlushed = decoder.flush(chars).isUnderflow();
        }
        utf8.clear();
        encode();
        if (result.isError()) {
            encoded.position(encoded.position() + result.length());
            utf8.put(INVALID);
        }
        utf8.flip();
    }

    /** Encodes the characters, which never end within a pair of surrogates. */
    private void encode() {
        chars.flip();
        encoder.reset();
        while (encoder.encode(chars, utf8, true).isError()) {
            chars.get();
            utf8.put(INVALID);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
