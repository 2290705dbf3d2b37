package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;

/** The charset of files: the one of a byte order mark, else a configured one, else UTF-8. */
final class FileCharset {

    static final int UTF8_MARK_BYTES = 3;

    /** The number of bytes that decide about a byte order mark. */
    static final int MARK_BYTES = 3;

    private FileCharset() {}

    static boolean hasUtf8Mark(byte[] bytes, int length) {
        return length >= UTF8_MARK_BYTES
                && bytes[0] == (byte) 0xEF
                && bytes[1] == (byte) 0xBB
                && bytes[2] == (byte) 0xBF;
    }

    /** The charset of a byte order mark; null without one. */
    static Charset ofMark(byte[] start) {
        if (hasUtf8Mark(start, start.length)) {
            return StandardCharsets.UTF_8;
        }
        if (start.length >= 2 && start[0] == (byte) 0xFE && start[1] == (byte) 0xFF) {
            return StandardCharsets.UTF_16BE;
        }
        return start.length >= 2 && start[0] == (byte) 0xFF && start[1] == (byte) 0xFE
                ? StandardCharsets.UTF_16LE
                : null;
    }

    /**
     * The charset of a file.
     *
     * @param start its first bytes
     * @param configured name of a charset
     */
    static Charset of(byte[] start, String configured) {
        Charset marked = ofMark(start);
        return marked == null ? Charset.forName(configured) : marked;
    }

    /**
     * Validates the name of a charset.
     *
     * @throws IllegalArgumentException if the charset is unknown
     */
    static String validated(String name) {
        try {
            if (Charset.isSupported(name)) {
                return Charset.forName(name).name();
            }
        } catch (IllegalCharsetNameException e) {
            // as if it were unknown
        }
        throw new IllegalArgumentException(
                "'"
                        + name
                        + "' is not the name of a charset. Write one such as windows-1252,"
                        + " ISO-8859-1 or UTF-16LE");
    }

    /**
     * Decodes a text strictly, without a byte order mark.
     *
     * @throws InvalidRecordException if it is not valid in the charset
     */
    static String decode(byte[] bytes, Charset charset) throws InvalidRecordException {
        try {
            String text =
                    charset.newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)
                            .decode(ByteBuffer.wrap(bytes))
                            .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new InvalidRecordException(
                    Reason.NOT_UTF8, "the file is not valid " + charset.name(), null);
        }
    }
}
