package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** For tests: {@code memory:NAME} is an index of {@link #INDEXES}. */
public final class MemoryConnector implements Connector {

    static final Map<String, Contents> INDEXES = new ConcurrentHashMap<>();

    /** The documents of an index, and how its server behaves. */
    static final class Contents {
        final Map<String, Document> documents = new LinkedHashMap<>();
        volatile Provenance provenance = provenance("fake", '0');
        volatile boolean reachable = true;
        volatile boolean supportsText;
        volatile RuntimeException failure;
        volatile CountDownLatch gate = new CountDownLatch(0);
        final AtomicInteger searches = new AtomicInteger();
        final AtomicInteger open = new AtomicInteger();

        Contents add(String id, String text, String fields) {
            documents.put(id, new Document(FakeEncoder.vector(text), text, fields));
            return this;
        }
    }

    record Document(SparseVector vector, String text, String fields) {}

    /** The provenance of vectors of {@link FakeEncoder}, or of a model with another digest. */
    static Provenance provenance(String model, char digit) {
        return new Provenance(
                model, String.valueOf(digit).repeat(64), "1".repeat(64), "fp32", "none", 128);
    }

    @Override
    public String scheme() {
        return "memory";
    }

    @Override
    public String usage() {
        return "search memory:NAME";
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        Contents contents = INDEXES.get(uri.location());
        if (contents == null) {
            throw new ConnectorException(uri + " does not exist");
        }
        requireReachable(contents);
        contents.open.incrementAndGet();
        return new Index(contents, contents.provenance);
    }

    private static void requireReachable(Contents contents) {
        if (!contents.reachable) {
            throw new UnreachableException("memory is unreachable", new IOException("refused"));
        }
    }

    private record Index(Contents contents, Provenance provenance) implements SearchIndex {

        private static final ObjectMapper JSON = new ObjectMapper();

        @Override
        public List<Hit> search(Query query) {
            prepare();
            if (query.idf()) {
                throw new ConnectorException("memory does not support idf. Search without it");
            }
            return contents.documents.entrySet().stream()
                    .filter(entry -> matches(query, entry.getValue()))
                    .map(entry -> hit(query, entry.getKey(), entry.getValue()))
                    .filter(hit -> hit.score() > 0)
                    .sorted(
                            Comparator.comparingDouble(Hit::score)
                                    .reversed()
                                    .thenComparing(Hit::id))
                    .limit(query.k())
                    .toList();
        }

        private static boolean matches(Query query, Document document) {
            try {
                return query.filter()
                        .matches(
                                document.fields() == null
                                        ? null
                                        : JSON.readTree(document.fields()));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        private static Hit hit(Query query, String id, Document document) {
            return query.hit(id, document.text(), document.fields(), document.vector());
        }

        @Override
        public boolean supportsText() {
            return contents.supportsText;
        }

        @Override
        public List<Hit> searchText(TextQuery query) {
            if (!contents.supportsText) {
                return SearchIndex.super.searchText(query);
            }
            return contents.documents.entrySet().stream()
                    .filter(entry -> entry.getValue().text().contains(query.text()))
                    .map(
                            entry ->
                                    query.hit(
                                            entry.getKey(),
                                            1,
                                            entry.getValue().text(),
                                            entry.getValue().fields(),
                                            entry.getValue().vector()))
                    .limit(query.k())
                    .toList();
        }

        private void prepare() {
            contents.searches.incrementAndGet();
            try {
                contents.gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            requireReachable(contents);
            if (contents.failure != null) {
                throw contents.failure;
            }
        }

        @Override
        public void close() {
            contents.open.decrementAndGet();
        }
    }
}
