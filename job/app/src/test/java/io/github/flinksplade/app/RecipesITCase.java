package io.github.flinksplade.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedOutputStream;
import io.github.flinksplade.connector.kafka.FakeSchemaRegistry;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the shell blocks of docs/recipes.md, by heading. */
class RecipesITCase {

    /** Shared, because it contains the built-in model. */
    @TempDir static Path cache;

    private static KafkaBroker broker;
    private static FakeSchemaRegistry registry;

    @TempDir private Path directory;
    private PageScripts page;

    @BeforeAll
    static void start() throws IOException {
        broker = KafkaBroker.start();
        registry = FakeSchemaRegistry.start();
    }

    @AfterAll
    static void stop() {
        broker.close();
        registry.close();
    }

    @BeforeEach
    void read() throws IOException {
        page = new PageScripts("docs/recipes.md", directory, cache);
    }

    private Distribution.Answer run(String heading) {
        Distribution.Answer answer =
                page.shell(
                        page.blocks(heading)
                                .replace("localhost:9092", broker.bootstrapServers())
                                .replace("http://localhost:8081", registry.url()),
                        "");
        assertThat(answer.err()).contains("Dead letters: 0.");
        return answer;
    }

    private List<String> written(String sink) {
        return Distribution.partsWithoutVectors(directory.resolve(sink));
    }

    private static void produce(String topic, byte[]... keysAndValues) {
        broker.createTopic(topic, 1);
        broker.produce(topic, keysAndValues);
    }

    private static byte[] json(String text) {
        return text == null ? null : text.replace('\'', '"').getBytes(UTF_8);
    }

    @Test
    void runsEveryBlockInATest() {
        assertThat(page.headingsOfBlocks())
                .containsExactly(
                        "Products: several text fields, another id",
                        "Nested JSON: pointers and a template",
                        "CSV with a header",
                        "A folder of Markdown, HTML and text",
                        "A BEIR folder",
                        "Debezium: change events of a database",
                        "Maxwell and Canal: change messages of MySQL",
                        "Avro with a schema registry",
                        "Protobuf with a schema registry",
                        "Filters and hybrid search",
                        "Long documents");
    }

    @Test
    void files() {
        assertThat(run("Products: several text fields, another id").out())
                .startsWith(" 1.")
                .contains("A-100  Steel kettle Boils water quickly.");
        assertThat(run("Nested JSON: pointers and a template").out())
                .contains("1  The whale by H. Melville. A captain hunts a whale.");
        assertThat(run("CSV with a header").out())
                .contains("r-1  Rug red, with a border")
                .doesNotContain("r-2");
        assertThat(run("A folder of Markdown, HTML and text").out())
                .contains("guide/tea.html")
                .doesNotContain("Home");
        assertThat(run("A BEIR folder").out())
                .contains("4983  Microstructure of the heart We measured cardiac muscle.");
    }

    @Test
    void filtersAndHybridSearch() {
        String[] searches = run("Filters and hybrid search").out().split("(?m)^(?= 1\\.)");
        assertThat(searches).hasSize(3);
        assertThat(searches[0]).contains("n-1").doesNotContain("n-2", "n-3");
        assertThat(searches[1]).contains("n-1", "n-2").doesNotContain("n-3");
        assertThat(searches[2]).contains("n-3");
    }

    @Test
    void longDocuments() {
        String out = run("Long documents").out();
        assertThat(out)
                .contains("manual.txt#1  The boiler heats the water.")
                .contains("manual.txt#0  The pump moves water from the tank to the boiler.");
    }

