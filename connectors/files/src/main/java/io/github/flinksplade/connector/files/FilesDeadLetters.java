package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.LocalPath;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes dead letters as the lines of one file; see the package description. */
final class FilesDeadLetters implements DeadLetterQueue {

    private final Path file;

    FilesDeadLetters(ConnectorUri uri) {
        uri.allowOptions(List.of());
        this.file = LocalPath.of(uri);
    }

    @Override
    public PreparedDeadLetterQueue prepare(String jobId) {
        createOrCheck();
        return () -> new DeadLetterSink(file.toString());
    }

    private void createOrCheck() {
        if (Files.isDirectory(file)) {
            throw new ConnectorException(
                    file
                            + " is a folder, but dead letters are written to one file. Add a file"
                            + " name");
        }
        if (Files.exists(file)) {
            if (!Files.isRegularFile(file) || !Files.isWritable(file)) {
                throw new ConnectorException("cannot write dead letters to " + file);
            }
            return;
        }
        Path folder = file.getParent();
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new ConnectorException(
                    "cannot create the folder " + folder + ": " + FilePattern.reason(e), e);
        }
        if (!Files.isWritable(folder)) {
            throw new ConnectorException("cannot write to " + folder + ": permission denied");
        }
    }
}
