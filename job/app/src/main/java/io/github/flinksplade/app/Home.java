package io.github.flinksplade.app;

import io.github.flinksplade.environment.HomeDirectory;
import java.util.Map;

/** Paths that start with {@code ~/}. */
final class Home {

    private Home() {}

    /**
     * The path with the home directory in place of a leading {@code ~}, which a shell leaves as it
     * is in {@code --state=~/x} and a YAML file always.
     *
     * @throws IllegalArgumentException for the home of another user, {@code ~name}
     */
    static String expand(String path) {
        return expand(path, System.getenv());
    }

    static String expand(String path, Map<String, String> environment) {
        if (path.equals("~")) {
            return HomeDirectory.of(environment).toString();
        }
        if (path.startsWith("~/")) {
            return HomeDirectory.of(environment).resolve(path.substring(2)).toString();
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
