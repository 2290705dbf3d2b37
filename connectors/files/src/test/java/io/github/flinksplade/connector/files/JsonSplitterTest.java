package io.github.flinksplade.connector.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonSplitterTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void readsLines() throws IOException {
        assertThat(records("\ufeff{\"a\":1}\n\n \t\r\n {\"b\":\"}\\\"{\"} \r\n{}"))
                .containsExactly("{\"a\":1}", "{\"b\":\"}\\\"{\"}", "{}");
        assertThat(records("")).isEmpty();
        assertThat(records("\ufeff\n \n")).isEmpty();
    }

    @Test
    void readsObjectsThatSpanLines() throws IOException {
        String first = "{\n  \"a\": [\n    {\n      \"b\": null\n    },\n    {}\n  ]\n}";
        String second = "{\r\n\t\"text\": \"} {\"\r\n}";
        assertThat(records(first + "\n" + second + "\r\n")).containsExactly(first, second);
        assertThat(records(first + second)).containsExactly(first, second);
        assertThat(records(first + " " + second + "{}{}\n"))
                .containsExactly(first, second, "{}", "{}");
        String lateStart = "{\"a\": 1,\n \"b\": {\n \"c\": 2}}";
        assertThat(records(lateStart + "\n{}")).containsExactly(lateStart, "{}");
    }

    /** As Python's json.dumps(..., indent=0) writes them, and by hand. */
    @Test
    void readsNestedLinesWithoutIndentation() throws IOException {
        String python = "{\n\"a\": [\n{\n\"b\": 1\n},\n{}\n],\n\"c\": {\n\"d\": 2\n}\n}";
        String manual = "{\n\"a\": [\n{\"id\": \"nested\"},\n{\"id\": \"last\"}\n]\n}";
        String ends = "{\"a\": [\n{\"id\": \"nested\"},\n{\"id\": \"last\"}]}";
        assertThat(records(python + "\n" + manual + "\n" + ends + "\n" + python))
                .containsExactly(python, manual, ends, python);
    }

    @Test
    void readsTheElementsOfAnArray() throws IOException {
        for (String array :
                List.of(
                        "[{\"a\":1},{\"b\":[{},{}]},{\"c\":\"],{\"}]",
                        "\n [ {\"a\":1}\n,\r\n{\"b\":[{},{}]} , {\"c\":\"],{\"}\n]\n\n",
                        "[\n{\"a\":1},\n{\"b\":[{},{}]},\n{\"c\":\"],{\"}\n]",
                        "[{\"a\":1}, \n {\"b\":[{},{}]}, \n {\"c\":\"],{\"},\n]")) {
            assertThat(records(array))
                    .containsExactly("{\"a\":1}", "{\"b\":[{},{}]}", "{\"c\":\"],{\"}");
        }
        assertThat(records("[]")).isEmpty();
        assertThat(records("[\n]\n")).isEmpty();
        // as PostgreSQL's json_agg writes nested rows
        assertThat(records("[{\"a\":[{\"b\":1}, \n {\"b\":2}]}, \n {\"a\":[{\"b\":3}, \n {}]}]"))
                .containsExactly("{\"a\":[{\"b\":1}, \n {\"b\":2}]}", "{\"a\":[{\"b\":3}, \n {}]}");
    }

    @Test
    void readsWhatFollowsAnArray() throws IOException {
        assertThat(records("[{\"a\":1}]\n{\"b\":2}\n[3]\n"))
                .containsExactly("{\"a\":1}", "{\"b\":2}", "[3]");
        assertThat(records("[{\"a\":1}] {\"b\":2}];\n{}"))
                .containsExactly("{\"a\":1}", "{\"b\":2}];", "{}");
    }

    @Test
    void emitsOtherValuesAsTheyAre() throws IOException {
        assertThat(records("[1, \"a, ] \\\" {\", null, [2, [3]], {\"a\":1}, x y]"))
                .containsExactly("1", "\"a, ] \\\" {\"", "null", "[2, [3]]", "{\"a\":1}", "x y");
        assertThat(records("1\n\"a\"\n[2]\nnull\ngarbage {}\n}\n{}"))
                .containsExactly("1", "\"a\"", "[2]", "null", "garbage {}", "}", "{}");
        assertThat(records("[{\"a\":1}}, {\"b\":2}]"))
                .containsExactly("{\"a\":1}", "}", "{\"b\":2}");
    }

    @Test
    void emitsAMalformedLineAlone() throws IOException {
        for (String malformed :
                List.of(
                        "{\"id\":\"x\",\"text\":\"no end",
                        "{\"id\":\"x\",\"text\":\"escaped\\",
                        "{\"id\":\"x\",\"text\":\"no brace\"",
                        "{\"id\":\"x\",\"text\":\"more\"",
                        "{\"id\":\"x\",",
                        "{\"id\":",
                        "{\"id\":\"x\",\"tags\":[",
                        "{\"id\":\"x\",\"tags\":[{\"a\":1},",
                        "{\"id\":\"x\"}}",
                        "{\"id\":\"x\"},",
                        "{\"id\":\"x\"} y",
                        "{\"a\":[1}",
                        "{\"id\":\"x\"",
                        "{")) {
            String good = "{\"id\":\"y\",\"text\":\"z\"}";
            assertThat(records(good + "\n" + malformed + "\n" + good + "\r\n" + good))
                    .containsExactly(good, malformed, good, good);
            assertThat(records(malformed + "\n" + malformed + "\n" + good + "\n" + malformed))
                    .as(malformed)
                    .containsSubsequence(good, malformed);
            assertThat(records(malformed + "\ngarbage\n" + good + "\n"))
                    .as(malformed)
                    .endsWith(good);
        }
    }

    @Test
    void resumesAfterAMalformedObjectThatSpansLines() throws IOException {
        String malformed = "{\n  \"id\": 1,\n  \"text\": \"a\n  \"b\": [\n";
        String good = "{\n  \"id\": 2\n}";
        assertThat(records(malformed + good + "\n" + good))
                .containsExactly(malformed.strip(), good, good);
        assertThat(records("{\n  \"id\": \"raw\n line feed\"\n}\n" + good))
                .containsExactly("{\n  \"id\": \"raw\n line feed\"\n}", good);
        assertThat(records("[\n" + malformed + good + ",\n" + good + "\n]"))
                .containsExactly(malformed.strip(), good, good);
    }

    @Test
    void emitsATruncatedEnd() throws IOException {
        assertThat(records("[{\"a\":1},\n{\"b\":2}\n"))
                .containsExactly("{\"a\":1}", "{\"b\":2}", "[");
        assertThat(records("[")).containsExactly("[");
        assertThat(records("[{\"a\":1},{\"b\":")).containsExactly("{\"a\":1}", "{\"b\":");
        assertThat(records("{\"a\":1}\n{\n\"b\":{\n")).containsExactly("{\"a\":1}", "{\n\"b\":{");
        assertThat(records("{\"a\":\"\\")).containsExactly("{\"a\":\"\\");
        assertThat(records("[\"\\")).containsExactly("\"\\", "[");
    }

    @Test
    void truncatesLargeRecords() throws IOException {
        String large = "{\"a\":\"" + "x".repeat(500_000) + "\",\n\"b\":{}}";
        for (String input :
                List.of(large + "\n{\"b\":1}", "[" + large + ",{\"b\":1}]", large + "{\"b\":1}")) {
            JsonSplitter splitter = splitter(input, Position.START, 100);
            assertThat(splitter.next()).isTrue();
            assertThat(splitter.isTruncated()).isTrue();
            assertThat(text(splitter)).isEqualTo(large.substring(0, 100));
            assertThat(splitter.next()).isTrue();
            assertThat(splitter.isTruncated()).isFalse();
            assertThat(text(splitter)).isEqualTo("{\"b\":1}");
            assertThat(splitter.next()).isFalse();
        }
        for (int length = 97; length < 105; length++) {
            String line = "{" + "1".repeat(length - 2) + "}";
            JsonSplitter splitter = splitter(line + "\r\n{}", Position.START, 100);
            assertThat(splitter.next()).isTrue();
            assertThat(splitter.isTruncated()).isEqualTo(length > 100);
            assertThat(splitter.next()).isTrue();
            assertThat(text(splitter)).isEqualTo("{}");
        }
        // unterminated, and larger than the limit
        String malformed = "{\"a\":\"" + "x".repeat(500_000);
        JsonSplitter splitter = splitter(malformed + "\n{}\n", Position.START, 100);
        splitter.next();
        assertThat(splitter.isTruncated()).isTrue();
        splitter.next();
        assertThat(text(splitter)).isEqualTo("{}");
    }

    @Test
    void knowsLinesAndCompleteness() throws IOException {
        JsonSplitter splitter = splitter("\n{\n\"a\":1\n}\n\n{\"b\":2}", Position.START, 100);
        splitter.next();
        assertThat(splitter.number()).isEqualTo(1);
        assertThat(splitter.isTerminated()).isTrue();
        splitter.next();
        assertThat(splitter.number()).isEqualTo(5);
        assertThat(splitter.isTerminated()).isFalse();
    }

    /** All formats of the same objects, and any position in them. */
    @Test
    void readsAndResumesRandomDocuments() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            List<String> expected = new ArrayList<>();
            String style = List.of("lines", "array", "sequence").get(random.nextInt(3));
            ObjectWriter writer = writer(random, style.equals("lines"));
            StringBuilder text = new StringBuilder(style.equals("array") ? "[" : "");
            for (int i = random.nextInt(8); i > 0; i--) {
                String object = writer.writeValueAsString(object(random, 0));
                expected.add(object);
                text.append(blank(random)).append(object);
                text.append(
                        switch (style) {
                            case "array" -> i > 1 ? blank(random) + "," : "";
                            case "lines" -> random.nextBoolean() ? "\n" : "\r\n";
                            default -> random.nextBoolean() ? "\n" : "";
                        });
            }
            text.append(style.equals("array") ? blank(random) + "]" : "");
            assertThat(records(text.toString())).as("seed %s:%n%s", seed, text).isEqualTo(expected);
        }
    }

    /** Any bytes: no record is lost, and every position resumes exactly. */
    @Test
    void resumesInMalformedInput() throws IOException {
        String[] parts = {
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\n",
            "\n",
            " ",
            "\r\n",
            "1",
            "{\"a\":1}",
            "{\"a\":[\n{}]}",
            "\"b\":2",
            "\n{\n",
            "\n  {\"c\":\"d\"}\n"
        };
        for (int seed = 0; seed < 5000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder(random.nextInt(3) == 0 ? "[" : "");
            for (int i = random.nextInt(25); i > 0; i--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            List<String> all = records(text.toString());
            String content = String.join("", all).replaceAll("[\\s,\\[\\]]", "");
            assertThat(content)
                    .as("seed %s:%n%s", seed, text)
                    .isEqualTo(text.toString().replaceAll("[\\s,\\[\\]]", ""));
        }
    }

    private static ObjectWriter writer(Random random, boolean isLines) {
        if (isLines || random.nextInt(4) == 0) {
            return JSON.writer();
        }
        String indent = List.of("", "  ", "\t").get(random.nextInt(3));
        DefaultIndenter indenter =
                new DefaultIndenter(indent, random.nextBoolean() ? "\n" : "\r\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter().withObjectIndenter(indenter);
        printer.indentArraysWith(indenter);
        return JSON.writer(printer);
    }

    private static ObjectNode object(Random random, int depth) {
        ObjectNode object = JSON.createObjectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
            String name = "n" + i;
            switch (random.nextInt(depth > 2 ? 3 : 5)) {
                case 0 -> object.put(name, random.nextInt());
                case 1 -> object.put(name, "a\"b\\c{}[],:\n\u00e9");
                case 2 -> object.putNull(name);
                case 3 -> object.set(name, object(random, depth + 1));
                default ->
                        object.putArray(name)
                                .add(object(random, depth + 1))
                                .add(1)
                                .add(object(random, depth + 1));
            }
        }
        return object;
    }

    private static String blank(Random random) {
        return List.of("", "", " ", "\n", "\r\n", "\n\n").get(random.nextInt(6));
    }

    /** The records, after verification that a splitter at each position finds the same. */
    private static List<String> records(String text) throws IOException {
        JsonSplitter splitter = splitter(text, Position.START, 100_000);
        List<String> all = new ArrayList<>();
        List<Position> positions = new ArrayList<>();
        while (splitter.next()) {
            all.add(splitter.number() + ":" + text(splitter));
            positions.add(splitter.end());
        }
        for (int i = 0; i < all.size(); i++) {
            JsonSplitter resumed = splitter(text, positions.get(i), 100_000);
            List<String> rest = new ArrayList<>();
            while (resumed.next()) {
                rest.add(resumed.number() + ":" + text(resumed));
            }
            assertThat(rest)
                    .as("after record %s of %s", i, text)
                    .isEqualTo(all.subList(i + 1, all.size()));
        }
        return all.stream().map(record -> record.substring(record.indexOf(':') + 1)).toList();
    }

    private static JsonSplitter splitter(String text, Position start, int maxRecord)
            throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        int offset = (int) start.offset();
        boolean startsLine = offset == 0 || bytes[offset - 1] == '\n';
        return new JsonSplitter(
                new ByteArrayInputStream(bytes, offset, bytes.length - offset),
                start,
                startsLine,
                maxRecord);
    }

    private static String text(RecordSplitter splitter) {
        return new String(splitter.record(), UTF_8);
    }
}
