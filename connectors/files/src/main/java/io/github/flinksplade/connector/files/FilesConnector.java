package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.Target;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Documents from files, vectors and dead letters into files; see the package description. */
public final class FilesConnector implements Connector {

    /**
     * Header, with the value {@code true}, of a record that is only the head of its line, because
     * the line is longer than the option {@code max-line}.
     */
    public static final String HEADER_TRUNCATED_LINE = "flink-splade.truncated-line";

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public String usage() {
        return "file:docs.jsonl reads a file, a folder or files by a pattern (JSON lines, TSV, text;"
                + " .gz, .zst), file:vectors.jsonl writes JSON lines";
    }

    @Override
    public DocumentSource source(Address address) {
        return new FilesSource(address.allowProperties());
    }

    @Override
    public Target target(Address address) {
        return new FilesTarget(address.allowProperties());
    }

    @Override
    public DeadLetterQueue deadLetters(Address address) {
        return new FilesDeadLetters(address.allowProperties());
    }

    /** The place of an address as it would be given to a shell: {@code file:///a} is {@code /a}. */
    static String place(Address address) {
        String place = address.place();
        if (place.startsWith("///")) {
            return place.substring(2);
        }
        if (place.startsWith("//")) {
            throw new ConnectorException(
                    address
                            + " names a host; write file:"
                            + place.substring(2)
                            + " for a relative path, file:/"
                            + place.substring(2)
                            + " for an absolute one");
        }
        return place;
    }

    /** The one path that an address names; relative ones begin where this process runs. */
    static Path path(Address address) {
        return path(address, place(address));
    }

    /** As {@link #path(Address)}, of a part of the address's place. */
    static Path path(Address address, String place) {
        try {
            return Path.of(place).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ConnectorException(address + " is not a path: " + e.getReason(), e);
        }
    }
}
