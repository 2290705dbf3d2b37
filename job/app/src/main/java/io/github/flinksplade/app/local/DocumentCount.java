package io.github.flinksplade.app.local;

import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** How many documents plain files hold, for the estimate of the time left. */
final class DocumentCount {

    /** Counting stops here: a good estimate is not worth reading more. */
    private static final long MOST_BYTES = 256L << 20;

    private DocumentCount() {}

    /** The number of lines, extrapolated where the files are large; -1 when it is not known. */
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
                return -1; // the source itself says what is wrong, if anything is
            }
        }
        return total;
    }

    private static Path plainFile(ConnectorUri source) {
        if (!source.scheme().equals("file") || source.location().matches(".*\\.(gz|zst|zstd)")) {
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
            while (bytes < MOST_BYTES && (read = in.read(buffer)) > 0) {
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
