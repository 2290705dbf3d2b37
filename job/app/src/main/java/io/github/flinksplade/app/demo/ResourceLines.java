package io.github.flinksplade.app.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The word lists of the demo: text files on the class path with comments. */
final class ResourceLines {

    private ResourceLines() {}

    /**
     * The lines of a resource of this package, without empty ones and without comments: lines that
     * start with {@code #}.
     *
     * @throws IllegalStateException when the resource is missing
     */
    static List<String> read(String resource) throws IOException {
        InputStream in = ResourceLines.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IllegalStateException(resource + " is not on the class path");
        }
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return lines.lines().filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
        }
    }
}
