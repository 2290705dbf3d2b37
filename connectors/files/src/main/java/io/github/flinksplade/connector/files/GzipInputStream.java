package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks gzip (RFC 1952), all members of it. Unlike the one of the JDK it takes a file that ends
 * within the header of a later member, and bytes that are no member, for the errors they are. Zeros
 * after the last member are padding.
 */
final class GzipInputStream extends InputStream {

    private static final int FLAG_HEADER_CRC = 2;
    private static final int FLAG_EXTRA = 4;
    private static final int FLAG_NAME = 8;
    private static final int FLAG_COMMENT = 16;
    private static final int FLAGS_RESERVED = 0xE0;

    private final InputStream in;
    private final byte[] packed = new byte[64 << 10];
    private int position;
    private int limit;

    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private boolean ended;

    GzipInputStream(InputStream in) throws IOException {
        this.in = in;
        readHeader(required());
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] sink, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!ended) {
            int count;
            try {
                count = inflater.inflate(sink, offset, length);
            } catch (DataFormatException e) {
                throw new CorruptFileException(
                        "its gzip data are damaged (" + e.getMessage() + ")", e);
            }
            if (count > 0) {
                crc.update(sink, offset, count);
                return count;
            }
            if (inflater.finished()) {
                position = limit - inflater.getRemaining();
                readTrailer();
                nextMember();
            } else if (inflater.needsDictionary()) {
                throw new CorruptFileException(
                        "its gzip data are damaged (they want a dictionary)");
            } else {
                if (!fill()) {
                    throw cutOff();
                }
                inflater.setInput(packed, 0, limit);
            }
        }
        return -1;
    }

    private void nextMember() throws IOException {
        int first = next();
        while (first == 0) {
            first = next();
        }
        if (first < 0) {
            ended = true;
        } else {
            inflater.reset();
            crc.reset();
            readHeader(first);
        }
    }

    private void readHeader(int first) throws IOException {
        if (first != 0x1F || required() != 0x8B || required() != 8) {
            throw new CorruptFileException("it has bytes that are not gzip data");
        }
        int flags = required();
        if ((flags & FLAGS_RESERVED) != 0) {
            throw new CorruptFileException("its gzip header is damaged");
        }
        drop(6); // time, extra flags, operating system
        if ((flags & FLAG_EXTRA) != 0) {
            drop(required() | required() << 8);
        }
        if ((flags & FLAG_NAME) != 0) {
            dropString();
        }
        if ((flags & FLAG_COMMENT) != 0) {
            dropString();
        }
        if ((flags & FLAG_HEADER_CRC) != 0) {
            drop(2);
        }
        inflater.setInput(packed, position, limit - position);
    }

    private void readTrailer() throws IOException {
        if (requiredInt() != (int) crc.getValue()
                || requiredInt() != (int) inflater.getBytesWritten()) {
            throw new CorruptFileException("its gzip data are damaged (the checksum differs)");
        }
    }

    private int requiredInt() throws IOException {
        return required() | required() << 8 | required() << 16 | required() << 24;
    }

    private void drop(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            required();
        }
    }

    private void dropString() throws IOException {
        while (required() != 0) {
            // up to the zero that ends it
        }
    }

    private int required() throws IOException {
        int next = next();
        if (next < 0) {
            throw cutOff();
        }
        return next;
    }

    private int next() throws IOException {
        return position < limit || fill() ? packed[position++] & 0xFF : -1;
    }

    private boolean fill() throws IOException {
        int count = in.read(packed, 0, packed.length);
        position = 0;
        limit = Math.max(count, 0);
        return count > 0;
    }

    private static IOException cutOff() {
        return new CorruptFileException("it is cut off: its gzip data have no end");
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
