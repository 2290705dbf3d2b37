package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.RecordFormat;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;

/**
 * How files are read.
 *
 * @param format of all files
 * @param dialect of {@code csv} and {@code tsv}
 * @param charset name of the charset of files without a byte order mark
 * @param maxRecord max size of a record in bytes
 */
record ReadSettings(FileFormat format, CsvDialect dialect, String charset, int maxRecord)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The settings of a format without options. */
    static ReadSettings of(FileFormat format, int maxRecord) {
        return new ReadSettings(
                format,
                format == FileFormat.TSV ? CsvDialect.TSV_LINES : CsvDialect.CSV,
                "UTF-8",
                maxRecord);
    }

    /** The format of the records. */
    RecordFormat records() {
        return switch (format) {
            case JSON -> RecordFormat.JSON;
            case TEXT -> RecordFormat.TEXT;
            case TSV -> isTable() ? table() : RecordFormat.TSV;
            case CSV -> table();
            case FILE -> RecordFormat.of(new DocumentFileDecoder(charset));
        };
    }

    private RecordFormat table() {
        return RecordFormat.of(new CsvDecoder(dialect)).untyped();
    }

    /** Whether records are rows of cells. */
    boolean isTable() {
        return format == FileFormat.CSV || format == FileFormat.TSV && dialect.hasHeader();
    }

    /** Whether files have a header row. */
    boolean hasHeader() {
        return isTable() && dialect.hasHeader();
    }

    /** Whether records are lines. */
    boolean isLines() {
        return format == FileFormat.TEXT || format == FileFormat.TSV && !dialect.hasHeader();
    }

    /** Opens a file at an offset; see {@link DecodedFile#open}. */
    DecodedFile decoded(FileStorage.OpenFile file, String path, long offset) throws IOException {
        return DecodedFile.open(
                file, Compression.of(path), format == FileFormat.FILE ? null : charset, offset);
    }

    /** The header row of a file of cells; null if the file is empty. */
    byte[] headerRow(String path) throws IOException {
        try (FileStorage.OpenFile file = FileStorage.of(path).open(path);
                InputStream in = decoded(file, path, 0).in()) {
            return CsvSplitter.headerRow(in, dialect, maxRecord);
        }
    }

    /**
     * Splits a file, or its remainder.
     *
     * @param in positioned after {@code start}
     * @param startsLine whether the position is at the start of a line
     * @param headerRow the header if the position is after it
     */
    RecordSplitter splitter(InputStream in, Position start, boolean startsLine, byte[] headerRow)
            throws IOException {
        if (isTable()) {
            return new CsvSplitter(in, start, dialect, headerRow, maxRecord);
        }
        return switch (format) {
            case JSON -> new JsonSplitter(in, start, startsLine, maxRecord);
            case FILE -> new WholeFileSplitter(in, start, maxRecord);
            default -> new LineSplitter(in, start, maxRecord);
        };
    }
}
