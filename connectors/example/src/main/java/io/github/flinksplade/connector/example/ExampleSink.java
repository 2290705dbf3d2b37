package io.github.flinksplade.connector.example;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A folder of documents: creates it, or verifies that it belongs to the same encoder. */
record ExampleSink(ExampleSettings settings) implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, String>> STRINGS = new TypeReference<>() {};

    @Override
    public String identity() {
        return "example:" + settings.folder();
    }

    @Override
    public BatchOptions batching() {
        return settings.batching();
    }

    @Override
    public BatchSink prepare(SinkContext context, StartMode start) {
        Path folder = Path.of(settings.folder());
        Path file = folder.resolve("provenance.json");
        String description = "the folder " + folder;
        try {
            if (Files.exists(file)) {
                Provenance stored = Provenance.fromMap(JSON.readValue(file.toFile(), STRINGS));
                context.requireSameEncoder(stored, description, "choose another folder");
            } else {
                start.requireMayCreate(description);
                Files.createDirectories(folder);
                JSON.writeValue(file.toFile(), context.provenance().toMap());
            }
        } catch (IOException e) {
            // A server would be an UnreachableException here, which the job waits for.
            throw new ConnectorException("cannot use " + description + ": " + e.getMessage(), e);
        }
        return new Prepared(settings, context.provenance());
    }

    private record Prepared(ExampleSettings settings, Provenance provenance) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public BatchOptions batching() {
            return settings.batching();
        }

        @Override
        public BatchClient<?> client() {
            return new ExampleClient(settings, provenance);
        }
    }
}
