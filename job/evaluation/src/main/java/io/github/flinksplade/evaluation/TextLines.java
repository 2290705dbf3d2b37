package io.github.flinksplade.evaluation;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads the lines of a UTF-8 file and reports errors with the number of the line. */
final class TextLines implements AutoCloseable {

    private final Path file;
    private final BufferedReader reader;
    private int number;

    TextLines(Path file) {
        this.file = file;
        try {
            if (Files.isDirectory(file)) {
                throw new EvaluationException(file + " is a directory. Specify a file");
            }
            reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new EvaluationException(
                    "the file " + file + " does not exist. Check the path", e);
        } catch (IOException e) {
            throw cannotRead(e);
        }
    }

    /** The next line that is not blank, or null at the end. */
    String next() {
        try {
            String line;
            do {
                line = reader.readLine();
                number++;
            } while (line != null && line.isBlank());
            return line != null && number == 1 && line.startsWith("\uFEFF")
                    ? line.substring(1)
                    : line;
        } catch (CharacterCodingException e) {
            throw new EvaluationException(
                    file + " is not valid UTF-8 after line " + number + ". Convert it", e);
        } catch (IOException e) {
            throw cannotRead(e);
        }
    }

    /** An error in the current line. */
    EvaluationException invalid(String message) {
        return new EvaluationException(file + ", line " + number + ": " + message);
    }

    int number() {
        return number;
    }

    private EvaluationException cannotRead(IOException e) {
        return new EvaluationException("cannot read " + file + ": " + e.getMessage(), e);
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw cannotRead(e);
        }
    }
}
