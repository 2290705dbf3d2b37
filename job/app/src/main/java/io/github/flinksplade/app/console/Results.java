package io.github.flinksplade.app.console;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes results to standard output, one line each, in UTF-8. Not thread-safe. */
public final class Results {

    private final OutputStream out;

    public Results(Console console) {
        this.out = new BufferedOutputStream(console.out(), 1 << 16);
    }

    public void line(String text) {
        try {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.write('\n');
        } catch (IOException e) {
            throw failed(e);
        }
    }

    public void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private static RuntimeException failed(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("Broken pipe")
                ? new BrokenPipeException(e)
                : new UserException("cannot write to standard output: " + message, e);
    }
}
