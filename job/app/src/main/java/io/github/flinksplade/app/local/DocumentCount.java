package io.github.flinksplade.app.local;

import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Estimates the number of documents in uncompressed files, to estimate the time left. */
final class DocumentCount {

    /** Max bytes that are read; more would take too long for an estimate. */
    private static final long MAX_BYTES = 256L << 20;

    private static final Set<String> LINE_FORMATS = Set.of("auto", "json", "tsv", "text");

    private DocumentCount() {}

    /** The number of lines, extrapolated for large files; -1 when it is not known. */
    static long estimate(List<ConnectorUri> sources) {
        long total = 0;
        for (ConnectorUri source : sources) {
            Path file = plainFile(source);
            if (file == null) {
                return -1;
            }
            try {
                total += lines(file);
            } catch (IOException e) {
                return -1; // if the file is unreadable, the source reports it
            }
        }
        return total;
    }

    /** An uncompressed file with a document per line; null for others. */
    private static Path plainFile(ConnectorUri source) {
        boolean hasDocumentPerLine =
                source.location().matches(".*\\.(jsonl|ndjson|tsv|txt)")
                        && LINE_FORMATS.contains(source.option("format", "auto"));
        if (!source.scheme().equals("file") || !hasDocumentPerLine) {
            return null;
        }
        try {
            Path file = Path.of(source.location().replaceFirst("^//", ""));
            return Files.isRegularFile(file) ? file : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }

    private static long lines(Path file) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long bytes = 0;
        long lines = 0;
        int last = '\n';
        try (InputStream in = Files.newInputStream(file)) {
            int read;
            while (bytes < MAX_BYTES && (read = in.read(buffer)) > 0) {
                for (int i = 0; i < read; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
                bytes += read;
                last = buffer[read - 1];
            }
        }
        long size = Files.size(file);
        return bytes < size
                ? Math.round((double) lines * size / bytes)
                : lines + (last == '\n' ? 0 : 1);
    }
}