    @Test
    void maxwellAndCanal() {
        produce(
                "maxwell",
                json("{'database':'shop','table':'articles','pk.id':101}"),
                json(
                        "{'database':'shop','table':'articles','type':'bootstrap-start','ts':1,"
                                + "'data':{}}"),
                json("{'database':'shop','table':'articles','pk.id':101}"),
                json(
                        "{'database':'shop','table':'articles','type':'bootstrap-insert','ts':1,"
                                + "'data':{'id':101,'title':'A lamp','body':'of brass',"
                                + "'price':10.50}}"),
                json("{'database':'shop','table':'articles','pk.id':102}"),
                json(
                        "{'database':'shop','table':'articles','type':'insert','ts':2,'xid':7,"
                                + "'commit':true,'data':{'id':102,'title':'A rug','body':null}}"),
                json("{'database':'shop','table':'articles','pk.id':103}"),
                json(
                        "{'database':'shop','table':'articles','type':'update','ts':3,'xid':8,"
                                + "'data':{'id':103,'title':'A rug','body':null},"
                                + "'old':{'id':102}}"));
        produce(
                "canal",
                null,
                json(
                        "{'data':[{'id':'201','title':'A lamp','body':'of brass','price':'10.50'},"
                                + "{'id':'202','title':'A rug','body':null,'price':null}],"
                                + "'database':'shop','es':1,'id':9,'isDdl':false,'old':null,"
                                + "'pkNames':['id'],'sql':'','sqlType':{'id':-5,'title':12,"
                                + "'body':-4,'price':3},'table':'articles','ts':2,'type':'INSERT'}"),
                null,
                json(
                        "{'data':null,'database':'shop','es':2,'isDdl':true,'sql':'alter table"
                                + " articles','table':'articles','ts':3,'type':'ALTER'}"),
                null,
                json(
                        "{'data':[{'id':'202','title':'A rug','body':null,'price':null}],"
                                + "'database':'shop','es':3,'isDdl':false,'old':null,"
                                + "'pkNames':['id'],'table':'articles','ts':4,'type':'DELETE'}"));
        run("Maxwell and Canal: change messages of MySQL");
        assertThat(written("from-maxwell"))
                .contains("{\"id\":\"101\",\"fields\":{\"price\":10.50}}", "{\"id\":\"103\"}")
                .anySatisfy(line -> assertThat(line).contains("\"102\"").contains("delete"));
        assertThat(written("from-canal"))
                .contains("{\"id\":\"201\",\"fields\":{\"price\":10.50}}")
                .anySatisfy(line -> assertThat(line).contains("\"202\"").contains("delete"));
    }

    /** With and without the schema of Kafka Connect. */
    @Test
    void debezium() {
        produce(
                "shop.public.articles",
                json("{'id':101}"),
                json(
                        "{'before':null,'after':{'id':101,'title':'A lamp','body':'of brass',"
                                + "'price':10.50},'source':{'lsn':7},'op':'r','ts_ms':1}"),
                json("{'schema':{'type':'struct'},'payload':{'id':102}}"),
                json(
                        "{'schema':{'type':'struct'},'payload':{'before':null,'after':{'id':102,"
                                + "'title':'A rug','body':null},'source':{'lsn':8},'op':'c'}}"),
                json("{'id':103}"),
                json("{'before':null,'after':{'id':103,'title':'Gone','body':'x'},'op':'c'}"),
                json("{'id':103}"),
                json("{'before':{'id':103,'title':null},'after':null,'op':'d'}"),
                json("{'id':103}"),
                null);
        run("Debezium: change events of a database");
        assertThat(written("articles"))
                .contains("{\"id\":\"101\",\"fields\":{\"price\":10.50}}", "{\"id\":\"102\"}")
                .anyMatch(line -> line.contains("\"103\"") && line.contains("delete"))
                .hasSize(4);
    }

    private static byte[] framed(int schemaId, byte[] payload) {
        return ByteBuffer.allocate(5 + payload.length)
                .put((byte) 0)
                .putInt(schemaId)
                .put(payload)
                .array();
    }

    @Test
    void avro() throws IOException {
        Schema schema =
                SchemaBuilder.record("Review")
                        .fields()
                        .requiredLong("review_id")
                        .requiredString("comment")
                        .optionalInt("stars")
                        .endRecord();
        GenericData.Record review = new GenericData.Record(schema);
        review.put("review_id", 9_007_199_254_740_993L);
        review.put("comment", "Boils fast");
        review.put("stars", 5);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
        new GenericDatumWriter<>(schema).write(review, encoder);
        encoder.flush();
        int id = registry.register("reviews-value", "AVRO", schema.toString());
        produce("reviews", null, framed(id, bytes.toByteArray()));
        run("Avro with a schema registry");
        assertThat(written("reviews"))
                .containsExactly("{\"id\":\"9007199254740993\",\"fields\":{\"stars\":5}}");
    }

    @Test
    void protobuf() throws IOException {
        int id =
                registry.register(
                        "tickets-value",
                        "PROTOBUF",
                        "syntax = \"proto3\"; message Ticket { string id = 1; string subject = 2;"
                                + " string message = 3; int64 priority = 4; }");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(0); // the first message of the schema
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeString(1, "T-1");
        out.writeString(2, "No heat");
        out.writeString(3, "The boiler is cold");
        out.writeInt64(4, 2);
        out.flush();
        produce("tickets", null, framed(id, bytes.toByteArray()));
        run("Protobuf with a schema registry");
        assertThat(written("tickets"))
                .containsExactly("{\"id\":\"T-1\",\"fields\":{\"priority\":2}}");
    }
}
