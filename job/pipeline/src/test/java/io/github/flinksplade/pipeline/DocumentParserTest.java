package io.github.flinksplade.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentParserTest {

    private static final long LIMIT = 1_000_000;

    private static final List<RecordFormat> FORMATS =
            List.of(RecordFormat.JSON, RecordFormat.TEXT, RecordFormat.TSV);

    private static SourceRecord record(String key, String value) {
        return SourceRecord.of("docs", 7, bytes(key), bytes(value));
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(UTF_8);
    }

    private static Document json(String value) throws InvalidRecordException {
        return new DocumentParser(RecordFormat.JSON, LIMIT).parse(record(null, value));
    }

    static Stream<Arguments> valid() {
        return Stream.of(
                // value, id, text, fields, version
                Arguments.of("{'id':'a','text':'x'}", "a", "x", "{}", null),
                Arguments.of("  {'text':'x', 'id' : 'a' }\n", "a", "x", "{}", null),
                Arguments.of("\uFEFF{'id':'a','text':'x'}", "a", "x", "{}", null),
                Arguments.of("{'id':'a','text':''}", "a", "", "{}", null),
                Arguments.of("{'id':17,'text':'x'}", "17", "x", "{}", null),
                Arguments.of("{'id':-0,'text':'x'}", "0", "x", "{}", null),
                Arguments.of(
                        "{'id':123456789012345678901234567890,'text':'x'}",
                        "123456789012345678901234567890",
                        "x",
                        "{}",
                        null),
                Arguments.of("{'id':' ','text':'x'}", " ", "x", "{}", null),
                Arguments.of("{'id':'a','text':'x','version':0}", "a", "x", "{}", 0L),
                Arguments.of("{'id':'a','text':'x','version':null}", "a", "x", "{}", null),
                Arguments.of(
                        "{'id':'a','text':'x','version':4611686018427387902}",
                        "a",
                        "x",
                        "{}",
                        (1L << 62) - 2),
                Arguments.of("{'id':'a','text':'x','op':'upsert'}", "a", "x", "{}", null),
                Arguments.of(
                        "{'z':1,'id':'a','m':[1, {'k' : null}],'text':'x','b':true,'a':'q\\n'}",
                        "a",
                        "x",
                        "{'z':1,'m':[1,{'k':null}],'b':true,'a':'q\\n'}",
                        null),
                // numbers are not changed
                Arguments.of(
                        "{'id':'a','text':'x','n':[0.10,1E400,1e-9,-0,12345678901234567890.00]}",
                        "a",
                        "x",
                        "{'n':[0.10,1E400,1e-9,-0,12345678901234567890.00]}",
                        null),
                // a pair of surrogates is a character, a lone surrogate is not
                Arguments.of("{'id':'a','text':'\\ud83d\\ude00'}", "a", "\uD83D\uDE00", "{}", null),
                Arguments.of("{'id':'a','text':'b\\ud83dc'}", "a", "b\uFFFDc", "{}", null),
                Arguments.of(
                        "{'id':'a','text':'\\ude00\\ud83d','t\\ud83d':['\\udc00']}",
                        "a",
                        "\uFFFD\uFFFD",
                        "{'t\uFFFD':['\uFFFD']}",
                        null),
                Arguments.of("{'id':'a','text':'\\u0000\\u2028'}", "a", "\u0000\u2028", "{}", null),
                // without _id a title is an ordinary field
                Arguments.of("{'id':'a','title':'T','text':'x'}", "a", "x", "{'title':'T'}", null),
                // BEIR
                Arguments.of(
                        "{'_id':'a','title':'T','text':'x','metadata':{}}",
                        "a",
                        "T x",
                        "{'title':'T','metadata':{}}",
                        null),
                Arguments.of("{'_id':'a','title':'','text':'x'}", "a", "x", "{'title':''}", null),
                Arguments.of("{'_id':3,'text':'x'}", "3", "x", "{}", null),
                Arguments.of(
                        "{'_id':'b','title':'T','id':'a','text':'x'}",
                        "a",
                        "x",
                        "{'_id':'b','title':'T'}",
                        null));
    }

    @ParameterizedTest
    @MethodSource("valid")
    void parsesValidDocuments(String value, String id, String text, String fields, Long version)
            throws InvalidRecordException {
        Document document = json(value.replace('\'', '"'));
        assertThat(document.id()).isEqualTo(id);
        assertThat(document.text()).isEqualTo(text);
        assertThat(document.fields()).isEqualTo(fields.replace('\'', '"'));
        assertThat(document.version()).isEqualTo(version);
        assertThat(document.operation()).isEqualTo(Operation.UPSERT);
        assertThat(document.replayed()).isFalse();
    }

    static Stream<Arguments> invalid() {
        String deep = "[".repeat(100_000);
        return Stream.of(
                // value, reason, part of the message
                Arguments.of("", Reason.MALFORMED, "it is empty"),
                Arguments.of("   ", Reason.MALFORMED, "it is empty"),
                Arguments.of("[]", Reason.MALFORMED, "it is an array"),
                Arguments.of("'x'", Reason.MALFORMED, "it is a string"),
                Arguments.of("17", Reason.MALFORMED, "it is a number"),
                Arguments.of("null", Reason.MALFORMED, "it is null"),
                Arguments.of("true", Reason.MALFORMED, "it is a boolean"),
                Arguments.of(
                        "hello", Reason.MALFORMED, "malformed (line 1, column 6), after 'hello'"),
                Arguments.of("{", Reason.MALFORMED, "it ends too early (line 1, column "),
                Arguments.of(
                        "{'id':'a','text':'x'",
                        Reason.MALFORMED,
                        "it ends too early (line 1, column "),
                Arguments.of(
                        "{'id':'a','text':'x",
                        Reason.MALFORMED,
                        "it ends too early (line 1, column "),
                Arguments.of("{'id':'a','text':'x'}}", Reason.MALFORMED, "line 1, column"),
                Arguments.of("{'id':'a','text':'x'} x", Reason.MALFORMED, "} x'"),
                Arguments.of(
                        "{'id':'a','text':'x'}{'id':'b','text':'y'}",
                        Reason.MALFORMED,
                        "trailing characters"),
                Arguments.of("{'id':'a','text':'x'} null", Reason.MALFORMED, "trailing characters"),
                Arguments.of("{'id':'a','text':'x',}", Reason.MALFORMED, "line 1, column 22"),
                Arguments.of("{id:'a','text':'x'}", Reason.MALFORMED, "line 1, column"),
                Arguments.of(
                        "{'id':'a','text':'x\ty'}",
                        Reason.MALFORMED,
                        "(line 1, column 20), after '{"),
                Arguments.of(
                        "{'id':'a','text':'x','n':NaN}", Reason.MALFORMED, "malformed (line 1"),
                Arguments.of(
                        "{'id':'a','text':'x','n':01}",
                        Reason.MALFORMED,
                        "malformed (line 1, column 27)"),
                Arguments.of("{'id':'a','text':'x','text':'y'}", Reason.MALFORMED, "'text'"),
                Arguments.of(
                        "{'id':'a','text':'x','o':{'p':1,'p':1}}",
                        Reason.MALFORMED,
                        "the field 'p' is duplicated"),
                Arguments.of(
                        "{'id':'a','text':'x','d':" + deep + "}",
                        Reason.MALFORMED,
                        "nested too deeply"),
                Arguments.of(
                        "{'id':'a','text':'x','n':" + "9".repeat(2000) + "}",
                        Reason.MALFORMED,
                        "a number that is too long"),
                Arguments.of("{'id':'a'}", Reason.TEXT, "\"text\" is missing"),
                Arguments.of("{'id':'a','text':null}", Reason.TEXT, "null, not a string"),
                Arguments.of("{'id':'a','text':5}", Reason.TEXT, "a number, not a string"),
                Arguments.of("{'id':'a','text':['x',{}]}", Reason.TEXT, "an array, not a string"),
                Arguments.of("{'id':'a','text':{}}", Reason.TEXT, "an object, not a string"),
                Arguments.of("{'id':'a','Text':'x'}", Reason.TEXT, "\"text\" is missing"),
                Arguments.of("{'text':'x'}", Reason.ID, "key is missing"),
                Arguments.of("{'id':'','text':'x'}", Reason.ID, "\"id\" is empty"),
                Arguments.of("{'_id':'','text':'x'}", Reason.ID, "\"_id\" is empty"),
                Arguments.of("{'id':null,'text':'x'}", Reason.ID, "\"id\" is null"),
                Arguments.of("{'id':1.0,'text':'x'}", Reason.ID, "fraction"),
                Arguments.of("{'id':1e2,'text':'x'}", Reason.ID, "exponent"),
                Arguments.of("{'id':true,'text':'x'}", Reason.ID, "a boolean"),
                Arguments.of("{'id':['a'],'text':'x'}", Reason.ID, "an array"),
                Arguments.of("{'id':'a\\ud83d','text':'x'}", Reason.ID, "surrogate"),
                Arguments.of("{'id':'a','text':'x','version':'5'}", Reason.VERSION, "\"5\""),
                Arguments.of("{'id':'a','text':'x','version':1.0}", Reason.VERSION, "1.0"),
                Arguments.of("{'id':'a','text':'x','version':1e3}", Reason.VERSION, "1e3"),
                Arguments.of("{'id':'a','text':'x','version':-1}", Reason.VERSION, "-1"),
                Arguments.of("{'id':'a','text':'x','version':true}", Reason.VERSION, "true"),
                Arguments.of("{'id':'a','text':'x','version':[1]}", Reason.VERSION, "[1]"),
                Arguments.of(
                        "{'id':'a','text':'x','version':4611686018427387903}",
                        Reason.VERSION,
                        "4611686018427387903"),
                Arguments.of("{'id':'a','text':'x','op':'index'}", Reason.OP, "\"index\""),
                Arguments.of("{'id':'a','text':'x','op':'DELETE'}", Reason.OP, "\"DELETE\""),
                Arguments.of("{'id':'a','text':'x','op':null}", Reason.OP, "null"),
                Arguments.of("{'id':'a','text':'x','op':1}", Reason.OP, "1"),
                Arguments.of("{'op':'delete'}", Reason.ID, "key is missing"),
                Arguments.of("{'op':'delete','id':'a','version':'1'}", Reason.VERSION, "\"1\""));
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void rejectsInvalidDocuments(String value, Reason reason, String message) {
        assertThatThrownBy(() -> json(value.replace('\'', '"')))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class,
                        e -> {
                            assertThat(e.reason()).isEqualTo(reason);
                            assertThat(e.getMessage().replace('"', '\''))
                                    .contains(message.replace('"', '\''))
                                    .doesNotContain("\n")
                                    .doesNotContain("StreamReadConstraints")
                                    .hasSizeLessThan(600);
                        });
    }

    /**
     * Messages of malformed JSON must not contain classes, settings or source locations of Jackson.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\": \"a\", \"text\": \"x\"",
                "{\"id\": \"a\", \"text\": \"\\q\"}",
                "{\"id\": \"a\", \"text\": \"\\u12\"}",
                "{'id': 'a'}",
                "{\"id\": \"a\" \"text\": \"x\"}",
                "{\"id\": \"a\", \"text\": tru}",
                "{\"id\": \"a\", \"n\": 1.}",
                "{\"id\": \"a\", \"n\": +1}",
                "{\"id\": \"a\", \"n\": -}",
                "{\"id\": \"a\", \"n\": 1e}",
                "{\"id\": \"a\", \"n\": Infinity}",
                "{\"id\": \"a\", \"n\": [1,]}",
                "{\"id\": \"a\", \"n\": [1}",
                "{\"id\": \"a\", /* x */ \"n\": 1}",
                "{\"id\": \"a\", \"id\": \"b\"}",
                "{\"id\": \"a\", \"o\": {\"b\": [",
                "<html>",
                "\u0000",
                "{\"a\nb\": 1}",
                "{\"id\": \"a\", \"n\": \"\u0001\"}"
            })
    void describesMalformedJsonInOwnWords(String value) {
        assertThatThrownBy(() -> json(value))
                .isInstanceOf(InvalidRecordException.class)
                .satisfies(
                        e ->
                                assertThat(e.getMessage())
                                        .startsWith("the value is not one JSON object: ")
                                        .doesNotContainIgnoringCase("token")
                                        .doesNotContain("Source", "REDACTED", "JsonParser", "Json")
                                        .doesNotContain("CTRL", "FEATURE", "ALLOW_", "\n"));
    }

    @Test
    void usesSameSummaryForAllRecordsOfAKind() {
        for (String version : List.of("\"2.4.1\"", "\"3\"", "1.0", "-1")) {
            assertThatThrownBy(
                            () -> json("{\"id\":\"a\",\"text\":\"x\",\"version\":" + version + "}"))
                    .isInstanceOfSatisfying(
                            InvalidRecordException.class,
                            e -> {
                                assertThat(e.summary())
                                        .isEqualTo(
                                                "\"version\" is not an integer from 0 to 2^62 - 2");
                                assertThat(e.detail()).isEqualTo(version);
                                assertThat(e).hasMessage(e.summary() + ": " + version);
                            });
        }
        assertThatThrownBy(() -> json("{\"id\":\"a\",\"title\":\"x\",\"body\":\"y\"}"))
                .hasMessage("\"text\" is missing: the document has \"id\", \"title\", \"body\"");
    }

    @Test
    void readsVersionFromConfiguredField() throws InvalidRecordException {
        String value = "{\"id\":\"a\",\"text\":\"x\",\"version\":\"2.4.1\",\"revision\":7}";
        Document other = withOptions("?version=revision").parse(record(null, value));
        assertThat(other.version()).isEqualTo(7);
        assertThat(other.fields()).isEqualTo("{\"version\":\"2.4.1\"}");
        Document none = withOptions("?version=none").parse(record(null, value));
        assertThat(none.version()).isNull();
        assertThat(none.fields()).isEqualTo("{\"version\":\"2.4.1\",\"revision\":7}");
    }

    @Test
    void deleteNeedsOnlyId() throws InvalidRecordException {
        Document document = json("{\"op\":\"delete\",\"id\":\"a\",\"text\":5,\"version\":4}");
        assertThat(document.operation()).isEqualTo(Operation.DELETE);
        assertThat(document.id()).isEqualTo("a");
        assertThat(document.version()).isEqualTo(4);
        assertThat(document.text()).isNull();
        assertThat(document.fields()).isNull();
    }

    @Test
    void usesKeyAsIdIfValueHasNone() throws Exception {
        DocumentParser parser = new DocumentParser(RecordFormat.JSON, LIMIT);
        assertThat(parser.parse(record("k", "{\"text\":\"x\"}")).id()).isEqualTo("k");
        assertThat(parser.parse(record("k", "{\"id\":\"a\",\"text\":\"x\"}")).id()).isEqualTo("a");
        assertThat(parser.parse(record("k", "{\"op\":\"delete\"}")).id()).isEqualTo("k");
        assertThatThrownBy(() -> parser.parse(record("", "{\"text\":\"x\"}")))
                .hasMessageContaining("key is empty");
    }

    @Test
    void tombstoneDeletesKeyInEveryFormat() throws Exception {
        for (RecordFormat format : FORMATS) {
            DocumentParser parser = new DocumentParser(format, LIMIT);
            Document document = parser.parse(record("k", null));
            assertThat(document.operation()).isEqualTo(Operation.DELETE);
            assertThat(document.id()).isEqualTo("k");
            assertThat(document.version()).isNull();
            assertThatThrownBy(() -> parser.parse(record(null, null)))
                    .isInstanceOf(InvalidRecordException.class)
                    .hasMessageContaining("has no value")
                    .hasMessageContaining("key is missing");
        }
    }

    @Test
    void rejectsInvalidUtf8() {
        byte[][] malformed = {
            {(byte) 0xFF},
            {(byte) 0xC0, (byte) 0x80},
            {(byte) 0xED, (byte) 0xA0, (byte) 0xBD},
            {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
            {(byte) 0xE2, (byte) 0x82}
        };
        for (byte[] wrong : malformed) {
            ByteArrayOutputStream value = new ByteArrayOutputStream();
            value.writeBytes(bytes("{\"id\":\"a\",\"text\":\""));
            value.writeBytes(wrong);
            value.writeBytes(bytes("\"}"));
            assertRejected(
                    RecordFormat.JSON,
                    SourceRecord.of("docs", 0, null, value.toByteArray()),
                    Reason.NOT_UTF8,
                    "the value is not valid UTF-8");
            assertRejected(
                    RecordFormat.TEXT,
                    SourceRecord.of("docs", 0, bytes("k"), wrong),
                    Reason.NOT_UTF8,
                    "the value is not valid UTF-8");
            assertRejected(
                    RecordFormat.JSON,
                    SourceRecord.of("docs", 0, wrong, bytes("{\"text\":\"x\"}")),
                    Reason.NOT_UTF8,
                    "the key");
        }
    }

    private static void assertRejected(
            RecordFormat format, SourceRecord record, Reason reason, String message) {
        assertThatThrownBy(() -> new DocumentParser(format, LIMIT).parse(record))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    @Test
    void parsesTsv() throws Exception {
        DocumentParser parser = new DocumentParser(RecordFormat.TSV, LIMIT);
        Document document = parser.parse(record(null, "7\ta text\twith a tab"));
        assertThat(document.id()).isEqualTo("7");
        assertThat(document.text()).isEqualTo("a text\twith a tab");
        assertThat(document.fields()).isEqualTo("{}");
        assertThat(parser.parse(record(null, "7\t")).text()).isEmpty();
        assertRejected(RecordFormat.TSV, record(null, "no tab"), Reason.MALFORMED, "no tab");
        assertRejected(RecordFormat.TSV, record(null, "\ttext"), Reason.ID, "no id");
        assertRejected(RecordFormat.TSV, record(null, ""), Reason.MALFORMED, "no tab");
    }

    @Test
    void parsesPlainText() throws Exception {
        Document document =
                new DocumentParser(RecordFormat.TEXT, LIMIT).parse(record("k", "{\"id\":1}"));
        assertThat(document.id()).isEqualTo("k");
        assertThat(document.text()).isEqualTo("{\"id\":1}");
        assertRejected(RecordFormat.TEXT, record(null, "x"), Reason.ID, "key is missing");
    }

    @Test
    void maxSizeIncludesKeyValueAndHeaders() throws Exception {
        SourceRecord record =
                new SourceRecord(
                        "t",
                        0,
                        0,
                        0,
                        bytes("kk"),
                        bytes("vvv"),
                        new String[] {"hhhh"},
                        new byte[][] {bytes("xxxxx")});
        assertThat(new DocumentParser(RecordFormat.TEXT, 14).parse(record).text()).isEqualTo("vvv");
        assertThatThrownBy(() -> new DocumentParser(RecordFormat.TEXT, 13).parse(record))
                .hasMessage("the record is larger than max-record-size (13 bytes)");
    }

    @Test
    void rejectsRecordsTruncatedBySource() {
        SourceRecord truncated =
                new SourceRecord(
                        "f",
                        0,
                        0,
                        -1,
                        null,
                        bytes("{\"id\":\"a\",\"text\":\"x\"}"),
                        new String[] {DocumentParser.HEADER_TRUNCATED},
                        new byte[][] {null});
        assertRejected(
                RecordFormat.JSON, truncated, Reason.TOO_LARGE, "larger than max-record-size");
    }

    @Test
    void recognizesReplayedDeadLetter() throws Exception {
        SourceRecord replayed =
                new SourceRecord(
                        "t",
                        0,
                        0,
                        0,
                        bytes("k"),
                        bytes("{\"text\":\"x\"}"),
                        new String[] {"other", DeadLetter.HEADER_STAGE},
                        new byte[][] {null, bytes("ENCODE")});
        assertThat(new DocumentParser(RecordFormat.JSON, LIMIT).parse(replayed).replayed())
                .isTrue();
    }

    /** Every input is parsed or rejected. */
    @Test
    void neverFailsOtherwise() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] valid =
                bytes(
                        "{\"id\":\"a\",\"text\":\"x \\ud83d\\ude00 y\",\"version\":12,"
                                + "\"op\":\"upsert\",\"n\":[1.5e3,{\"k\":null}],\"title\":\"T\"}");
        int parsed = 0;
        int rejected = 0;
        for (int i = 0; i < 30_000; i++) {
            byte[] value = Arrays.copyOf(valid, valid.length - random.nextInt(3));
            for (int n = random.nextInt(3); n >= 0; n--) {
                int at = random.nextInt(value.length);
                value[at] =
                        random.nextBoolean()
                                ? valid[random.nextInt(valid.length)]
                                : (byte) random.nextInt(256);
            }
            RecordFormat format = FORMATS.get(i % FORMATS.size());
            try {
                Document document =
                        new DocumentParser(format, LIMIT)
                                .parse(SourceRecord.of("f", i, bytes("k"), value));
                assertThat(document.id()).as("seed %d", seed).isNotEmpty();
                assertThat(UTF_8.newEncoder().canEncode(document.id() + document.text()))
                        .as("seed %d", seed)
                        .isTrue();
                parsed++;
            } catch (InvalidRecordException e) {
                rejected++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", input " + i, e);
            }
        }
        assertThat(parsed).as("seed %d", seed).isPositive();
        assertThat(rejected).as("seed %d", seed).isPositive();
    }

    private static DocumentParser withOptions(String options) {
        return new DocumentParser(
                RecordFormat.JSON,
                DocumentMapping.of(ConnectorUri.parse("any:x" + options)),
                LIMIT);
    }

    private static DocumentParser withJsonKey(String options) {
        return new DocumentParser(
                RecordFormat.JSON.withKey(TextDecoder.JSON),
                DocumentMapping.of(ConnectorUri.parse("any:x" + options)),
                LIMIT);
    }

    @Test
    void readsIdsFromKeysOfTombstones() throws Exception {
        for (String[] keyAndId :
                new String[][] {
                    {"?id=key:/id", "{\"id\":\"k1\"}", "k1"},
                    {"", "\"k2\"", "k2"},
                    {"", "12345678901234567890", "12345678901234567890"},
                    {
                        "?id=key:/after/id",
                        "{\"schema\":{},\"payload\":{\"after\":{\"id\":\"k3\"}}}",
                        "k3"
                    },
                    {"", "{\"schema\":{\"type\":\"string\"},\"payload\":\"k4\"}", "k4"},
                    {"", "{\"id\":\"k1\",\"shop\":7}", "k1"},
                    {"", "{\"sku\":\"k5\"}", "k5"},
                    {"?id=sku", "{\"shop\":7,\"sku\":\"k6\"}", "k6"},
                }) {
            SourceRecord tombstone = record(keyAndId[1], null);
            Document document = withJsonKey(keyAndId[0]).parse(tombstone);
            assertThat(document.isDelete()).isTrue();
            assertThat(document.id()).as(keyAndId[1]).isEqualTo(keyAndId[2]);
            assertThat(document.origin()).isSameAs(tombstone);
        }
        assertThat(withOptions("?id=key:/id").parse(record("{\"id\":17}", null)).id())
                .as("a key that the format reads as a string")
                .isEqualTo("17");
        assertThat(withOptions("").parse(record("{\"id\":\"k1\"}", null)).id())
                .isEqualTo("{\"id\":\"k1\"}");
    }

    @Test
    void keyOverridesValueOnlyIfConfigured() throws Exception {
        SourceRecord record = record("{\"id\":\"k\"}", "{\"id\":\"v\",\"text\":\"t\"}");
        assertThat(withJsonKey("?id=key:/id").parse(record).id()).isEqualTo("k");
        assertThat(withJsonKey("").parse(record).id()).isEqualTo("v");
        assertThat(withOptions("?id=key").parse(record).id()).isEqualTo("{\"id\":\"k\"}");
    }

    @Test
    void keysThatAreNotUsedMayBeAnything() throws Exception {
        SourceRecord record =
                SourceRecord.of("f", 0, new byte[] {-1, 0}, bytes("{\"id\":\"v\",\"text\":\"t\"}"));
        assertThat(withJsonKey("").parse(record).id()).isEqualTo("v");
        assertThat(withOptions("").parse(record).id()).isEqualTo("v");
    }

    @Test
    void rejectsKeysWithoutId() {
        for (String[] keyAndMessage :
                new String[][] {
                    {
                        "",
                        "{\"a\":\"k1\",\"b\":1}",
                        "write the position of the id, such as id=key:/id"
                    },
                    {"", "k1", "the key is not JSON, as key=json expects"},
                    {"?id=key:/x", "{\"id\":\"k1\"}", "has no string or integer at /x"},
                    {"?id=key:/id", "{\"id\":1.5}", "has no string or integer at /id"},
                }) {
            assertThatThrownBy(
                            () ->
                                    withJsonKey(keyAndMessage[0])
                                            .parse(record(keyAndMessage[1], null)))
                    .isInstanceOf(InvalidRecordException.class)
                    .hasMessageContaining(keyAndMessage[2]);
        }
    }
}
