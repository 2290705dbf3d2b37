package io.github.flinksplade.connector.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

class ExampleContractITCase extends SinkContract {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path folder;

    @Override
    public ConnectorUri fresh(String name) {
        return ConnectorUri.parse("example:" + folder.resolve(name));
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws IOException {
        Map<String, StoredDocument> documents = new TreeMap<>();
        try (Stream<Path> files = Files.list(Path.of(uri.location()))) {
            List<Path> changes =
                    files.filter(file -> file.getFileName().toString().matches("[0-9a-f]{64}.json"))
                            .toList();
            for (Path change : changes) {
                JsonNode json = JSON.readTree(change.toFile());
                if (!json.has("op")) {
                    documents.put(json.get("id").textValue(), StoredDocument.ofIndices(json));
                }
            }
        }
        return documents;
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
