package io.github.flinksplade.connector.pinecone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.Corpus;
import io.pinecone.proto.UpsertRequest;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PineconeRequestFactoryTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static PineconeSettings settings(String options) {
        return PineconeSettings.of(
                ConnectorUri.parse("pinecone:idx?" + options)
                        .withProperties(Map.of("api-key", "k")));
    }

    private static VectorRecord record(String fields) {
        return Corpus.upsert("a", 1, fields, new TreeMap<>(Map.of(7, 0.5f)));
    }

    private static Struct metadata(String options, String fields) {
        return new PineconeRequestFactory(settings(options))
                .change(record(fields))
                .vector()
                .getMetadata();
    }

    @Test
    void storesSupportedFieldsByNameAndReturnsAllFieldsUnchanged() throws Exception {
        String fields =
                "{\"s\":\"x\",\"b\":true,\"n\":12.5,\"whole\":3,\"list\":[\"x\",\"y\"],\"none\":null,"
                        + "\"object\":{\"a\":1},\"numbers\":[1,2],\"nobody\":[],\"long\":9007199254740993,"
                        + "\"point\":12.0,\"huge\":1e400,\"$key\":\"d\",\"\":\"e\",\"text\":\"f\",\"_fields\":1,"
                        + "\"minus\":-1.5,\"tiny\":1e-7,\"precise\":0.12345678901234567890}";
        Struct metadata = metadata("", fields);
        assertThat(metadata.getFieldsMap().keySet())
                .containsExactlyInAnyOrder(
                        "s",
                        "b",
                        "n",
                        "whole",
                        "list",
                        "long",
                        "point",
                        "minus",
                        "tiny",
                        "precise",
                        "text",
                        "_version",
                        "_fields",
                        "_field_values");
        assertThat(metadata.getFieldsOrThrow("_field_values").getListValue().getValuesList())
                .extracting(Value::getStringValue)
                .contains("list=y", "object.a=1", "numbers=2", "long=9007199254740993");
        assertThat(metadata.getFieldsOrThrow("point").getNumberValue()).isEqualTo(12);
        assertThat(metadata.getFieldsOrThrow("text").getStringValue()).isEqualTo("text 1 of a");
        assertThat(metadata.getFieldsOrThrow("_version").getStringValue()).isEqualTo("1");
        assertThat(
                        JSON.readTree(metadata.getFieldsOrThrow("_fields").getStringValue())
                                .fieldNames())
                .toIterable()
                .doesNotContain("s", "b", "n", "whole", "list");
        String back = PineconeMetadata.fields(metadata);
        assertThat(JSON.readTree(back)).isEqualTo(JSON.readTree(fields));
        // also the text, which a tree of doubles would not compare
        assertThat(back)
                .contains("\"long\":9007199254740993", "\"precise\":0.12345678901234567890");
    }

    @Test
    void storesSelectedTextAndFields() throws Exception {
        Struct metadata = metadata("text=false&fields=a,b", "{\"a\":1,\"b\":null,\"c\":2}");
        assertThat(PineconeMetadata.text(metadata)).isNull();
        assertThat(JSON.readTree(PineconeMetadata.fields(metadata)))
                .isEqualTo(JSON.readTree("{\"a\":1,\"b\":null}"));
    }

    @Test
    void largestTermsAreKeptAndTheRestCounted() {
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int term = 0; term < 3_000; term++) {
            // many equal weights around the smallest that is kept
            terms.put(term, term % 3 == 0 ? 2f : 1f);
        }
        try (PineconeClient client = new PineconeClient(settings(""))) {
            PineconeChange change = client.request(Corpus.upsert("a", 1, "{}", terms));
            assertThat(change.vector().getSparseValues().getIndicesCount()).isEqualTo(2_048);
            assertThat(change.vector().getSparseValues().getValuesList())
                    .filteredOn(weight -> weight == 2f)
                    .hasSize(1_000);
            assertThat(client.droppedTerms()).isEqualTo(952);
            client.request(record("{}"));
            assertThat(client.droppedTerms()).isEqualTo(952);
        }
    }

    @Test
    void rejectsRecordsThatPineconeRejects() {
        PineconeSettings settings = settings("");
        assertThat(reject(settings, "x".repeat(512), "{}")).isNull();
        assertThat(reject(settings, "x".repeat(513), "{}")).contains("id has 513 characters");
        assertThat(reject(settings, "\u00e9", "{}")).contains("ASCII");
        assertThat(reject(settings, "a\0b", "{}")).contains("null");
        assertThat(new PineconeRequestFactory(settings).rejection(Corpus.delete("\u00e9", 1)))
                .contains("ASCII");
        // longer than the values that are listed for filters
        int own = PineconeMetadata.sizeInBytes(metadataOf(settings, record(filled(600)))) - 600;
        assertThat(reject(settings, "a", filled(40_960 - own))).isNull();
        assertThat(reject(settings, "a", filled(40_961 - own)))
                .contains("40961 bytes", "at most 40960", "text=false", "fields=");
        assertThat(reject(settings("fields=other"), "a", filled(50_000))).isNull();
    }

    private static ObjectNode metadataOf(PineconeSettings settings, VectorRecord record) {
        return PineconeMetadata.of(settings, record, PineconeMetadata.parse(record));
    }

    private static String filled(int characters) {
        return "{\"filler\":\"" + "x".repeat(characters) + "\"}";
    }

    private static String reject(PineconeSettings settings, String id, String fields) {
        return new PineconeRequestFactory(settings)
                .rejection(Corpus.upsert(id, 1, fields, new TreeMap<>(Map.of(7, 0.5f))));
    }

    @Test
    void readsDenseVectorsFromAField() {
        PineconeSettings settings = settings("dense=emb&dimension=2");
        assertThat(reject(settings, "a", "{\"emb\":[0.1,2]}")).isNull();
        assertThat(reject(settings, "a", "{}")).contains("emb", "missing");
        assertThat(reject(settings, "a", "{\"emb\":\"no\"}")).contains("not an array of numbers");
        assertThat(reject(settings, "a", "{\"emb\":[1,\"2\"]}"))
                .contains("not an array of numbers");
        assertThat(reject(settings, "a", "{\"emb\":[1e39]}")).contains("not an array of numbers");
        assertThat(reject(settings, "a", "{\"emb\":[0,0.0]}")).contains("all zeros");
        PineconeChange change =
                new PineconeRequestFactory(settings).change(record("{\"emb\":[0.1,2],\"n\":1}"));
        assertThat(change.vector().getValuesList()).containsExactly(0.1f, 2f);
        assertThat(PineconeMetadata.fields(change.vector().getMetadata())).isEqualTo("{\"n\":1}");
    }

    @Test
    void deletesDocumentsWithoutTermsFromSparseIndexes() {
        VectorRecord empty = Corpus.upsert("a", 1, "{\"emb\":[1]}", new TreeMap<>());
        assertThat(new PineconeRequestFactory(settings("")).change(empty).vector()).isNull();
        PineconeChange dense = new PineconeRequestFactory(settings("dense=emb")).change(empty);
        assertThat(dense.vector().hasSparseValues()).isFalse();
        assertThat(dense.vector().getValuesList()).containsExactly(1f);
    }

    @Test
    void estimatesSizesOnTheWire() {
        try (PineconeClient client = new PineconeClient(settings("namespace=" + "n".repeat(512)))) {
            UpsertRequest.Builder request = UpsertRequest.newBuilder();
            request.setNamespace("n".repeat(512));
            int namespace = request.build().getSerializedSize();
            long estimate = 0;
            for (int i = 0; i < 100; i++) {
                PineconeChange change = client.request(Corpus.upsert("x".repeat(5 * i + 1), 1));
                estimate += client.sizeInBytes(change);
                request.addVectors(change.vector());
            }
            int size = request.build().getSerializedSize();
            assertThat(estimate).isBetween((long) size - namespace, (long) size + 600);
            assertThat(namespace + PineconeLimits.UPSERT_BYTES).isLessThan(2_000_000);
        }
    }

    @Test
    void rejectsInvalidUris() {
        assertRejected("pinecone:Idx", "lower-case");
        assertRejected("pinecone:" + "a".repeat(46), "1 to 45");
        assertRejected("pinecone:idx?namespace=flink-splade", "other than flink-splade");
        assertRejected("pinecone:idx?namespace=a%20b", "visible ASCII");
        assertRejected("pinecone:idx?host=ftp://x", "http://");
        assertRejected("pinecone:idx?dimension=0", "1 to 20000");
        assertRejected("pinecone:idx?namespce=a", "did you mean 'namespace'");
        assertRejected("pinecone:idx?batch-records=1001", "1 to 1000");
    }

    private static void assertRejected(String uri, String part) {
        assertThatThrownBy(
                        () ->
                                PineconeSettings.of(
                                        ConnectorUri.parse(uri)
                                                .withProperties(Map.of("api-key", "k"))))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(part);
    }

    @Test
    void neverPrintsTheApiKey() {
        PineconeSettings settings =
                PineconeSettings.of(
                        ConnectorUri.parse("pinecone:idx")
                                .withProperties(Map.of("api-key", "s3cret")));
        assertThat(settings.toString() + settings.connection).doesNotContain("s3cret");
        assertThat(settings.location())
                .isEqualTo(
                        "the namespace '__default__' of the index 'idx' at"
                                + " https://api.pinecone.io")
                .doesNotContain("s3cret");
    }
}
