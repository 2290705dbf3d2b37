package io.github.flinksplade.connector;

import io.github.flinksplade.environment.HomeDirectory;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The path on this machine that an address names. {@code ~} and {@code ~/} at its start are the
 * home directory, {@code ///a} is {@code /a}, and relative paths start in the working directory.
 */
public final class LocalPath {

    private LocalPath() {}

    /**
     * The absolute, normalized path. Two addresses of one place have the same, so it serves as the
     * location of an identity.
     *
     * @throws ConnectorException if the place is not a local path
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
            throw new ConnectorException(uri + " is not a path: " + e.getReason(), e);
        }
    }

    /**
     * The place as it would be given to a program by a shell, which may contain a pattern of names.
     *
     * @throws ConnectorException if it names a host, or the home directory of another user
     */
    public static String text(ConnectorUri uri) {
        return text(uri, System.getenv());
    }

    static String text(ConnectorUri uri, Map<String, String> environment) {
        String place = uri.location();
        if (place.startsWith("///")) {
            return place.substring(2);
        }
        if (place.startsWith("//")) {
            throw new ConnectorException(
                    uri
                            + " names a host. Write "
                            + uri.scheme()
                            + ":"
                            + place.substring(2)
                            + " for a relative path, "
                            + uri.scheme()
                            + ":/"
                            + place.substring(2)
                            + " for an absolute one");
        }
        try {
            return HomeDirectory.expand(place, environment);
        } catch (IllegalArgumentException e) {
            throw new ConnectorException(uri + ": " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw new ConnectorException(uri + ": " + e.getCause().getMessage(), e.getCause());
        }
    }
}
