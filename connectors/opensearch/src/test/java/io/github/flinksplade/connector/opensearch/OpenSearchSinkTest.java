package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.contract.Corpus;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenSearchSinkTest {

    private static VectorSink sink(String uri, Map<String, String> properties) {
        ConnectorUri parsed = ConnectorUri.parse(uri).withProperties(properties);
        return Connectors.of(parsed).sink(parsed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "opensearch://host/docs?typ=x; unknown option 'typ'",
                "opensearch://host/docs?type=x; write one of",
                "opensearch://host/Docs; is not the name of an index",
                "opensearch://host/; is not the name of an index",
                "opensearch://host; is not the name of an index",
                "opensearch://host/logs-*; is not the name of an index",
                "opensearch://host/a,b; is not the name of an index",
                "opensearch://host/_all; is not the name of an index",
                "opensearch:docs; does not name a server",
                "opensearch://user:secret@host/docs; in opensearch.properties",
                "opensearch://host/docs?gc-deletes=1w; such as 7d",
                "opensearch://host/docs?batch-bytes=100mb; from 1 bytes to 50000000 bytes",
                "opensearch://host/docs?type=sparse_vector&terms=token; accepts ids only"
            })
    void rejectsInvalidUris(String uri, String message) {
        assertThatThrownBy(() -> sink(uri, Map.of()))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "username=x; incomplete",
                "username=x,password=geheim,api-key=y; ambiguous",
                "user=x; unknown property 'user'"
            })
    void rejectsInvalidProperties(String properties, String message) {
        Map<String, String> map = new TreeMap<>();
        for (String one : properties.split(",")) {
            map.put(one.split("=")[0], one.split("=")[1]);
        }
        assertThatThrownBy(() -> sink("elasticsearch://host/docs", map))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("geheim");
    }

    @Test
    void parsesServerAndIndex() {
        assertThat(settings("opensearch://host/docs").server).isEqualTo("http://host:9200");
        assertThat(settings("opensearch://host:1/a/b/docs?tls=true").server)
                .isEqualTo("https://host:1/a/b");
        assertThat(settings("opensearch://[::1]:1/docs").server).isEqualTo("http://[::1]:1");
        assertThat(settings("opensearch://host/\u00fcber-1.2").index).isEqualTo("\u00fcber-1.2");
    }

    private static OpenSearchSettings settings(String uri) {
        return OpenSearchSettings.of(Product.OPENSEARCH, ConnectorUri.parse(uri));
    }

    @Test
    void isSerializable() throws Exception {
        VectorSink sink = sink("opensearch://host/docs", Map.of("api-key", "x"));
        assertThat(InstantiationUtil.clone(sink).identity()).isEqualTo(sink.identity());
    }

    @Test
    void rejectsIdsThatTheServersReject() {
        assertThat(rejection(Corpus.upsert("x".repeat(512), 1))).isNull();
        assertThat(rejection(Corpus.delete("\u00e9".repeat(257), 1)))
                .isEqualTo(
                        "its id has 514 bytes in UTF-8, more than the 512 that Elasticsearch accepts");
        assertThat(rejection(Corpus.upsert("a\ud83db", 1))).contains("surrogate");
    }

    private static String rejection(VectorRecord record) {
        return OpenSearchRequestFactory.rejection(Product.ELASTICSEARCH, record);
    }

    private static String lines(String options, VectorRecord record) {
        OpenSearchRequestFactory factory =
                new OpenSearchRequestFactory(
                        settings("opensearch://host/docs?terms=id" + options),
                        Corpus.context(Corpus.PROVENANCE, false).vocabulary(),
                        Corpus.PROVENANCE);
        return new String(factory.change(record).lines(), StandardCharsets.UTF_8);
    }

    @Test
    void routesByThePrefixOfIds() {
        assertThat(new Routing(null).of("a/b")).isNull();
        Routing routing = new Routing("/");
        assertThat(routing.of("a/b/c")).isEqualTo("a");
        assertThat(routing.of("a")).isEqualTo("a");
        assertThat(routing.of("/a")).isEqualTo("/a");
        assertThat(new Routing("::").of("a:b::c")).isEqualTo("a:b");
    }

    @Test
    void writesAnUpsertAsTwoLinesAndADeleteAsOne() {
        TreeMap<Integer, Float> terms = new TreeMap<>(Map.of(7, 1.5f, 9, 1e-40f));
        assertThat(lines("", Corpus.upsert("a\n\"b", 3, "{\"x\":\n[1,\r\n2]}", terms)))
                .isEqualTo(
                        """
                        {"index":{"_id":"a\\n\\"b","version":8,"version_type":"external_gte"}}
                        {"id":"a\\n\\"b","vector":{"7":1.5,"9":1.1754944E-38},"weights":{"indices":[7,9],\
                        "values":[1.5,1.0E-40]},"text":"text 3 of a\\n\\"b","fields":{"x": [1,  2]},\
                        "field_values":["x=1","x=2"],"tokens":9,\
                        "truncated":false,"encoder":"%s"}
                        """
                                .formatted(Corpus.PROVENANCE.fingerprint()));
        assertThat(lines("", Corpus.delete("a", 3)))
                .isEqualTo(
                        "{\"delete\":{\"_id\":\"a\",\"version\":9,\"version_type\":\"external_gte\"}}\n");
    }

    @Test
    void storesSelectedFieldsUnchanged() {
        String fields = "{\"a\":1.25,\"b\":2,\"c\":12345678901234567890123}";
        VectorRecord record = Corpus.upsert("a", 1, fields, new TreeMap<>());
        assertThat(lines("&text=false&fields=c,a", record))
                .contains("\"fields\":{\"a\":1.25,\"c\":12345678901234567890123},")
                .doesNotContain("\"text\"")
                .doesNotContain("\"vector\"")
                .contains("\"weights\":{\"indices\":[],\"values\":[]}");
    }
}
