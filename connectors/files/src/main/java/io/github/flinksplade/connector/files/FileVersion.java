package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * The attributes of a file that change if it is written to or replaced.
 *
 * @param size in bytes
 * @param modifiedNanos when it was last modified, in nanoseconds since the epoch
 * @param inode its number in the file system; 0 if unknown. The device is not included, because its
 *     number may change when the machine restarts
 */
record FileVersion(long size, long modifiedNanos, long inode) {

    /** The current version of a file; a symbolic link is followed. */
    static FileVersion of(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            Map<String, Object> attributes =
                    Files.readAttributes(file, "unix:size,lastModifiedTime,ino");
            return new FileVersion(
                    (Long) attributes.get("size"),
                    ((FileTime) attributes.get("lastModifiedTime")).to(TimeUnit.NANOSECONDS),
                    ((Number) attributes.get("ino")).longValue());
        }
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileVersion(
                attributes.size(), attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS), 0);
    }

    void write(DataOutputSerializer out) throws IOException {
        out.writeLong(size);
        out.writeLong(modifiedNanos);
        out.writeLong(inode);
    }

    static FileVersion read(DataInputDeserializer in) throws IOException {
        return new FileVersion(in.readLong(), in.readLong(), in.readLong());
    }
}
