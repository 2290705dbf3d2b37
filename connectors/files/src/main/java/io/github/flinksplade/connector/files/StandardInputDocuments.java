package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Reads documents from standard input, in the formats of files that have records. */
final class StandardInputDocuments extends FilesDocuments {

    /** Values of the option {@code format}. */
    private enum InputFormat {
        JSON,
        CSV,
        TSV,
        TEXT
    }

    private static final ConnectorOption<InputFormat> FORMAT =
            ConnectorOption.choice(
                    "format",
                    InputFormat.class,
                    InputFormat.JSON,
                    "as in `file:`; with `text`, the id of a document is `stdin:<line number>`");

    static final List<ConnectorOption<?>> OPTIONS =
            Stream.concat(Stream.of(FORMAT), ONE_FILE_OPTIONS.stream()).toList();

    /** The name of the copy; null until standard input is copied. */
    private String copy;

    StandardInputDocuments(ConnectorUri uri) {
        super(uri.allowOptions(OPTIONS), Format.valueOf(FORMAT.get(uri).name()));
        if (!uri.location().equals("-")) {
            throw new ConnectorException(uri + " has a location. Write - for standard input");
        }
        StandardInput.reset();
    }

    /** Another one in each run, so that a position in the input of an earlier run is not used. */
    @Override
    public String identity() {
        return "stdin:" + copy;
    }

    @Override
    public String displayName() {
        return "stdin:";
    }

    @Override
    public void copyInput(InputStream standardInput, Path directory) {
        try {
            copy = StandardInput.copy(standardInput, directory);
        } catch (CorruptFileException e) {
            throw new ConnectorException("cannot read standard input: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ConnectorException(
                    "cannot copy standard input to "
                            + directory
                            + ": "
                            + FilePattern.reason(e)
                            + ". Set another directory with --state, or without a state with"
                            + " FLINK_SPLADE_JAVA_OPTS=-Djava.io.tmpdir=DIR",
                    e);
        }
    }

    @Override
    public void check() {
        if (copy == null) {
            throw new ConnectorException(
                    "- is the standard input of a local run ('flink-splade run'), which a job on a"
                            + " cluster does not have. Write the documents to a topic, or to files"
                            + " that every TaskManager can read");
        }
        super.check();
    }
}
