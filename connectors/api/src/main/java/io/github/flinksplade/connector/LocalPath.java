package io.github.flinksplade.connector;

import io.github.flinksplade.environment.HomeDirectory;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The path of a URI on this machine. {@code ~} and {@code ~/} at its start are the home directory,
 * {@code ///a} is {@code /a}, and relative paths start in the working directory.
 */
@PublicEvolving
public final class LocalPath {

    private LocalPath() {}

    /**
     * The absolute, normalized path. It is the same for all spellings of a location, so it can be
     * part of an identity.
     *
     * @throws ConnectorException if the location is not a local path
     */
    public static Path of(ConnectorUri uri) {
        return of(uri, text(uri));
    }

    /**
     * The absolute, normalized form of a part of {@link #text}.
     *
     * @throws ConnectorException if it is not a path
     */
    public static Path of(ConnectorUri uri, String text) {
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ConnectorException(uri + " is not a valid path: " + e.getReason(), e);
        }
    }

    /**
     * The location as a shell would pass it to a program. It may contain a pattern of file names.
     *
     * @throws ConnectorException if it has a host, or is in the home directory of another user
     */
    public static String text(ConnectorUri uri) {
        return text(uri, System.getenv());
    }

    static String text(ConnectorUri uri, Map<String, String> environment) {
        String location = uri.location();
        if (location.startsWith("///")) {
            return location.substring(2);
        }
        if (location.startsWith("//")) {
            throw new ConnectorException(
                    uri
                            + " has a host. Write "
                            + uri.scheme()
                            + ":"
                            + location.substring(2)
                            + " for a relative path, "
                            + uri.scheme()
                            + ":/"
                            + location.substring(2)
                            + " for an absolute one");
        }
        try {
            return HomeDirectory.expand(location, environment);
        } catch (IllegalArgumentException e) {
            throw new ConnectorException(uri + ": " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw new ConnectorException(uri + ": " + e.getCause().getMessage(), e.getCause());
        }
    }
}
