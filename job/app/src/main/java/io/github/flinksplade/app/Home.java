package io.github.flinksplade.app;

import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** The user's home directory, and paths that start with {@code ~/}. */
final class Home {

    private Home() {}

    /** The environment's HOME, or Java's property where there is none. */
    static Path directory() {
        return directory(System::getenv);
    }

    static Path directory(UnaryOperator<String> environment) {
        String home = environment.apply("HOME");
        return Path.of(home == null || home.isBlank() ? System.getProperty("user.home") : home);
    }

    /**
     * The path with the home directory in place of a leading {@code ~}, which a shell leaves as it
     * is in {@code --state=~/x} and a YAML file always.
     *
     * @throws IllegalArgumentException for the home of another user, {@code ~name}
     */
    static String expand(String path) {
        return expand(path, System::getenv);
    }

    static String expand(String path, UnaryOperator<String> environment) {
        if (path.equals("~")) {
            return directory(environment).toString();
        }
        if (path.startsWith("~/")) {
            return directory(environment).resolve(path.substring(2)).toString();
        }
        if (path.startsWith("~")) {
            throw new IllegalArgumentException(
                    "'"
                            + path
                            + "' starts with ~ but not with ~/. Write the whole path, or ./"
                            + path
                            + " for a relative one");
        }
        return path;
    }
}
