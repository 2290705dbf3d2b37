package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The shell blocks of a page, which run in a directory in place of the checkout. */
final class PageScripts {

    private final Path directory;
    private final Path cache;
    private final String text;

    /**
     * @param page its path in the checkout
     * @param cache the {@code XDG_CACHE_HOME} of the scripts
     */
    PageScripts(String page, Path directory, Path cache) throws IOException {
        this.directory = directory;
        this.cache = cache;
        text = Files.readString(Distribution.root().resolve(page));
        // The checkout's launcher only adds the build, which has just been done.
        Path launcher = directory.resolve("flink-splade");
        Files.writeString(
                launcher,
                "#!/bin/sh\nFLINK_SPLADE_COMMAND=\"$0\" exec '"
                        + Distribution.home()
                        + "/bin/flink-splade' \"$@\"\n");
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
    }

    /** The headings of the second level that have shell blocks. */
    List<String> headingsOfBlocks() {
        Matcher heading = Pattern.compile("(?m)^## (.*)\n(?s:(.*?))(?=^## |\\z)").matcher(text);
        List<String> withBlocks = new ArrayList<>();
        while (heading.find()) {
            if (heading.group(2).contains("```sh")) {
                withBlocks.add(heading.group(1));
            }
        }
        return withBlocks;
    }

    /** All shell blocks under a heading of the second level, one after another. */
    String blocks(String heading) {
        int start = text.indexOf("\n## " + heading + "\n");
        assertThat(start).as(heading).isNotNegative();
        int end = text.indexOf("\n## ", start + 4);
        String section = text.substring(start, end < 0 ? text.length() : end);
        Matcher block = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL).matcher(section);
        StringBuilder all = new StringBuilder();
        while (block.find()) {
            all.append(block.group(1));
        }
        return all.toString();
    }

    /** Runs a script, which must succeed. */
    Distribution.Answer shell(String script, String input) {
        return Distribution.execute(
                        directory,
                        input,
                        Map.of("XDG_CACHE_HOME", cache.toString()),
                        List.of("bash", "-ec", script))
                .expect(0);
    }
}
