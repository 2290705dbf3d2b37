package io.github.flinksplade.app.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The versions of this program and of what it contains, as the build wrote them. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException("version.properties cannot be read", e);
        }
        String commit = properties.getProperty("commit");
        return new String[] {
            "flink-splade "
                    + properties.getProperty("version")
                    // without Git, the placeholder remains
                    + (commit.isEmpty() || commit.startsWith("$")
                            ? ""
                            : " (commit " + commit + ")"),
            "Apache Flink " + properties.getProperty("flink"),
            "ONNX Runtime " + properties.getProperty("onnxruntime"),
            "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"
        };
    }
}
