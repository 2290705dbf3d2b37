package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * Identifies the content of a file when it was opened, so that a position is used only for that
 * content.
 *
 * @param version its attributes
 * @param headDigest SHA-256, in hexadecimal, of its first 64 KiB, or of a shorter file. It detects
 *     that a file was overwritten within the resolution of its modification time
 */
record FileContent(FileVersion version, String headDigest) {

    private static final int HEAD_BYTES = 64 << 10;

    /**
     * @param version read before the file was opened: if the file is replaced in between, the next
     *     comparison finds a difference
     * @param file positioned at its start or anywhere else
     */
    static FileContent of(FileVersion version, FileStorage.OpenFile file) throws IOException {
        byte[] head = file.from(0).readNBytes(HEAD_BYTES);
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(head);
            return new FileContent(version, HexFormat.of().formatHex(sha256.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform supports SHA-256", e);
        }
    }

    void write(DataOutputSerializer out) throws IOException {
        version.write(out);
        out.writeUTF(headDigest);
    }

    static FileContent read(DataInputDeserializer in) throws IOException {
        return new FileContent(FileVersion.read(in), in.readUTF());
    }
}
