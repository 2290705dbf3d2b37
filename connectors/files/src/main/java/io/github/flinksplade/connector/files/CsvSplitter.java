package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Splits CSV into its records, which end at line feeds outside quotation marks. A cell is quoted if
 * it starts with a quotation mark. Blank lines are skipped.
 *
 * <p>If a quotation mark is not closed before the end of the file, its line is one record, and the
 * lines after it are read.
 */
final class CsvSplitter extends WindowSplitter {

    private static final byte[] EMPTY = new byte[0];

    private final byte[] delimiter;
    private final CsvDialect dialect;
    private byte[] headerRow;

    /** Whether a record was read after the header. */
    private boolean hasRecords;

    /**
     * @param headerRow the header of the file if the position is after it; null at the start of the
     *     file, and without a header
     */
    CsvSplitter(InputStream in, Position start, CsvDialect dialect, byte[] headerRow, int maxRecord)
            throws IOException {
        super(in, start, maxRecord);
        this.dialect = dialect;
        this.delimiter = dialect.delimiter().getBytes(StandardCharsets.UTF_8);
        this.headerRow = headerRow;
        this.hasRecords = !start.equals(Position.START);
    }

    @Override
    public boolean next() throws IOException {
        if (dialect.hasHeader() && headerRow == null && !readHeader()) {
            if (hasRecords) {
                return false;
            }
            hasRecords = true;
            setRecord(EMPTY, 0); // an empty file
            headerRow = EMPTY;
            line = 1;
            return true;
        }
        if (nextRow()) {
            hasRecords = true;
            return true;
        }
        if (hasRecords || !dialect.hasHeader()) {
            return false;
        }
        hasRecords = true;
        setRecord(headerRow, number()); // a file that contains only a header
        return true;
    }

    /** Reads the header at the start of the file. Returns false if the file is empty. */
    private boolean readHeader() throws IOException {
        if (!nextRow()) {
            return false;
        }
        if (isTruncated()) {
            throw new CorruptFileException(
                    "its header, the first line, exceeds max-line (" + maxRecord() + " bytes)");
        }
        headerRow = record();
        return true;
    }

    /**
     * The header at the start of a file, which is not closed.
     *
     * @return null if the file is empty
     */
    static byte[] headerRow(InputStream in, CsvDialect dialect, int maxRecord) throws IOException {
        CsvSplitter csv = new CsvSplitter(in, Position.START, dialect, null, maxRecord);
        return csv.readHeader() ? csv.headerRow : null;
    }

    private boolean nextRow() throws IOException {
        do {
            if (window.at(0) < 0) {
                return false;
            }
            readRow();
        } while (isBlank(record()));
        return true;
    }

    private void readRow() throws IOException {
        long first = line;
        long lineFeeds = 0;
        int firstLineEnd = -1;
        int firstOfDelimiter = dialect.hasQuotes() ? delimiter[0] & 0xFF : -1;
        boolean isQuoted = false;
        boolean isCellStart = dialect.hasQuotes();
        for (int i = 0; ; i++) {
            i = bounded(i);
            int c = window.at(i);
            if (c < 0) {
                boolean isMalformed = isQuoted && lineFeeds > 0 && !isDropped();
                end(isMalformed ? firstLineEnd : i, first, isMalformed ? 1 : lineFeeds, false);
                return;
            }
            if (c == '\n') {
                lineFeeds++;
                if (!isQuoted) {
                    end(i + 1, first, lineFeeds, true);
                    return;
                }
                if (firstLineEnd < 0) {
                    firstLineEnd = i + 1;
                }
            } else if (isQuoted) {
                if (c == '"') {
                    if (window.at(i + 1) == '"') {
                        i++;
                    } else {
                        isQuoted = false;
                    }
                }
            } else if (c == '"' && isCellStart) {
                isQuoted = true;
                isCellStart = false;
            } else {
                isCellStart = c == firstOfDelimiter && isDelimiter(i);
                i += isCellStart ? delimiter.length - 1 : 0;
            }
        }
    }

    private boolean isDelimiter(int index) throws IOException {
        for (int i = 0; i < delimiter.length; i++) {
            if (window.at(index + i) != (delimiter[i] & 0xFF)) {
                return false;
            }
        }
        return true;
    }

    /** Sets the record without its line ending. */
    private void end(int end, long first, long lineFeeds, boolean isTerminated) throws IOException {
        int last = end;
        if (last > 0 && window.at(last - 1) == '\n') {
            last--;
            if (last > 0 && window.at(last - 1) == '\r') {
                last--;
            }
        }
        setRecord(last, first, isTerminated);
        window.drop(end);
        line = first + lineFeeds;
    }

    @Override
    public byte[] headerRow() {
        return headerRow;
    }

    @Override
    public Position end() {
        return new Position(window.offset(), line, false);
    }
}
