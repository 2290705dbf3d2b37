package io.github.flinksplade.app;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that read files as people have them: exports, dumps and folders of pages. */
class FileFormatsITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path directory;

    /** The documents that a run wrote, by id; of several lines of an id, the last version. */
    private final Map<String, JsonNode> documents = new TreeMap<>();

    /** The values of the dead letters. */
    private final List<String> deadLetters = new ArrayList<>();

    private int runs;

    @BeforeEach
    void create() throws IOException {
        Files.createDirectories(directory.resolve("in"));
    }

    @Test
    void readsCsv() throws IOException {
        write(
                "goods.csv",
                ("\ufeffsku,name,description,price,rev,gone\r\n"
                                + "g-1,\"Desk, oak\",\"She said \"\"yes\"\"\r\nand left\",9.90,4,0\r\n"
                                + "g-2,Shelf,,70,1,\r\n"
                                + "g-3,Old,Sold,5,1,\r\n"
                                + "g-3,Old,Sold,5,2,true\r\n"
                                + "g-1,\"Desk, late\",older,1,2,false\r\n"
                                + ",Without id,x,1,1,false\r\n"
                                + "g-4,Too,many,1,1,false,cells\r\n"
                                + "g-5,\"Not\" closed,x,1,1,false\r\n"
                                + "g-6,Last,\u00e9,1,7,false")
                        .getBytes(UTF_8));
        Outcome outcome =
                run(
                        "goods.csv?format=csv&id=sku&text=name,description&version=rev&deleted=gone"
                                + "&fields=price");

        assertThat(documents.keySet()).as(outcome.err()).containsExactly("g-1", "g-2", "g-6");
        assertThat(text("g-1")).isEqualTo("Desk, oak\nShe said \"yes\"\nand left");
        assertThat(documents.get("g-1").get("version").asLong()).isEqualTo(4);
        assertThat(documents.get("g-1").at("/fields/price").asText()).isEqualTo("9.90");
        assertThat(text("g-2")).isEqualTo("Shelf");
        assertThat(text("g-6")).isEqualTo("Last\n\u00e9");
        assertThat(deadLetters)
                .hasSize(3)
                .anyMatch(value -> value.contains("Without id"))
                .anyMatch(value -> value.contains("cells"))
                .anyMatch(value -> value.contains("closed"));
        assertThat(outcome.err())
                .contains("1 x the record has more cells than the header, first at")
                .contains("goods.csv line 9: 7 instead of 6.");
    }

    @Test
    void readsExportsInOtherCharsets() throws IOException {
        write("a.csv", "id;text\r\n1;\u00fcber\r\n".getBytes(ISO_8859_1));
        run("a.csv?delimiter=;&charset=windows-1252");
        assertThat(text("1")).isEqualTo("\u00fcber");

        write("b.tsv", "\ufeffid\ttext\n1\t\u4e2d\u6587\n".getBytes(UTF_16LE));
        run("b.tsv?header=true");
        assertThat(text("1")).isEqualTo("\u4e2d\u6587");

        write("c.tsv", "1\t\"Hello,\" he said\n2\t\"Open\n".getBytes(UTF_8));
        run("c.tsv");
        assertThat(text("1")).isEqualTo("\"Hello,\" he said");
        assertThat(text("2")).isEqualTo("\"Open");

        write("d.tsv", "id\ttext\n1\t\"Hello,\" he said\n2\t\"a \"\"b\"\"\"\n".getBytes(UTF_8));
        run("d.tsv?header=true");
        assertThat(documents.keySet()).containsExactly("2");
        assertThat(text("2")).isEqualTo("a \"b\"");
        assertThat(deadLetters).containsExactly("1\t\"Hello,\" he said");
        run("d.tsv?header=true&quotes=false");
        assertThat(text("1")).isEqualTo("\"Hello,\" he said");
    }

    @Test
    void readsPrettyPrintedObjects() throws IOException {
        StringBuilder dump = new StringBuilder();
        for (int i = 0; i < 3; i++) {
            dump.append(
                    """
                    {
                      "id": "p-%d",
                      "text": "first line\\nline %d",
                      "deep": {
                        "list": [
                          1,
                          {
                            "none": null
                          }
                        ]
                      }
                    }
                    """
                            .formatted(i, i));
        }
        dump.append("{\n  \"id\": \"p-3\",\n  \"title\": \"without a text\"\n}\n");
        write("dump.json.gz", gzip(dump.toString().getBytes(UTF_8)));
        run("dump.json.gz");
        assertThat(documents.keySet()).containsExactly("p-0", "p-1", "p-2");
        assertThat(text("p-1")).isEqualTo("first line\nline 1");
        assertThat(documents.get("p-1").get("fields").toString())
                .isEqualTo("{\"deep\":{\"list\":[1,{\"none\":null}]}}");
        assertThat(deadLetters).singleElement().asString().contains("without a text");

        write(
                "array.json",
                "[{\"id\":1,\"text\":\"a\"},\n 7, {\"id\":2,\"text\":\"b\"}".getBytes(UTF_8));
        run("array.json");
        assertThat(documents.keySet()).containsExactly("1", "2");
        assertThat(deadLetters).containsExactly("7", "[");
    }

    @Test
    void readsADocumentPerFile() throws IOException {
        write("readme.md", "# Setup\n\nUnpack it first.\n\nThen start it.\n".getBytes(UTF_8));
        write("guide/intro.md", "Preface\n=======\n\nA na\u00efve fa\u00e7ade.\n".getBytes(UTF_8));
        write("guide/deep/er/notes.txt", "One line.\n\nAnother one.\n".getBytes(UTF_8));
        write("with space & uml\u00e4ut.txt", "A strange name.".getBytes(UTF_8));
        write("logo.png", new byte[] {(byte) 0x89, 'P', 'N', 'G', 0, 1, 2});
        write(".DS_Store", new byte[] {0, 0, 0, 1});
        write(
                "guide/index.html",
                """
                <!DOCTYPE html><html><head><meta charset="utf-8"><title>Caf&eacute;</title>
                <style>.a{color:blue}</style><script>let x = "CODE";</script></head><body>
                <nav><a href="/">MENU</a></nav><!-- NOTE --><main><h1>Caf&eacute; &amp; Co</h1>
                <p>From 4&nbsp;&lt;&nbsp;5 o&#39;clock &ndash; <b>bold</b>ly.</p><p>Second<br>line</p>
                <table><tr><td>left cell</td><td>right cell</td></tr></table></main></body></html>
                """
                        .getBytes(UTF_8));
        write(
                "alt/latin.html",
                ("<html><head><meta http-equiv=\"Content-Type\" content=\"text/html;"
                                + " charset=iso-8859-1\"></head><body><p>Gr\u00f6\u00dfe</p></body></html>")
                        .getBytes(ISO_8859_1));
        Outcome outcome = run("?format=file");

        assertThat(deadLetters).as(outcome.err()).isEmpty();
        assertThat(documents.keySet())
                .containsExactly(
                        "alt/latin.html",
                        "guide/deep/er/notes.txt",
                        "guide/index.html",
                        "guide/intro.md",
                        "readme.md",
                        "with space & uml\u00e4ut.txt");
        assertThat(text("guide/index.html"))
                .isEqualTo(
                        "Caf\u00e9 & Co\nFrom 4 < 5 o'clock \u2013 boldly.\nSecond line\n"
                                + "left cell\tright cell");
        assertThat(text("alt/latin.html")).isEqualTo("Gr\u00f6\u00dfe");
        assertThat(text("guide/deep/er/notes.txt")).isEqualTo("One line.\n\nAnother one.\n");
        assertThat(documents.get("guide/index.html").at("/fields/title").asText())
                .isEqualTo("Caf\u00e9");
        assertThat(documents.get("guide/intro.md").at("/fields/title").asText())
                .isEqualTo("Preface");
        assertThat(documents.get("readme.md").at("/fields/title").asText()).isEqualTo("Setup");
        assertThat(documents.get("alt/latin.html").at("/fields").size()).isZero();
    }

    private String text(String id) {
        return documents.get(id).get("text").asText();
    }

    /** Runs a job that reads {@code in/}, and reads what it wrote. */
    private Outcome run(String from) throws IOException {
        Path out = directory.resolve("out" + ++runs);
        Outcome outcome =
                MainTest.run(
                        "",
                        "run",
                        "--from",
                        "file:" + directory.resolve("in") + "/" + from,
                        "--to",
                        "file:" + out + "?text=true",
                        "--dead-letters",
                        "file:" + directory.resolve("dead" + runs + ".jsonl"),
                        "--state",
                        directory.resolve("state" + runs).toString());
        documents.clear();
        deadLetters.clear();
        try (Stream<Path> parts = Files.exists(out) ? Files.list(out) : Stream.empty()) {
            for (Path part : parts.filter(p -> p.toString().endsWith(".jsonl")).toList()) {
                for (String line : Files.readAllLines(part)) {
                    addNewer(JSON.readTree(line));
                }
            }
        }
        documents.values().removeIf(document -> document.has("op"));
        Path dead = directory.resolve("dead" + runs + ".jsonl");
        for (String line : Files.exists(dead) ? Files.readAllLines(dead) : List.<String>of()) {
            deadLetters.add(new String(JSON.readTree(line).get("value").binaryValue(), UTF_8));
        }
        return outcome;
    }

    private void addNewer(JsonNode line) {
        String id = line.get("id").asText();
        JsonNode before = documents.get(id);
        if (before == null || line.get("version").asLong() >= before.get("version").asLong()) {
            documents.put(id, line);
        }
    }

    private void write(String name, byte[] bytes) throws IOException {
        Path file = directory.resolve("in").resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(compressed)) {
            out.write(bytes);
        }
        return compressed.toByteArray();
    }
}
