package io.github.flinksplade.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.RecordFormat.Envelope;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages of Maxwell and Canal. Quotation marks in JSON are apostrophes here. */
class ChangeMessagesTest {

    private static final RecordFormat MAXWELL =
            RecordFormat.JSON.withEnvelope(Envelope.MAXWELL).withKey(TextDecoder.JSON);
    private static final RecordFormat CANAL = RecordFormat.JSON.withEnvelope(Envelope.CANAL);

    private static SourceRecord record(String key, String value) {
        return SourceRecord.of("topic", 0, bytes(key), bytes(value));
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.replace('\'', '"').getBytes(UTF_8);
    }

    private static DocumentParser parser(RecordFormat format, String options) {
        return new DocumentParser(
                format, DocumentMapping.of(ConnectorUri.parse("any:x?" + options)), 10_000);
    }

    /** The documents of a message, in a line each. */
    private static List<String> parse(RecordFormat format, String options, String key, String value)
            throws InvalidRecordException {
        DocumentParser parser = parser(format, options);
        List<String> documents = new ArrayList<>();
        for (SourceRecord part : parser.split(record(key, value))) {
            Document document = parser.parse(part);
            String shown =
                    document.isDelete()
                            ? document.id() + " deleted"
                            : document.id() + ": " + document.text() + " " + document.fields();
            documents.add(
                    shown.replace('"', '\'')
                            + (document.version() == null ? "" : " v" + document.version()));
        }
        return documents;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    text=name ! {'database':'d','table':'t','type':'insert','ts':5,'xid':23,'commit':true,'data':{'id':1,'name':'x','w':5.10}} ! 1: x {'w':5.10}
                    text=name ! {'type':'bootstrap-insert','ts':5,'data':{'id':1,'name':'x','type':'y','version':1}} ! 1: x {'type':'y','version':1}
                    text=name ! {'type':'update','ts':5,'data':{'id':1,'name':'x'},'old':{'name':'w'}} ! 1: x {}
                    text=name ! {'type':'update','ts':5,'data':{'id':2,'name':'x'},'old':{'id':1}} ! 1 deleted, 2: x {}
                    text=name ! {'type':'delete','ts':5,'data':{'id':1,'name':'x'}} ! 1 deleted
                    text=name&version=xid ! {'type':'insert','xid':23,'data':{'id':1,'name':'x'}} ! 1: x {} v23
                    text=name&version=xid ! {'type':'update','xid':23,'data':{'id':2,'name':'x'},'old':{'id':1}} ! 1 deleted v23, 2: x {} v23
                    text=name&version=rev ! {'type':'insert','xid':23,'data':{'id':1,'name':'x','rev':2}} ! 1: x {} v2
                    text=name ! {'type':'insert','primary_key':[7],'primary_key_columns':['sku'],'data':{'sku':7,'name':'x'}} ! 7: x {'sku':7}
                    text=name ! {'type':'insert','data':{'sku':9,'name':'x'}} ! 9: x {'sku':9}
                    text=name ! {'type':'insert','data':{'SKU':9,'name':'x'}} ! 9: x {'SKU':9}
                    text=name ! {'type':'update','data':{'sku':9,'name':'x'},'old':{'sku':8}} ! 8 deleted, 9: x {'sku':9}
                    text=name&id=key:/table ! {'type':'insert','data':{'id':7,'name':'x'}} ! t: x {'id':7}
                    """)
    void readsMessagesOfMaxwell(String options, String value, String expected) throws Exception {
        String key = "{'database':'d','table':'t','pk.sku':9}";
        assertThat(String.join(", ", parse(MAXWELL, options, key, value))).isEqualTo(expected);
    }

    @Test
    void skipsMessagesOfMaxwellWithoutARow() throws Exception {
        for (String type : List.of("bootstrap-start", "bootstrap-complete", "table-alter")) {
            assertThat(parse(MAXWELL, "", null, "{'type':'" + type + "','data':{}}")).isEmpty();
        }
    }

    private static final String CANAL_UPDATE =
            "{'data':[{'id':'1','name':'x','w':'5.10','n':'007','e':''},"
                    + "{'id':'2','name':'y','w':null,'n':'8','e':'z'}],"
                    + "'old':[{'name':'a'},{'id':'4'}],'database':'d','table':'t','es':10,'ts':11,"
                    + "'isDdl':false,'pkNames':['id'],'sql':'','type':'UPDATE',"
                    + "'sqlType':{'id':4,'name':12,'w':3,'n':12,'e':12}}";

    @Test
    void readsEachRowOfAMessageOfCanal() throws Exception {
        assertThat(parse(CANAL, "text=name", null, CANAL_UPDATE))
                .containsExactly(
                        "1: x {'w':5.10,'n':'007','e':''}",
                        "4 deleted",
                        "2: y {'w':null,'n':'8','e':'z'}");
        assertThat(parse(CANAL, "text=name&version=es", null, CANAL_UPDATE))
                .allMatch(document -> document.endsWith(" v10"));
        // a part is a message that can be sent back to the topic
        DocumentParser parser = parser(CANAL, "text=name");
        List<SourceRecord> parts = parser.split(record(null, CANAL_UPDATE));
        for (SourceRecord part : parts) {
            assertThat(new String(part.value(), UTF_8)).contains("\"es\":10").contains("\"pkNames");
        }
        assertThat(parser.split(parts.get(0))).containsExactly(parts.get(0));
        assertThat(parser.split(parts.get(1))).containsExactly(parts.get(1));
        assertThat(parser.split(parts.get(2))).hasSize(2); // the delete of 4 again
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    {'type':'INSERT','data':[{'id':'1','name':'x'}],'old':null} ! 1: x {}
                    {'type':'INSERT','pkNames':['sku'],'data':[{'sku':'7','name':'x'}]} ! 7: x {'sku':'7'}
                    {'type':'DELETE','pkNames':['sku'],'data':[{'sku':'7','name':'x'}],'old':null} ! 7 deleted
                    {'type':'UPDATE','pkNames':['sku'],'data':[{'sku':'7','name':'x'}],'old':[{'sku':'6'}]} ! 6 deleted, 7: x {'sku':'7'}
                    {'type':'ALTER','isDdl':true,'data':null,'sql':'alter table t'} ! ``
                    {'type':'TIDB_WATERMARK','isDdl':false,'data':null} ! ``
                    """)
    void readsMessagesOfCanal(String value, String expected) throws Exception {
        assertThat(String.join(", ", parse(CANAL, "text=name", null, value))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            textBlock =
                    """
                    MAXWELL ! {'id':1,'text':'x'} ! the value is not a message of Maxwell
                    MAXWELL ! {'type':'insert'} ! the message has no row in "data": type is insert
                    MAXWELL ! {'type':'other','data':{'id':1}} ! or another type of Maxwell: "other"
                    MAXWELL ! {'type':'table-drop','database':'d'} ! truncated or dropped, which deletes no documents
                    MAXWELL ! {'type':'insert','data':{'name':'x'}} ! the key is missing
                    MAXWELL ! [1] ! the value is not one JSON object: it is an array
                    CANAL ! {'id':1,'text':'x'} ! the value is not a message of Canal
                    CANAL ! {'type':'INSERT','data':null} ! the message has no rows in "data": type is INSERT
                    CANAL ! {'type':'INSERT','data':[]} ! the message has no rows in "data": type is INSERT
                    CANAL ! {'type':'INSERT','data':[7]} ! a row of the message is not an object: it is a number
                    CANAL ! {'type':'REPLACE','data':[{'id':'1'}]} ! is not INSERT, UPDATE or DELETE: "REPLACE"
                    CANAL ! {'type':'TRUNCATE','isDdl':true,'data':null} ! truncated or dropped, which deletes no documents
                    """)
    void rejectsOtherMessages(Envelope envelope, String value, String message) {
        RecordFormat format = envelope == Envelope.MAXWELL ? MAXWELL : CANAL;
        assertThatThrownBy(() -> parse(format, "", null, value))
                .isInstanceOf(InvalidRecordException.class)
                .hasMessageContaining(message);
    }

    @Test
    void doesNotSplitOtherRecords() throws Exception {
        SourceRecord tombstone = record("{'id':1}", null);
        assertThat(parser(MAXWELL, "").split(tombstone)).containsExactly(tombstone);
        SourceRecord json = record(null, "no JSON");
        assertThat(parser(RecordFormat.JSON, "").split(json)).containsExactly(json);
        SourceRecord large = record(null, "x".repeat(20_000));
        assertThat(parser(CANAL, "").split(large)).containsExactly(large);
    }
}
