package io.github.flinksplade.benchmarks;

import io.github.flinksplade.connector.SearchIndex;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Anserini's {@code SimpleImpactSearcher} in its own process, because it requires Java 21.
 *
 * <p>Its weights are integers: 100 times the weights, rounded, as in {@code format=anserini}.
 */
final class AnseriniProcess implements AutoCloseable {

    private static final double SCALE = 100;

    private final Process process;
    private final Map<Integer, String> terms;
    private final PrintStream queries;
    private final BufferedReader results;

    private AnseriniProcess(Process process, Map<Integer, String> terms) {
        this.process = process;
        this.terms = terms;
        this.queries = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.results = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Indexes a corpus in the format {@code anserini}.
     *
     * @param java the command of Java 21 or later
     * @param jar Anserini's fat jar
     * @param log a file for the output
     */
    static void index(Path java, Path jar, Path corpus, Path index, Path log) throws Exception {
        int code =
                new ProcessBuilder(
                                command(
                                        java,
                                        jar,
                                        "io.anserini.index.IndexCollection",
                                        "-collection",
                                        "JsonVectorCollection",
                                        "-input",
                                        corpus.toString(),
                                        "-index",
                                        index.toString(),
                                        "-generator",
                                        "DefaultLuceneDocumentGenerator",
                                        "-threads",
                                        "1",
                                        "-impact",
                                        "-pretokenized"))
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start()
                        .waitFor();
        if (code != 0) {
            throw new IOException(
                    "Anserini's IndexCollection exited with " + code + "; see " + log);
        }
    }

    /**
     * Opens an index.
     *
     * @param terms the terms of all queries, by their indices
     */
    static AnseriniProcess open(
            Path java, Path jar, Path index, Path work, Map<Integer, String> terms)
            throws IOException {
        Path source = work.resolve("AnseriniSearch.java");
        try (InputStream program =
                AnseriniProcess.class.getResourceAsStream("/AnseriniSearch.java")) {
            Files.write(source, program.readAllBytes());
        }
        AnseriniProcess opened =
                new AnseriniProcess(
                        new ProcessBuilder(command(java, jar, source.toString(), index.toString()))
                                .redirectError(work.resolve("anserini-search.log").toFile())
                                .start(),
                        terms);
        String line = opened.next();
        while (!line.equals("ready")) { // its logger may write to the same stream
            line = opened.next();
        }
        return opened;
    }

    private static List<String> command(Path java, Path jar, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java.toString(), "-cp", jar.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /**
     * The duration of a search in nanoseconds, measured in the process.
     *
     * @param hits the number of hits of the exact weights: this search may have fewer, because
     *     small weights are rounded to 0, but at least half of them
     */
    long search(SearchIndex.Query query, int hits) throws IOException {
        StringBuilder line = new StringBuilder().append(query.k());
        for (int i = 0; i < query.vector().size(); i++) {
            long weight = Math.round(query.vector().values()[i] * SCALE);
            if (weight > 0) {
                line.append(' ')
                        .append(terms.get(query.vector().indices()[i]))
                        .append('=')
                        .append(weight);
            }
        }
        queries.println(line);
        String[] result = next().split(" ");
        if (2 * Integer.parseInt(result[1]) < hits) {
            throw new IOException(
                    "Anserini has "
                            + result[1]
                            + " hits, but there are "
                            + hits
                            + ": it searches other documents or terms");
        }
        return Long.parseLong(result[0]);
    }

    private String next() throws IOException {
        String line = results.readLine();
        if (line == null) {
            throw new IOException("Anserini ended; see its log in the directory of the indexes");
        }
        return line;
    }

    @Override
    public void close() {
        queries.close();
        process.destroy();
    }
}
