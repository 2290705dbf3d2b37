package io.github.flinksplade.connector.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Writes the changes of a batch, unless the folder contains newer ones. */
final class ExampleClient implements BatchClient<ExampleClient.Request> {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final VectorJson format;
    private final ExecutorService writer = Executors.newSingleThreadExecutor();

    /**
     * A change in the form in which it is stored.
     *
     * @param json the content of the file
     */
    record Request(VectorRecord record, byte[] json) {}

    ExampleClient(ExampleSettings settings, Provenance provenance) {
        folder = Path.of(settings.folder());
        format = new VectorJson(VectorJson.Form.INDICES, settings.text(), provenance, null);
    }

    @Override
    public Request request(VectorRecord record) {
        return new Request(record, format.bytes(record));
    }

    @Override
    public long sizeInBytes(Request request) {
        return request.json().length;
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<Request> batch) {
        return CompletableFuture.supplyAsync(
                () -> batch.stream().map(this::writeUnlessOlder).toList(), writer);
    }

    private Outcome writeUnlessOlder(Request request) {
        VectorRecord record = request.record();
        Path file = folder.resolve(fileName(record.id()));
        try {
            byte[] content = request.json();
            if (Files.exists(file)) {
                JsonNode stored = JSON.readTree(file.toFile());
                long version = stored.get("version").longValue();
                if (record.version() == VectorRecord.NO_VERSION) {
                    // It deletes whatever is stored, and any later version is newer.
                    content =
                            format.bytes(
                                    VectorRecord.delete(record.id(), version, record.origin()));
                } else if (VectorRecord.order(version, operation(stored)) > record.order()) {
                    return Outcome.superseded();
                }
            }
            Path temporary = Files.createTempFile(folder, "change", ".tmp");
            Files.write(temporary, content);
            Files.move(
                    temporary,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            return Outcome.written();
        } catch (IOException e) {
            // The future fails, and the batch is sent again.
            throw new UncheckedIOException(e);
        }
    }

    private static Operation operation(JsonNode stored) {
        if (stored.has("op")) {
            return stored.has("replaced") ? Operation.DELETE_REPLACED : Operation.DELETE;
        }
        return Operation.UPSERT;
    }

    /** Ids may contain characters that file names may not. */
    private static String fileName(String id) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(id.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest) + ".json";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    @Override
    public void close() {
        writer.shutdownNow();
    }
}
