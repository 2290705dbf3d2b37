package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages of the checkout refer to tests and pages that exist. */
class DocumentationTest {

    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w+(?:Test|ITCase))`");
    private static final Pattern SECTION = Pattern.compile("]\\((?!https?:)([^)#]*)#([^)]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} (.*)$");
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:|#)([^)#]+)");

    @Test
    void testsThatPagesNameExist() throws IOException {
        Set<String> tests;
        try (Stream<Path> files = Files.walk(Distribution.root())) {
            tests =
                    files.filter(file -> file.toString().contains("/src/test/java/"))
                            .map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".java"))
                            .map(name -> name.substring(0, name.length() - ".java".length()))
                            .collect(Collectors.toSet());
        }
        Set<String> missing = new TreeSet<>();
        for (Path page : pages()) {
            Matcher named = TEST.matcher(Files.readString(page));
            while (named.find()) {
                // CONTRIBUTING.md has a connector to be written
                if (!tests.contains(named.group(1)) && !named.group(1).startsWith("Acme")) {
                    missing.add(page.getFileName() + ": " + named.group(1));
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void filesThatPagesLinkToExist() throws IOException {
        Set<String> missing = new TreeSet<>();
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                if (!Files.exists(page.resolveSibling(link.group(1)))) {
                    missing.add(page.getFileName() + ": " + link.group(1));
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void sectionsThatPagesLinkToExist() throws IOException {
        Set<String> missing = new TreeSet<>();
        for (Path page : pages()) {
            Matcher link = SECTION.matcher(Files.readString(page));
            while (link.find()) {
                Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
                if (Files.isRegularFile(target) && !sections(target).contains(link.group(2))) {
                    missing.add(page.getFileName() + ": " + link.group(1) + "#" + link.group(2));
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    /** The anchors of a page's headings, as GitHub derives them. */
    static Set<String> sections(Path page) throws IOException {
        return HEADING.matcher(Files.readString(page))
                .results()
                .map(heading -> heading.group(1).strip().toLowerCase(Locale.ROOT))
                .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    private static Set<Path> pages() throws IOException {
        Path root = Distribution.root();
        try (Stream<Path> docs = Files.walk(root.resolve("docs"))) {
            Set<Path> pages =
                    docs.filter(file -> file.toString().endsWith(".md"))
                            .collect(Collectors.toCollection(TreeSet::new));
            pages.add(root.resolve("README.md"));
            pages.add(root.resolve("CONTRIBUTING.md"));
            return pages;
        }
    }
}
