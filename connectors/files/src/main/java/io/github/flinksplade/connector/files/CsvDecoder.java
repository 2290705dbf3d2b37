package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * Decodes a record of CSV to an object of strings, in which lines end with LF. The names are in the
 * header row, which each record has as {@link FilesConnector#HEADER_CSV}, or {@code c1}, {@code c2}
 * and so on.
 */
final class CsvDecoder implements RecordDecoder {

    private static final long serialVersionUID = 1L;

    private final CsvDialect dialect;

    private transient CSVFormat format;

    /** The header row of the last record, and its names. */
    private transient byte[] headerRow;

    private transient List<String> names;

    CsvDecoder(CsvDialect dialect) {
        this.dialect = dialect;
    }

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        if (!dialect.hasHeader()) {
            return object(cells(bytes, "the record"), null);
        }
        byte[] header = headerRow(record);
        if (header.length == 0) {
            throw malformed("the file is empty: it has no header and no records", null);
        }
        if (Arrays.equals(bytes, header)) {
            throw malformed(
                    "the record is the header: the file has no other records, or repeats it", null);
        }
        if (!Arrays.equals(header, headerRow)) {
            names = names(header);
            headerRow = header;
        }
        return object(cells(bytes, "the record"), names);
    }

    private static byte[] headerRow(SourceRecord record) throws InvalidRecordException {
        for (int i = 0; i < record.headerNames().length; i++) {
            if (record.headerNames()[i].equals(FilesConnector.HEADER_CSV)) {
                return record.headerValues()[i];
            }
        }
        throw malformed("the record has no " + FilesConnector.HEADER_CSV, null);
    }

    /**
     * The names in a header row.
     *
     * @throws InvalidRecordException if a name is empty or duplicated
     */
    List<String> names(byte[] header) throws InvalidRecordException {
        List<String> cells = cells(header, "the header");
        Set<String> known = new HashSet<>();
        for (int i = 0; i < cells.size(); i++) {
            String name = cells.get(i);
            if (name.isBlank()) {
                throw malformed(
                        "a column has no name in the header. Name it, or add header=false",
                        "column " + (i + 1));
            }
            if (!known.add(name)) {
                throw malformed(
                        "two columns have the same name in the header. Rename one, or add"
                                + " header=false",
                        new JsonString(name).toJson());
            }
        }
        return cells;
    }

    private static JsonObject object(List<String> cells, List<String> names)
            throws InvalidRecordException {
        if (names != null && cells.size() > names.size()) {
            throw malformed(
                    "the record has more cells than the header",
                    cells.size() + " instead of " + names.size());
        }
        Map<String, JsonValue> members = new LinkedHashMap<>();
        for (int i = 0; i < cells.size(); i++) {
            members.put(
                    names == null ? "c" + (i + 1) : names.get(i),
                    new JsonString(cells.get(i).replace("\r\n", "\n")));
        }
        return new JsonObject(members);
    }

    private List<String> cells(byte[] row, String what) throws InvalidRecordException {
        String text = TextDecoder.utf8(row, what);
        if (format == null) {
            format =
                    CSVFormat.Builder.create()
                            .setDelimiter(dialect.delimiter())
                            .setQuote(dialect.hasQuotes() ? '"' : null)
                            .build();
        }
        List<CSVRecord> records;
        try (CSVParser parser = CSVParser.parse(text, format)) {
            records = parser.getRecords();
        } catch (IOException | UncheckedIOException | IllegalStateException e) {
            throw malformed(
                    what
                            + " has a quotation mark that is not closed, or text after the closing"
                            + " one. Double the quotation marks in a quoted cell, or add"
                            + " quotes=false if none is quoted",
                    null);
        }
        if (records.size() != 1) {
            throw malformed(what + " contains a carriage return outside of quotation marks", null);
        }
        return records.get(0).toList();
    }

    private static InvalidRecordException malformed(String summary, String detail) {
        return new InvalidRecordException(Reason.MALFORMED, summary, detail);
    }
}
