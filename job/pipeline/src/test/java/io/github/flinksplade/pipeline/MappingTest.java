package io.github.flinksplade.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.RecordFormat.Envelope;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The options that map the fields of a record to a document. Quotation marks are written as '. */
class MappingTest {

    private static final String PRODUCT =
            "{'sku':'A-1','name':'Kettle','description':'Boils\\nwater','tags':['hot','steel'],"
                    + "'price':39.90,'cost':12,'maker':{'name':'Norda','vat':'x','city':{'zip':1}}}";

    private static Document parse(RecordFormat format, String options, String key, String value)
            throws InvalidRecordException {
        return new DocumentParser(
                        format, DocumentMapping.of(ConnectorUri.parse("any:x?" + options)), 10_000)
                .parse(
                        SourceRecord.of(
                                "f",
                                0,
                                key == null ? null : bytes(key),
                                value == null ? null : bytes(value)));
    }

    private static Document parse(String options, String value) throws InvalidRecordException {
        return parse(RecordFormat.JSON, options, null, value);
    }

    private static byte[] bytes(String text) {
        return text.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }

    private static String shown(Document document) {
        return (document.id()
                        + " | "
                        + (document.isDelete() ? "delete" : document.text())
                        + " | "
                        + document.fields()
                        + " | "
                        + document.version())
                .replace('"', '\'')
                .replace("\n", "/");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    id=sku&text=name,description&fields=price ! A-1 | Kettle/Boils/water | {'price':39.90} | null
                    id=/sku&text=/maker/name,name,missing&fields=none ! A-1 | Norda/Kettle | {} | null
                    id=sku&text=maker.name&fields=/maker/city/zip,cost ! A-1 | Norda | {'maker':{'city':{'zip':1}},'cost':12} | null
                    id=sku&text=tags,name&fields=*,-maker,-description ! A-1 | hot/steel/Kettle | {'price':39.90,'cost':12} | null
                    id=sku&text=name&fields=*,-/maker/vat,-tags,-description,-/maker/city ! A-1 | Kettle | {'price':39.90,'cost':12,'maker':{'name':'Norda'}} | null
                    id=sku&text=name&fields=*,name,-maker,-tags,-description ! A-1 | Kettle | {'price':39.90,'cost':12,'name':'Kettle'} | null
                    id=sku&text=name&fields=none&version=cost ! A-1 | Kettle | {} | 12
                    id=sku&text=/tags/1&fields= ! A-1 | steel | {} | null
                    id=sku&template={name}. {price} by {/maker/name}{none} {{x}}&fields=none ! A-1 | Kettle. 39.90 by Norda {x} | {} | null
                    id=sku&template=All of {tags}&fields=name ! A-1 | All of hot steel | {'name':'Kettle'} | null
                    """)
    void mapsFields(String options, String expected) throws Exception {
        assertThat(shown(parse(options, PRODUCT))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    true ! delete
                    1 ! delete
                    1714557600000 ! delete
                    0.5 ! delete
                    '2024-05-01T10:00:00Z' ! delete
                    't' ! delete
                    false ! x
                    0 ! x
                    0.0 ! x
                    0e5 ! x
                    null ! x
                    '' ! x
                    'false' ! x
                    'F' ! x
                    """)
    void deletedMarksDeletes(String value, String expected) throws Exception {
        Document document =
                parse("deleted=gone", "{'id':'a','text':'x','gone':" + value + ",'version':3}");
        assertThat(document.isDelete() ? "delete" : document.text()).isEqualTo(expected);
        assertThat(document.version()).isEqualTo(3);
        assertThat(parse("deleted=gone", "{'id':'a','gone':true}").isDelete()).isTrue();
    }

    @Test
    void operationsMayHaveOtherNames() throws Exception {
        for (String upsert : new String[] {"c", "r", "u", "insert", "UPDATE", "upsert"}) {
            Document document =
                    parse("op=kind", "{'id':'a','text':'x','op':'c','kind':'" + upsert + "'}");
            assertThat(document.isDelete()).isFalse();
            assertThat(document.fields()).isEqualTo("{\"op\":\"c\"}");
        }
        assertThat(parse("op=kind", "{'id':'a','kind':'d'}").isDelete()).isTrue();
        assertThat(parse("op=none", "{'id':'a','text':'x','op':'delete'}").fields())
                .isEqualTo("{\"op\":\"delete\"}");
        assertThatThrownBy(() -> parse("", "{'id':'a','text':'x','op':'c'}"))
                .hasMessageContaining("\"op\" is neither \"upsert\" nor \"delete\": \"c\"");
    }

