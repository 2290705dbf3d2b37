package io.github.flinksplade.connector.solr;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A Solr in a separate process, which can be killed. */
final class SolrProcess implements AutoCloseable {

    private final Process process;
    final String url;

    private SolrProcess(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    static SolrProcess start(Path home, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // starts in two thirds of the time
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.add("-Xmx512m");
        command.addAll(List.of(options));
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        SolrServer.class.getName(),
                        home.toString()));
        Process process =
                new ProcessBuilder(command)
                        .redirectError(home.resolve("log").toFile())
                        .directory(home.toFile())
                        .start();
        BufferedReader out = process.inputReader();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith("http")) {
                return new SolrProcess(process, line);
            }
        }
        throw new IOException("Solr did not start; see " + home.resolve("log"));
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
