package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.api.connector.source.Boundedness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesDocumentsTest {

    @TempDir Path folder;

    @Test
    void isLoadedForTheFileScheme() throws IOException {
        touch("docs.jsonl");
        ConnectorUri uri = ConnectorUri.parse("file:" + folder + "/docs.jsonl");
        DocumentSource source = Connectors.of(uri).source(uri);

        source.check();

        assertThat(source.format()).isEqualTo(RecordFormat.JSON);
        assertThat(source.source().getBoundedness()).isEqualTo(Boundedness.BOUNDED);
    }

    @Test
    void acceptsAbsoluteAndRelativePaths() throws IOException {
        touch("docs.jsonl");
        String here = Path.of("").toAbsolutePath().relativize(folder).toString();
        for (String path : List.of("" + folder, "//" + folder, here)) {
            assertThat(list(path + "/docs.jsonl")).containsExactly("docs.jsonl");
            assertThat(list(path)).containsExactly("docs.jsonl");
            assertThat(list(path + "/*.jsonl")).containsExactly("docs.jsonl");
        }
        assertThatThrownBy(() -> source("//docs.jsonl", ""))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "file://docs.jsonl has a host. Write file:docs.jsonl for a relative path,"
                                + " file:/docs.jsonl for an absolute one");
    }

    @Test
    void expandsATilde() {
        String home = HomeDirectory.of(System.getenv()).normalize().toString();
        assertThat(source("~/docs.jsonl", "").identity()).isEqualTo("file:" + home + "/docs.jsonl");
        assertThat(source("~/in/*.jsonl", "").identity()).isEqualTo("file:" + home + "/in/*.jsonl");
        assertThatThrownBy(() -> source("~ann/docs.jsonl", ""))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("home directory of another user");
    }

    @Test
    void listsFoldersAndPatterns() throws IOException {
        for (String name :
                List.of(
                        "b.jsonl",
                        "a.jsonl",
                        ".hidden.jsonl",
                        "_SUCCESS",
                        "c.tsv",
                        "x/d.jsonl",
                        "x/y/e.jsonl.gz",
                        "_tmp/f.jsonl",
                        "x/.z/g.jsonl")) {
            touch(name);
        }
        assertThat(list(folder + "")).containsExactly("a.jsonl", "b.jsonl", "c.tsv");
        assertThat(list(folder + "/")).containsExactly("a.jsonl", "b.jsonl", "c.tsv");
        assertThat(list(folder + "/*.jsonl")).containsExactly("a.jsonl", "b.jsonl");
        assertThat(list(folder + "/[b-z].*")).containsExactly("b.jsonl", "c.tsv");
        assertThat(list(folder + "/{a,c}.{jsonl,tsv}")).containsExactly("a.jsonl", "c.tsv");
        assertThat(list(folder + "/**/*.jsonl*"))
                .containsExactly("a.jsonl", "b.jsonl", "x/d.jsonl", "x/y/e.jsonl.gz");
        assertThat(list(folder + "/x/**")).containsExactly("d.jsonl", "y/e.jsonl.gz");
        assertThat(list(folder + "/*/*.jsonl")).containsExactly("x/d.jsonl");
        assertThat(list(folder + "/_SUCCESS")).containsExactly("_SUCCESS");

        touch("[b].jsonl");
        assertThat(list(folder + "/[b].jsonl")).containsExactly("[b].jsonl");
        assertThatThrownBy(() -> list(folder + "/[a.jsonl"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("[a.jsonl is not a valid pattern");
    }

    @Test
    void readsOnlyTheCorpusOfABeirFolder() throws IOException {
        touch("corpus.jsonl.gz");
        touch("queries.jsonl");
        touch("qrels/test.tsv");

        assertThat(list(folder + "")).containsExactly("corpus.jsonl.gz");
        assertThat(list(folder + "/*.jsonl")).containsExactly("queries.jsonl");
    }

    @Test
    void detectsTheFormatByFileName() {
        assertThat(FileFormat.of("a.jsonl")).isEqualTo(FileFormat.JSON);
        assertThat(FileFormat.of("a.json.gz")).isEqualTo(FileFormat.JSON);
        assertThat(FileFormat.of("a.NDJSON")).isEqualTo(FileFormat.JSON);
        assertThat(FileFormat.of("collection.tsv.zst")).isEqualTo(FileFormat.TSV);
        assertThat(FileFormat.of("a.txt")).isEqualTo(FileFormat.TEXT);
        assertThat(FileFormat.of("a.CSV.gz")).isEqualTo(FileFormat.CSV);
        assertThat(FileFormat.of("a.md")).isEqualTo(FileFormat.FILE);
        assertThat(FileFormat.of("a.HTM")).isEqualTo(FileFormat.FILE);
        assertThat(FileFormat.of("a.xml")).isNull();
        assertThat(FileFormat.of("jsonl")).isNull();
    }

    @Test
    void rejectsUnreadablePathsByName() throws IOException {
        touch("docs.jsonl");
        touch("part.xml");
        touch("other/a.tsv");
        touch("other/b.txt");
        touch("empty/.hidden");

        assertRejected(
                folder + "/doc.jsonl",
                "file or folder " + folder + "/doc.jsonl (from",
                "did you mean 'docs.jsonl'?");
        assertRejected(folder + "/nowhere/*.jsonl", "folder " + folder + "/nowhere (from");
        assertRejected(folder + "/*.tsv", "no file matches file:" + folder + "/*.tsv");
        assertRejected(folder + "/empty", "no file in " + folder + "/empty");
        assertRejected(
                folder + "/part.xml", "the format of " + folder + "/part.xml", "Add format=json");
        assertRejected(folder + "", "part.xml", "select files with a pattern");
        assertRejected(folder + "/other", "mixes formats: a.tsv and b.txt");

        assertThatCode(() -> source(folder + "/part.xml", "?format=tsv").check())
                .doesNotThrowAnyException();
        assertThat(source(folder + "/part.xml", "?format=tsv").format())
                .isEqualTo(RecordFormat.TSV);
    }

    @Test
    void readsTheOptionsOfTables() throws IOException {
        Files.writeString(folder.resolve("a.csv"), "id,text\n1,x\n");
        Files.writeString(folder.resolve("a.tsv"), "id\ttext\n1\tx\n");
        RecordFormat csv = source(folder + "/a.csv", "").format();
        assertThat(csv.value()).isInstanceOf(CsvDecoder.class);
        assertThat(csv.isTyped()).isFalse();
        assertThat(source(folder + "/a.tsv", "").format()).isEqualTo(RecordFormat.TSV);
        assertThat(source(folder + "/a.tsv", "?header=true").format().value())
                .isInstanceOf(CsvDecoder.class);
        for (String options :
                List.of("", "?delimiter=;", "?delimiter=tab", "?delimiter=%7C&header=false")) {
            assertThatCode(() -> source(folder + "/a.csv", options).check())
                    .doesNotThrowAnyException();
        }
        for (String delimiter : List.of("ab", "%22", "%0A", "")) {
            assertThatThrownBy(() -> source(folder + "/a.csv", "?delimiter=" + delimiter))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("is not a delimiter");
        }
        assertThatThrownBy(() -> source(folder + "/a.tsv", "?delimiter=;").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("delimiter=; in")
                .hasMessageContaining("requires format=csv");
        assertThatCode(() -> source(folder + "/a.tsv", "?header=true&quotes=false").check())
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> source(folder + "/a.tsv", "?quotes=false").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("requires format=csv, or tsv with header=true");
        assertThatThrownBy(() -> source(folder + "/a.csv", "?header=true&format=json").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("requires format=csv or tsv");
        assertThatThrownBy(() -> source(folder + "/a.csv", "?charset=latin-17"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("charset in")
                .hasMessageContaining("'latin-17' is not the name of a charset");
    }

    @Test
    void rejectsInvalidHeaders() throws IOException {
        for (String[] invalid :
                new String[][] {
                    {"", "is empty: it has no header"},
                    {",text\n1,x\n", "a column has no name in the header"},
                    {"id,id\n1,x\n", "two columns have the same name in the header"},
                    {"id,\"text\n1,x\n", "the header has a quotation mark that is not closed"},
                }) {
            Files.writeString(folder.resolve("a.csv"), invalid[0]);
            assertRejected(folder + "/a.csv", folder + "/a.csv", invalid[1]);
            assertThatCode(() -> source(folder + "/a.csv", "?header=false").check())
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void readsADocumentPerFile() throws IOException {
        touch("site/index.html");
        touch("site/deep/er/notes.txt");
        touch("site/deep/readme.md");
        touch("site/logo.png");
        touch("images/logo.png");
        touch("pages/a.md");
        touch("pages/b.html.gz");

        DocumentSource site = source(folder + "/site", "?format=file");
        site.check();
        assertThat(site.format().value()).isInstanceOf(DocumentFileDecoder.class);
        assertThat(site.identity()).isEqualTo("file:" + folder + "/site");
        FilesSource.Listing listing = ((FilesSource) site.source()).list();
        assertThat(listing.files())
                .extracting(FilePattern.ListedFile::name)
                .containsExactly("deep/er/notes.txt", "deep/readme.md", "index.html");
        assertThat(listing.skipped()).containsExactly("logo.png");

        assertThat(source(folder + "/pages", "").format().value())
                .isInstanceOf(DocumentFileDecoder.class);
        assertThat(
                        ((FilesSource) source(folder + "/site/logo.png", "?format=file").source())
                                .list())
                .extracting(one -> one.files().get(0).name())
                .isEqualTo("logo.png");
        assertThatThrownBy(() -> source(folder + "/images", "?format=file").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("has a name that ends with .txt");
    }

    @Test
    void watchesFoldersAndFiles() throws IOException {
        Files.createDirectories(folder.resolve("in"));
        DocumentSource source = source(folder + "/in", "?watch=true&interval=500ms&format=text");
        source.check();
        assertThat(source.source().getBoundedness()).isEqualTo(Boundedness.CONTINUOUS_UNBOUNDED);

        assertThatThrownBy(() -> source(folder + "/in", "?watch=true").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("there is no file yet")
                .hasMessageContaining("format=json");
        touch("docs.jsonl");
        DocumentSource one = source(folder + "/docs.jsonl", "?watch=true");
        one.check();
        assertThat(one.source().getBoundedness()).isEqualTo(Boundedness.CONTINUOUS_UNBOUNDED);
    }

    @Test
    void rejectsInvalidOptions() {
        assertThatThrownBy(() -> source("a", "?fromat=json"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("did you mean 'format'?");
        assertThatThrownBy(() -> source("a", "?format=xml"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("[auto, json, csv, tsv, text, file]");
        assertThatThrownBy(() -> source("a", "?interval=3s"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("requires watch=true");
        for (String interval : List.of("soon", "0.5", "5", "NaN")) {
            assertThatThrownBy(() -> source("a", "?watch=true&interval=" + interval))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("'" + interval + "' is not a duration")
                    .hasMessageContaining("such as 10 s");
        }
        for (String interval : List.of("0 s", "2 d")) {
            assertThatThrownBy(() -> source("a", "?watch=true&interval=" + interval))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("out of range");
        }
        for (String size : List.of("long", "-1")) {
            assertThatThrownBy(() -> source("a", "?max-line=" + size))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("'" + size + "' is not a size");
        }
        for (String size : List.of("0", "2g")) {
            assertThatThrownBy(() -> source("a", "?max-line=" + size))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("out of range");
        }
    }

    private void assertRejected(String path, String... parts) {
        assertThatThrownBy(() -> source(path, "").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContainingAll(parts);
    }

    private static FilesDocuments source(String path, String options) {
        return new FilesDocuments(ConnectorUri.parse("file:" + path + options));
    }

    private static List<String> list(String path) {
        return FilePattern.of(ConnectorUri.parse("file:" + path)).list().stream()
                .map(FilePattern.ListedFile::name)
                .toList();
    }

    private void touch(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "x\n");
    }
}