    private static final RecordFormat DEBEZIUM =
            RecordFormat.JSON.withEnvelope(Envelope.DEBEZIUM).withKey(TextDecoder.JSON);

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    text=title ! {'before':null,'after':{'id':7,'title':'x','version':2},'op':'c'} ! 7 | x | {'version':2} | null
                    text=title ! {'before':{'id':7},'after':{'id':7,'title':'y'},'op':'u'} ! 7 | y | {} | null
                    text=title ! {'after':{'id':7,'title':'y'},'op':'r'} ! 7 | y | {} | null
                    text=title ! {'schema':{},'payload':{'after':{'id':7,'title':'y','op':'z'},'op':'r'}} ! 7 | y | {'op':'z'} | null
                    text=title ! {'before':{'id':7,'title':null},'after':null,'op':'d'} ! 7 | delete | null | null
                    text=title ! {'before':null,'after':null,'op':'d'} ! 9 | delete | null | null
                    id=sku&text=title ! {'before':{'sku':'s'},'op':'d'} ! s | delete | null | null
                    id=sku&text=title ! {'before':null,'op':'d'} ! 9 | delete | null | null
                    text=title&version=rev ! {'after':{'id':7,'title':'y','rev':4},'op':'u'} ! 7 | y | {} | 4
                    text=title&version=source.lsn ! {'after':{'id':7,'title':'y'},'source':{'lsn':88},'op':'u'} ! 7 | y | {} | 88
                    text=title&version=/source/ts_ms ! {'before':{'id':7},'source':{'ts_ms':5},'op':'d'} ! 7 | delete | null | 5
                    text=title&version=ts_ms ! {'after':{'id':7,'title':'y'},'ts_ms':6,'op':'u'} ! 7 | y | {} | 6
                    """)
    void readsChangeEventsOfDebezium(String options, String value, String expected)
            throws Exception {
        assertThat(shown(parse(DEBEZIUM, options, "{'id':9}", value))).isEqualTo(expected);
        Document tombstone = parse(DEBEZIUM, options, "{'id':9}", null);
        assertThat(tombstone.isDelete()).isTrue();
        assertThat(tombstone.id()).isEqualTo("9");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    {'id':1,'text':'x'} ! not a change event of Debezium
                    {'op':'c','before':null,'after':null} ! no row in "after": op is c
                    {'op':'q','after':{'id':1,'text':'x'}} ! is not c, r, u, d or t: "q"
                    {'op':'t','before':null,'after':null} ! the table was truncated
                    """)
    void rejectsOtherEvents(String value, String message) {
        assertThatThrownBy(() -> parse(DEBEZIUM, "", null, value))
                .isInstanceOf(InvalidRecordException.class)
                .hasMessageContaining(message);
    }

    @Test
    void valuesOfUntypedFormatsAreStrings() throws Exception {
        RecordFormat untyped = RecordFormat.JSON.untyped();
        String options = "text=name,body&deleted=gone";
        assertThat(
                        shown(
                                parse(
                                        untyped,
                                        options,
                                        null,
                                        "{'id':'5','name':'x','body':'','gone':'','version':'7','p':''}")))
                .isEqualTo("5 | x | {'p':''} | 7");
        assertThatThrownBy(() -> parse(untyped, options, null, "{'id':'5','name':'','body':''}"))
                .hasMessageContaining("\"name\", \"body\" are all missing");
        assertThatThrownBy(() -> parse(untyped, options, null, "{'id':'','name':'x'}"))
                .hasMessageContaining("the key is missing");
        assertThatThrownBy(() -> parse("", "{'id':'5','text':'x','version':'7'}"))
                .hasMessageContaining("\"version\" is not an integer");
    }

    @Test
    void missingFieldsListTheOnesThatExist() {
        assertThatThrownBy(
                        () ->
                                parse(
                                        "",
                                        "{'id':1,'sku':'A','name':'Steel kettle','price':3,"
                                                + "'description':'Boils a litre'}"))
                .hasMessage(
                        "\"text\" is missing: the document has \"id\", \"sku\", \"name\", \"price\","
                                + " \"description\"; for instance, text=name,description")
                .satisfies(
                        e ->
                                assertThat(((InvalidRecordException) e).reason())
                                        .isEqualTo(Reason.TEXT));
        assertThatThrownBy(() -> parse("id=sku", "{'id':1,'text':'x'}"))
                .hasMessage("\"sku\", the id, is missing: the document has \"id\", \"text\"");
        assertThatThrownBy(() -> parse("text=a,b", "{'id':1,'a':null}"))
                .hasMessageContaining("\"a\", \"b\" are all missing");
        assertThatThrownBy(() -> parse("text=a", "{'id':1,'a':{'b':1}}"))
                .hasMessage("\"a\" is an object, not a string");
        assertThatThrownBy(() -> parse("template={a} {b}", "{'id':1,'c':'x'}"))
                .hasMessageContaining("\"a\", \"b\" are all missing");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text=a&template={a}",
                "template=no field",
                "template={a",
                "template=a}",
                "text=a,,b",
                "text=",
                "version=text",
                "fields=-a",
                "id=/a~2",
                "template={}",
            })
    void rejectsInvalidOptions(String options) {
        assertThatThrownBy(() -> DocumentMapping.of(ConnectorUri.parse("any:x?" + options)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(options.substring(0, options.indexOf('=')));
    }
}
