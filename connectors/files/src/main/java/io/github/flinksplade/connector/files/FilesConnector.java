package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.VectorSink;
import java.util.List;

/**
 * Reads documents from files and writes vectors and dead letters to files; see the package
 * description.
 */
public final class FilesConnector implements Connector {

    /**
     * The header, with the value {@code true}, of a record that contains only its start, because it
     * exceeds the option {@code max-line}.
     */
    public static final String HEADER_TRUNCATED_LINE = "flink-splade.truncated-line";

    /** The header, with the header row of the file, of a record of CSV, or of TSV with a header. */
    public static final String HEADER_CSV = "flink-splade.csv-header";

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public String usage() {
        return "file:docs.jsonl reads a file, a folder or files by a pattern (JSON, CSV, TSV,"
                + " text, Markdown, HTML; .gz, .zst), file:vectors.jsonl writes JSON lines";
    }

    @Override
    public List<ConnectorOption<?>> sourceOptions() {
        return FilesDocuments.OPTIONS;
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return FilesSink.OPTIONS;
    }

    @Override
    public DocumentSource source(ConnectorUri uri) {
        return new FilesDocuments(uri.allowProperties());
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new FilesSink(uri.allowProperties());
    }

    @Override
    public DeadLetterQueue deadLetters(ConnectorUri uri) {
        return new FilesDeadLetters(uri.allowProperties());
    }
}
