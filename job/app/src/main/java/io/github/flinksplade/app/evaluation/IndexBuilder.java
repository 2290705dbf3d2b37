package io.github.flinksplade.app.evaluation;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.LocalRun;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.evaluation.Corpus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Builds indexes of a corpus with the job. The name of an index's directory is a hash of what
 * determines its vectors, so that an index is built again exactly when they may differ.
 */
final class IndexBuilder {

    private final Path work;
    private final Corpus corpus;
    private final Console console;
    private final boolean verbose;
    private String corpusSha256;

    /**
     * @param work where the indexes are stored
     */
    IndexBuilder(Path work, Corpus corpus, Console console, boolean verbose) {
        this.work = work;
        this.corpus = corpus;
        this.console = console;
        this.verbose = verbose;
    }

    /**
     * An index that was built, or reused.
     *
     * @param code the exit code of the job; if it is not {@link ExitCode#OK}, the index is
     *     incomplete
     * @param directory its files
     * @param deadLetters the number of documents that are not in the index
     * @param deadLetterDirectory where they are
     */
    record BuiltIndex(int code, Path directory, long deadLetters, Path deadLetterDirectory) {

        ConnectorUri uri() {
            return ConnectorUri.parse("lucene:" + directory);
        }

        /** The size of its files. */
        long bytes() {
            try (Stream<Path> files = Files.list(directory)) {
                long bytes = 0;
                for (Path file : (Iterable<Path>) files::iterator) {
                    bytes += Files.size(file);
                }
                return bytes;
            } catch (IOException e) {
                throw new UserException("cannot read " + directory + ": " + e.getMessage(), e);
            }
        }
    }

    /** Builds the index of a variant unless the work directory contains it. */
    BuiltIndex build(Variant variant) throws Exception {
        Map<String, Given> given = new LinkedHashMap<>(variant.jobSettings());
        put(given, JobSettings.FROM, "file:" + corpus.file().toAbsolutePath());
        put(given, JobSettings.TO, "lucene:" + work);
        Provenance provenance =
                JobPlan.of(settings(given)).provenance(new DownloadProgress(console));
        Path folder = work.resolve("index-" + digest(variant, provenance));
        Path index = folder.resolve("index");
        Path state = folder.resolve("state");
        int code = ExitCode.OK;
        if (!Files.isDirectory(index) || !StateDirectory.isFinished(state)) {
            put(given, JobSettings.TO, "lucene:" + index);
            put(given, JobSettings.STATE, state.toString());
            code = new LocalRun(settings(given), JobPlan::of, console, verbose, false).run();
        } else {
            console.err().println("Using the index " + index);
        }
        return new BuiltIndex(code, index, deadLetters(state), state);
    }

    private static JobSettings settings(Map<String, Given> given) {
        return JobSettings.of(given, Connectors.all().keySet());
    }

    private static void put(Map<String, Given> given, Setting<?> setting, String value) {
        given.put(setting.key(), Given.of("of the evaluation", value));
    }

    private String digest(Variant variant, Provenance provenance) {
        if (corpusSha256 == null) {
            corpusSha256 = corpus.sha256();
        }
        String all =
                String.join(
                        "|",
                        corpusSha256,
                        provenance.fingerprint(),
                        String.valueOf(variant.get(JobSettings.LONG_DOCUMENTS)),
                        String.valueOf(variant.get(JobSettings.PASSAGE_TOKENS)),
                        String.valueOf(variant.get(JobSettings.PASSAGE_OVERLAP)));
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    private static long deadLetters(Path state) throws IOException {
        long count = 0;
        if (!Files.isDirectory(state)) {
            return count;
        }
        try (Stream<Path> files = Files.walk(state)) {
            List<Path> letters =
                    files.filter(Files::isRegularFile)
                            .filter(
                                    file ->
                                            state.relativize(file)
                                                    .toString()
                                                    .startsWith("dead-letters"))
                            .toList();
            for (Path file : letters) {
                try (Stream<String> lines = Files.lines(file)) {
                    count += lines.count();
                }
            }
        }
        return count;
    }
}
