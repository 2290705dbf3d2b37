package io.github.flinksplade.environment;

import java.io.FileNotFoundException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The user's home directory: {@code HOME} if it is an absolute path, otherwise the JVM's {@code
 * user.home}. The JVM reads {@code user.home} from the password database and sets it to {@code ?}
 * for a user without an entry, which is common in containers.
 */
public final class HomeDirectory {

    private HomeDirectory() {}

    /**
     * @throws UncheckedIOException if neither is an absolute path; the message is for the user
     */
    public static Path of(Map<String, String> environment) {
        return of(environment, System.getProperty("user.home", ""));
    }

    static Path of(Map<String, String> environment, String userHome) {
        String home = environment.getOrDefault("HOME", "");
        for (String candidate : new String[] {home, userHome}) {
            if (candidate.startsWith("/")) {
                return Path.of(candidate);
            }
        }
        throw new UncheckedIOException(
                new FileNotFoundException(
                        "the home directory is unknown: HOME is '"
                                + home
                                + "' and the password database has no entry for this user. Set HOME"
                                + " to a directory"));
    }

    /**
     * The path with the home directory instead of a leading {@code ~} or {@code ~/}, which a shell
     * does not expand in {@code --state=~/x}.
     *
     * @throws IllegalArgumentException for the home directory of another user, {@code ~name}
     * @throws UncheckedIOException if the home directory is needed and unknown
     */
    public static String expand(String path, Map<String, String> environment) {
        if (path.equals("~") || path.startsWith("~/")) {
            return of(environment) + path.substring(1);
        }
        if (path.startsWith("~")) {
            throw new IllegalArgumentException(
                    "'"
                            + path
                            + "' is in the home directory of another user, which is not supported."
                            + " Write the whole path, or ./"
                            + path
                            + " for a name that starts with ~");
        }
        return path;
    }

    /**
     * The directory for cached files: {@code XDG_CACHE_HOME} if it is an absolute path (the XDG
     * specification ignores relative ones), otherwise {@code .cache} in the home directory.
     *
     * @throws UncheckedIOException if the home directory is needed and unknown
     */
    public static Path cache(Map<String, String> environment) {
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        return xdg.startsWith("/") ? Path.of(xdg) : of(environment).resolve(".cache");
    }
}
