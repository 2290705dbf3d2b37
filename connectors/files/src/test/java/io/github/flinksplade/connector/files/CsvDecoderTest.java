package io.github.flinksplade.connector.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.SourceRecord;
import org.junit.jupiter.api.Test;

class CsvDecoderTest {

    @Test
    void decodesCellsToStrings() throws InvalidRecordException {
        assertThat(decode("id,text,n", "1,\"a \"\"b\"\"\r\nc, d\",2.50"))
                .isEqualTo("{\"id\":\"1\",\"text\":\"a \\\"b\\\"\\nc, d\",\"n\":\"2.50\"}");
        assertThat(decode("\"i,d\",text", "1,")).isEqualTo("{\"i,d\":\"1\",\"text\":\"\"}");
        assertThat(decode("id,text", "  1 , x ")).isEqualTo("{\"id\":\"  1 \",\"text\":\" x \"}");
        assertThat(decode("id,text", "1,5\" disk")).contains("5\\\" disk");
    }

    @Test
    void acceptsARowWithFewerCells() throws InvalidRecordException {
        assertThat(decode("id,text", "1")).isEqualTo("{\"id\":\"1\"}");
    }

    @Test
    void numbersTheCellsWithoutAHeader() throws InvalidRecordException {
        byte[] row = "1\ta\t\"b\tc\"".getBytes(UTF_8);
        SourceRecord record = SourceRecord.of("/d/a.csv", 0, null, row);
        assertThat(new CsvDecoder(new CsvDialect("\t", false, true)).decode(row, record).toJson())
                .isEqualTo("{\"c1\":\"1\",\"c2\":\"a\",\"c3\":\"b\\tc\"}");
    }

    @Test
    void keepsQuotationMarksWithoutQuotes() throws InvalidRecordException {
        byte[] row = "1,\"a\" b,\"".getBytes(UTF_8);
        SourceRecord record = SourceRecord.of("/d/a.csv", 0, null, row);
        assertThat(new CsvDecoder(new CsvDialect(",", false, false)).decode(row, record).toJson())
                .isEqualTo("{\"c1\":\"1\",\"c2\":\"\\\"a\\\" b\",\"c3\":\"\\\"\"}");
    }

    @Test
    void rejectsInvalidRows() {
        assertRejected("id,text", "1,2,3", "more cells than the header: 3 instead of 2");
        assertRejected("id,text", "1,\"2", "the record has a quotation mark that is not closed");
        assertRejected("id,text", "1,\"2\"3", "text after the closing one");
        assertRejected("id,text", "1,2\r3,4", "a carriage return outside of quotation marks");
        assertRejected("id,text", "id,text", "the record is the header");
        assertRejected("", "", "the file is empty");
        assertRejected("id,,text", "1,2,3", "a column has no name in the header", "column 2");
        assertRejected("id,text,id", "1,2,3", "two columns have the same name", "\"id\"");
        assertRejected("id,\"text", "1,2", "the header has a quotation mark that is not closed");
    }

    @Test
    void rejectsInvalidUtf8() {
        byte[] row = {'1', ',', (byte) 0xFF};
        assertThatThrownBy(() -> new CsvDecoder(CsvDialect.CSV).decode(row, record("id,text", row)))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.NOT_UTF8));
    }

    private static void assertRejected(String header, String row, String... message) {
        assertThatThrownBy(() -> decode(header, row))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED))
                .hasMessageContainingAll(message);
    }

    private static String decode(String header, String row) throws InvalidRecordException {
        byte[] bytes = row.getBytes(UTF_8);
        return new CsvDecoder(CsvDialect.CSV).decode(bytes, record(header, bytes)).toJson();
    }

    private static SourceRecord record(String header, byte[] row) {
        return new SourceRecord(
                "/d/a.csv",
                0,
                1,
                SourceRecord.NO_TIMESTAMP,
                null,
                row,
                new String[] {FilesConnector.HEADER_CSV},
                new byte[][] {header.getBytes(UTF_8)});
    }
}
