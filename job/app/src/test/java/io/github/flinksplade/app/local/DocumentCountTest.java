package io.github.flinksplade.app.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentCountTest {

    @TempDir private Path directory;

    private long estimate(String name, String options) throws IOException {
        Path file = Files.writeString(directory.resolve(name), "a\nb\nc");
        return DocumentCount.estimate(List.of(ConnectorUri.parse("file:" + file + options)));
    }

    @Test
    void countsTheLinesOfFilesWithADocumentPerLine() throws IOException {
        assertThat(estimate("a.jsonl", "")).isEqualTo(3);
        assertThat(estimate("a.tsv", "?format=tsv&id=x")).isEqualTo(3);
    }

    @Test
    void otherFormatsAreNotCounted() throws IOException {
        assertThat(estimate("a.json", "")).isEqualTo(-1);
        assertThat(estimate("a.csv", "")).isEqualTo(-1);
        assertThat(estimate("a.txt", "?format=file")).isEqualTo(-1);
        assertThat(estimate("a.jsonl.gz", "")).isEqualTo(-1);
    }
}
