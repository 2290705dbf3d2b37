package io.github.flinksplade.connector.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** A folder of part files: the line of an id with the highest version is the document. */
class FilesContractITCase extends SinkContract {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path folder;

    @Override
    public ConnectorUri fresh(String name) {
        return ConnectorUri.parse("file:" + folder.resolve(name) + "?text=true&append=true");
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws IOException {
        Map<String, StoredDocument> held = new TreeMap<>();
        Map<String, Long> newest = new TreeMap<>();
        List<Path> parts;
        try (Stream<Path> files = Files.list(Path.of(uri.location()))) {
            parts =
                    files.filter(file -> file.getFileName().toString().endsWith(".jsonl"))
                            .sorted(Comparator.comparing(FilesContractITCase::written))
                            .toList();
        }
        for (Path part : parts) {
            for (String text : Files.readAllLines(part)) {
                JsonNode line = JSON.readTree(text);
                boolean delete = line.has("op");
                String id = line.get("id").textValue();
                boolean isNewer = delete && !line.has("replaced");
                long order = 2 * line.get("version").longValue() + (isNewer ? 1 : 0);
                if (order < newest.getOrDefault(id, Long.MIN_VALUE)
                        && line.get("version").longValue() >= 0) {
                    continue;
                }
                newest.put(id, order);
                if (delete) {
                    held.remove(id);
                } else {
                    held.put(id, StoredDocument.ofIndices(line));
                }
            }
        }
        return held;
    }

    /** Part file names are not ordered by time. */
    private static FileTime written(Path part) {
        try {
            return Files.getLastModifiedTime(part);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean canBeReadBack() {
        return false;
    }

    @Override
    public boolean comparesVersions() {
        return true;
    }

    @Override
    public boolean remembersDeletes() {
        return true;
    }

    @Override
    public boolean isSearchable() {
        return false;
    }
}
