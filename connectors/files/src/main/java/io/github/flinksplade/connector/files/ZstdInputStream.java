package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;

/**
 * Unpacks Zstandard (RFC 8878), all frames of it, with errors that say what is wrong. Windows of up
 * to 8 MiB are supported, which every level up to 19 keeps to.
 */
final class ZstdInputStream extends InputStream {

    private static final long MAX_WINDOW_BYTES = 8 << 20;

    private final Frames frames;
    private final InputStream unpacked;

    ZstdInputStream(InputStream in) {
        this.frames = new Frames(in);
        this.unpacked = new io.airlift.compress.zstd.ZstdInputStream(frames);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] sink, int offset, int length) throws IOException {
        try {
            return unpacked.read(sink, offset, length);
        } catch (RuntimeException e) {
            // MalformedInputException and whatever else damaged input leads the decoder into
            throw new CorruptFileException("its zstd data are damaged (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public void close() throws IOException {
        unpacked.close(); // closes the frames too
    }

    /**
     * Passes frames on and leaves skippable ones out, which the decoder does not know. Because it
     * follows the frames' structure it knows when the input ends too early.
     */
    private static final class Frames extends InputStream {

        private static final int MAGIC = 0xFD2FB528;
        private static final int SKIPPABLE_MAGIC = 0x184D2A50;

        private final InputStream in;
        private final byte[] buffer = new byte[64 << 10];
        private int position;
        private int limit;
        private boolean any;

        /** A header of the frame or of a block, on its way to the decoder. */
        private final byte[] header = new byte[18];

        private int headerPosition;
        private int headerLimit;

        /** Bytes of the current block, and of the checksum behind it, that are still to come. */
        private long remaining;

        private boolean inFrame;
        private boolean lastBlock;
        private boolean checksum;

        Frames(InputStream in) {
            this.in = in;
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
            while (headerPosition == headerLimit && remaining == 0) {
                if (inFrame && !lastBlock) {
                    nextBlock();
                } else if (!nextFrame()) {
                    return -1;
                }
            }
            if (headerPosition < headerLimit) {
                int count = Math.min(length, headerLimit - headerPosition);
                System.arraycopy(header, headerPosition, sink, offset, count);
                headerPosition += count;
                return count;
            }
            if (position == limit && !fill()) {
                throw cutOff();
            }
            int count = (int) Math.min(Math.min(length, limit - position), remaining);
            System.arraycopy(buffer, position, sink, offset, count);
            position += count;
            remaining -= count;
            return count;
        }

        /** False when there is none. */
        private boolean nextFrame() throws IOException {
            inFrame = false;
            while (position < limit || fill()) {
                any = true;
                startHeader(4);
                int magic = header(4);
                if ((magic & 0xFFFFFFF0) == SKIPPABLE_MAGIC) {
                    startHeader(4);
                    drop(header(4) & 0xFFFFFFFFL);
                } else if (magic == MAGIC) {
                    readFrameHeader();
                    return true;
                } else {
                    throw new CorruptFileException("it has bytes that are not zstd data");
                }
            }
            headerLimit = 0;
            headerPosition = 0;
            if (!any) {
                throw new CorruptFileException("it is empty, which is no zstd file");
            }
            return false;
        }

        private void readFrameHeader() throws IOException {
            addToHeader(1);
            int descriptor = header[4] & 0xFF;
            boolean singleSegment = (descriptor & 0x20) != 0;
            checksum = (descriptor & 4) != 0;
            int dictionaryBytes = new int[] {0, 1, 2, 4}[descriptor & 3];
            int sizeBytes = new int[] {singleSegment ? 1 : 0, 2, 4, 8}[descriptor >> 6];
            addToHeader((singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
            if (!singleSegment) {
                long base = 1L << (10 + ((header[5] & 0xFF) >> 3));
                long window = base + base / 8 * (header[5] & 7);
                if (window > MAX_WINDOW_BYTES) {
                    throw new CorruptFileException(
                            "it was packed with a window of "
                                    + (window >> 20)
                                    + " MiB, and 8 MiB are supported; pack it with zstd -19 or"
                                    + " lower, without --long");
                }
            }
            inFrame = true;
            lastBlock = false;
        }

        private void nextBlock() throws IOException {
            startHeader(3);
            int block = header(3);
            lastBlock = (block & 1) != 0;
            boolean oneByteRepeated = (block >> 1 & 3) == 1;
            remaining = (oneByteRepeated ? 1 : block >> 3) + (lastBlock && checksum ? 4 : 0);
        }

        private void startHeader(int count) throws IOException {
            headerPosition = 0;
            headerLimit = 0;
            addToHeader(count);
        }

        private void addToHeader(int count) throws IOException {
            for (int i = 0; i < count; i++) {
                if (position == limit && !fill()) {
                    throw cutOff();
                }
                header[headerLimit++] = buffer[position++];
            }
        }

        private int header(int count) {
            int value = 0;
            for (int i = 0; i < count; i++) {
                value |= (header[i] & 0xFF) << 8 * i;
            }
            return value;
        }

        private void drop(long count) throws IOException {
            for (long left = count; left > 0; ) {
                if (position == limit && !fill()) {
                    throw cutOff();
                }
                int step = (int) Math.min(left, limit - position);
                position += step;
                left -= step;
            }
        }

        private boolean fill() throws IOException {
            int count = in.read(buffer, 0, buffer.length);
            position = 0;
            limit = Math.max(count, 0);
            return count > 0;
        }

        private static IOException cutOff() {
            return new CorruptFileException("it is cut off: its zstd data have no end");
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
