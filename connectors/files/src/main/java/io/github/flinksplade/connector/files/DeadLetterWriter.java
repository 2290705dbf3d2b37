package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.vector.JsonText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;

/** Appends to the file of dead letters, which is opened and locked on first use. */
final class DeadLetterWriter implements StatefulSinkWriter<DeadLetter, DeadLetterSink.FileState> {

    private static final int BUFFER_BYTES = 64 << 10;

    private final Path path;
    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();

    /** Null until first use. */
    private FileChannel file;

    /**
     * Identifies the open file even after it is renamed; null if the file system has no such key.
     */
    private Object fileKey;

    DeadLetterWriter(Path path) {
        this.path = path;
    }

    /**
     * Removes everything that was written after a checkpoint, at which the file had this length.
     */
    void truncateTo(long length) {
        try {
            if (length > 0 || Files.exists(path)) {
                open();
                if (file.size() > length) {
                    file.truncate(length);
                }
            }
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    @Override
    public void write(DeadLetter letter, Context context) {
        buffer.writeBytes(json(letter).getBytes(StandardCharsets.UTF_8));
        if (buffer.size() >= BUFFER_BYTES) {
            writeBuffer();
        }
    }

    @Override
    public void flush(boolean endOfInput) {
        writeBuffer();
    }

    @Override
    public List<DeadLetterSink.FileState> snapshotState(long checkpointId) {
        writeBuffer();
        try {
            long length = 0;
            if (file != null) {
                file.force(true);
                length = file.size();
            } else if (Files.exists(path)) {
                length = Files.size(path);
            }
            return List.of(new DeadLetterSink.FileState(path.toString(), length));
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private void writeBuffer() {
        if (buffer.size() == 0) {
            return;
        }
        try {
            if (file != null && !isUnchangedFile()) {
                close(); // the file was moved or deleted; continue in a new one
            }
            if (file == null) {
                open();
            }
            file.position(file.size());
            ByteBuffer bytes = ByteBuffer.wrap(buffer.toByteArray());
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            buffer.reset();
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private boolean isUnchangedFile() throws IOException {
        return Files.exists(path) && Objects.equals(fileKey, fileKey());
    }

    private Object fileKey() throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    private void open() throws IOException {
        file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        lock();
        fileKey = fileKey();
        endLastLine();
    }

    private void lock() throws IOException {
        FileLock lock;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            close();
            throw new ConnectorException(
                    "another job is writing its dead letters to "
                            + path
                            + ". Set a file per job with --dead-letters");
        }
    }

    /** A killed process may have left an incomplete line. */
    private void endLastLine() throws IOException {
        long length = file.size();
        ByteBuffer last = ByteBuffer.allocate(1);
        if (length > 0 && file.read(last, length - 1) == 1 && last.get(0) != '\n') {
            file.write(ByteBuffer.wrap(new byte[] {'\n'}), length);
        }
    }

    private ConnectorException cannotWrite(IOException e) {
        return new ConnectorException("cannot write " + path + ": " + FilePattern.reason(e), e);
    }

    @Override
    public void close() throws IOException {
        FileChannel open = file;
        file = null;
        if (open != null) {
            open.close(); // releases the lock
        }
    }

    /** The dead letter as one line, with its line feed. */
    static String json(DeadLetter letter) {
        SourceRecord origin = letter.origin();
        StringBuilder json = new StringBuilder(512 + (int) (origin.sizeInBytes() * 4 / 3));
        json.append('{');
        string(DeadLetter.HEADER_TOPIC, origin.source(), json);
        json.append(',');
        JsonText.appendString(json, DeadLetter.HEADER_PARTITION);
        json.append(':').append(origin.partition()).append(',');
        JsonText.appendString(json, DeadLetter.HEADER_OFFSET);
        json.append(':').append(origin.offset()).append(',');
        string(DeadLetter.HEADER_STAGE, letter.stage().name(), json);
        json.append(',');
        string(DeadLetter.HEADER_EXCEPTION_CLASS, letter.exceptionClass(), json);
        json.append(',');
        string(DeadLetter.HEADER_EXCEPTION_MESSAGE, letter.message(), json);
        json.append(',');
        bytes("key", origin.key(), json);
        json.append(',');
        bytes("value", origin.value(), json);
        json.append(",\"headers\":[");
        for (int i = 0; i < origin.headerNames().length; i++) {
            json.append(i == 0 ? "{" : ",{");
            string("name", origin.headerNames()[i], json);
            json.append(',');
            bytes("value", origin.headerValues()[i], json);
            json.append('}');
        }
        json.append("],\"timestamp\":").append(origin.timestamp()).append(',');
        string("sink", letter.sink(), json);
        return json.append("}\n").toString();
    }

    private static void string(String name, String value, StringBuilder json) {
        JsonText.appendString(json, name);
        json.append(':');
        if (value == null) {
            json.append("null");
        } else {
            JsonText.appendString(json, value);
        }
    }

    private static void bytes(String name, byte[] value, StringBuilder json) {
        string(name, value == null ? null : Base64.getEncoder().encodeToString(value), json);
    }
}
