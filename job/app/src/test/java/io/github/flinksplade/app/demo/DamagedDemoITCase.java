package io.github.flinksplade.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with fewer entries. */
class DamagedDemoITCase {

    @TempDir private Path directory;

    private String run() throws Exception {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console =
                new Console(
                        InputStream.nullInputStream(),
                        OutputStream.nullOutputStream(),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        false,
                        false);
        int code = new Demo(directory, console, false, Dictionary.entries().subList(0, 50)).run("");
        assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isEqualTo(ExitCode.OK);
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void rebuildsADamagedIndex() throws Exception {
        assertThat(run()).contains("Indexing 50 definitions", "; skipped 0; ");
        Files.writeString(directory.resolve("index/segments_zz"), "broken");
        assertThat(run()).contains("building it again", "encoded 50;", "; skipped 0; ");
    }
}
