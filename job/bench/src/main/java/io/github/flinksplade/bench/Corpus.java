package io.github.flinksplade.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads texts: JSON lines with a {@code text}, or one text per line. */
final class Corpus {

    private Corpus() {}

    /**
     * The first texts of a file.
     *
     * @throws IOException when it cannot be read, contains no text, or a line of {@code *.jsonl}
     *     has no text
     */
    static List<String> read(Path file, int max) throws IOException {
        boolean json = file.toString().endsWith(".jsonl");
        ObjectMapper mapper = new ObjectMapper();
        List<String> texts = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            String line;
            for (int number = 1;
                    texts.size() < max && (line = lines.readLine()) != null;
                    number++) {
                if (line.isBlank()) {
                    continue;
                }
                if (json) {
                    JsonNode text = mapper.readTree(line).get("text");
                    if (text == null || !text.isTextual()) {
                        throw new IOException(file + ": line " + number + " has no \"text\"");
                    }
                    line = text.textValue();
                }
                texts.add(line);
            }
        }
        if (texts.isEmpty()) {
            throw new IOException(file + " contains no texts");
        }
        return texts;
    }
}
