package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Query;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Solr in separate processes: killed, and in cloud mode with its own ZooKeeper. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SolrProcessITCase {

    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    @Test
    void keepsAcknowledgedChangesAfterAKill(@TempDir Path home) throws Exception {
        SolrServer.prepare(home);
        try (SolrProcess first = SolrProcess.start(home)) {
            SolrReader reader = new SolrReader(first.url, null, null);
            reader.request(SolrServer.coreFolder(home, "kept"), null);
            // nothing is committed before the kill: everything is in the transaction log only
            write(reader.uri("kept", "?commit-within=0s"), 50);
            assertThat(
                            reader.request("/kept/select?q=*:*&rows=0", null)
                                    .at("/response/numFound")
                                    .asInt())
                    .isZero();
            first.kill();
        }
        try (SolrProcess second = SolrProcess.start(home)) {
            SolrReader reader = new SolrReader(second.url, null, null);
            // a starting Solr responds before it has replayed its transaction log
            long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
            while (reader.send("/kept/update?commit=true", "{}").statusCode() != 200
                    || reader.held("kept").size() < 50) {
                assertThat(System.nanoTime()).as("timed out").isLessThan(deadline);
                Thread.onSpinWait();
            }
            VectorSink sink = new SolrConnector().sink(reader.uri("kept", ""));
            sink.prepare(CONTEXT, StartMode.RESUME);
        }
    }

    /** Two nodes with two shards on both; the first node runs ZooKeeper. */
    @Test
    void createsACollectionInCloudModeAndSurvivesTheLossOfANode(
            @TempDir Path home, @TempDir Path other) throws Exception {
        SolrServer.prepare(home);
        SolrServer.prepare(other);
        try (SolrProcess first =
                        SolrProcess.start(
                                home,
                                "-DzkRun",
                                "-Dsolr.http1=true", // this server's Jetty does not support HTTP/2
                                "-Dsolr.default.confdir="
                                        + home.resolve("configsets/_default/conf"));
                SolrProcess second =
                        SolrProcess.start(
                                other,
                                "-DzkHost=127.0.0.1:" + (URI.create(first.url).getPort() + 1_000),
                                "-Dsolr.http1=true")) {
            SolrReader reader = new SolrReader(first.url, null, null);
            ConnectorUri uri = reader.uri("made", "?shards=2&replicas=2");
            prepare(uri, StartMode.NEW);
            write(uri, 50);
            write(uri, 50); // Solr does not report what it wrote to other shards
            assertThat(reader.held("made")).hasSize(50);
            JsonNode shards =
                    reader.request("/admin/collections?action=CLUSTERSTATUS&collection=made", null)
                            .at("/cluster/collections/made/shards");
            assertThat(shards).hasSize(2).allSatisfy(s -> assertThat(s.get("replicas")).hasSize(2));
            VectorRecord any = Corpus.upsert("7", 1);
            Query query = new Query(any.vector(), 1, true);
            try (SearchIndex index = new SolrConnector().index(uri)) {
                assertThat(index.provenance()).isEqualTo(Corpus.PROVENANCE);
                assertThat(index.search(query).get(0).id()).isEqualTo("7");
            }
            writePassages(uri);
            reader.documents("made"); // commits
            JsonNode grouped =
                    reader.request(
                            "/made/select?q=passage:%5B*+TO+*%5D&sort=passage+desc&fl=id&group=true"
                                    + "&group.field=parent&group.main=true",
                            null);
            assertThat(grouped.at("/response/docs")).hasSize(8);
            assertThat(grouped.at("/response/docs"))
                    .extracting(document -> document.get("id").asText())
                    .allMatch(id -> id.endsWith("#4"));
            second.kill();
            prepare(uri, StartMode.RESUME);
            write(uri, 100);
            assertThat(reader.held("made")).hasSize(100 + 8 * 5);
        }
    }

    /** Waits like a job, for a starting Solr or for new leaders of the shards of a lost node. */
    private static void prepare(ConnectorUri uri, StartMode start) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (true) {
            try {
                new SolrConnector().sink(uri).prepare(CONTEXT, start);
                return;
            } catch (UnreachableException e) {
                assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(deadline);
            }
        }
    }

    /** The passages of a document are on both shards. */
    private static void writePassages(ConnectorUri uri) throws Exception {
        VectorSink sink = new SolrConnector().sink(uri);
        try (SinkTestHarness harness = SinkTestHarness.start(sink, CONTEXT)) {
            for (int i = 0; i < 8 * 5; i++) {
                String fields = "{\"parent\":\"long %d\",\"passage\":%d}".formatted(i / 5, i % 5);
                harness.write(
                        Corpus.upsert(
                                "long " + i / 5 + "#" + i % 5,
                                1,
                                fields,
                                new TreeMap<>(Map.of(7, 1f))));
            }
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
    }

    private static void write(ConnectorUri uri, int documents) throws Exception {
        VectorSink sink = new SolrConnector().sink(uri);
        try (SinkTestHarness harness = SinkTestHarness.start(sink, CONTEXT)) {
            for (int i = 0; i < documents; i++) {
                harness.write(Corpus.upsert(Integer.toString(i), 1));
            }
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
    }
}
