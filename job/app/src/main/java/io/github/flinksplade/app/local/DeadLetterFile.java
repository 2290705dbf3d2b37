package io.github.flinksplade.app.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.VerifyJob;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;

/** Reads the dead letters that a job has written to a file. */
final class DeadLetterFile {

    private static final ObjectMapper JSON = new ObjectMapper();

    private DeadLetterFile() {}

    /**
     * {@linkplain VerifyJob#hash Hashes} of the records that could not be encoded, or that a sink
     * has rejected, ascending.
     *
     * @param sink the identity of the sink
     */
    static long[] hashes(Path file, String sink) {
        LongStream.Builder hashes = LongStream.builder();
        int number = 0;
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                JsonNode letter = JSON.readTree(line);
                boolean wasParsed =
                        !letter.path(DeadLetter.HEADER_STAGE)
                                .asText()
                                .equals(DeadLetter.Stage.PARSE.name());
                String rejectedBy = letter.path("sink").textValue();
                if (wasParsed && (rejectedBy == null || rejectedBy.equals(sink))) {
                    hashes.add(VerifyJob.hash(origin(letter)));
                }
            }
        } catch (JsonProcessingException e) {
            throw new UserException(
                    file
                            + " line "
                            + number
                            + " is not a dead letter of flink-splade. Correct --dead-letters, or"
                            + " move the file.",
                    e);
        } catch (IOException e) {
            throw new UserException("cannot read " + file + ": " + Failure.of(e).message(), e);
        }
        return hashes.build().sorted().toArray();
    }

    private static SourceRecord origin(JsonNode letter) throws IOException {
        return new SourceRecord(
                letter.path(DeadLetter.HEADER_TOPIC).asText(),
                letter.path(DeadLetter.HEADER_PARTITION).asInt(),
                letter.path(DeadLetter.HEADER_OFFSET).asLong(),
                letter.path("timestamp").asLong(),
                letter.path("key").binaryValue(),
                letter.path("value").binaryValue(),
                new String[0],
                new byte[0][]);
    }
}
