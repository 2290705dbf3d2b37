package io.github.flinksplade.evaluation;

import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.search.QueryEncoder;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.SearchResult;
import io.github.flinksplade.search.Searcher;
import io.github.flinksplade.vector.SparseVector;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * An index of sparse vectors. In an index with passages, a document has its best passage's rank.
 */
public final class SparseRanker implements Ranker {

    private final String name;
    private final Searcher searcher;
    private final TimedEncoder encoder;
    private final VectorSource vectors;
    private final boolean idf;

    /** Measures how long the encoding of the current thread's last query took. */
    private static final class TimedEncoder implements QueryEncoder {

        private final QueryEncoder encoder;
        private final ThreadLocal<Long> nanos = new ThreadLocal<>();

        TimedEncoder(QueryEncoder encoder) {
            this.encoder = encoder;
        }

        @Override
        public EncodedText encode(String query) {
            long start = System.nanoTime();
            EncodedText encoded = encoder.encode(query);
            nanos.set(System.nanoTime() - start);
            return encoded;
        }

        @Override
        public ModelInfo info() {
            return encoder.info();
        }

        @Override
        public Tokenizer tokenizer() {
            return encoder.tokenizer();
        }
    }

    private SparseRanker(
            String name,
            Searcher searcher,
            TimedEncoder encoder,
            VectorSource vectors,
            boolean idf) {
        this.name = name;
        this.searcher = searcher;
        this.encoder = encoder;
        this.vectors = vectors;
        this.idf = idf;
    }

    /**
     * Opens an index.
     *
     * @param open opens the index with an encoder whose time is measured: it passes its own encoder
     *     to the function, and uses the result
     * @param vectors the vectors of the index, for statistics; null if they are not accessible
     * @param idf whether query weights are multiplied by inverse document frequency
     */
    public static SparseRanker open(
            String name,
            Function<Function<QueryEncoder, QueryEncoder>, Searcher> open,
            VectorSource vectors,
            boolean idf) {
        TimedEncoder[] timed = new TimedEncoder[1];
        Searcher searcher =
                open.apply(
                        encoder -> {
                            timed[0] = new TimedEncoder(encoder);
                            return timed[0];
                        });
        return new SparseRanker(name, searcher, timed[0], vectors, idf);
    }

    @Override
    public String name() {
        return name;
    }

    /** The properties of the model that encodes the queries. */
    public ModelInfo model() {
        return encoder.info();
    }

    @Override
    public Ranking rank(String query, int k) {
        long start = System.nanoTime();
        SearchResult result = search(query, k, true);
        long nanos = System.nanoTime() - start;
        long encodeNanos = encoder.nanos.get();
        return new Ranking(
                result.hits().stream()
                        .map(hit -> new ScoredDocument(SearchResult.document(hit), hit.score()))
                        .toList(),
                encodeNanos,
                nanos - encodeNanos);
    }

    private SearchResult search(String query, int k, boolean idsOnly) {
        return searcher.search(
                new SearchRequest(query, k, idf, false, false, FieldFilter.NONE, idsOnly));
    }

    /**
     * Explains a ranking.
     *
     * @param terms max terms of the query, and of each hit
     * @param k max hits
     */
    Explanation explain(String query, int terms, int k) {
        SearchResult result = search(query, k, false);
        SparseVector vector = result.query().vector();
        List<WeightedTerm> largest =
                Arrays.stream(vector.byWeight())
                        .limit(terms)
                        .mapToObj(i -> term(vector.indices()[i], vector.values()[i]))
                        .toList();
        return new Explanation(
                vector.size(),
                largest,
                result.hits().stream().map(hit -> hit(hit, terms)).toList());
    }

    private Explanation.Hit hit(SearchIndex.Hit hit, int terms) {
        List<WeightedTerm> matched =
                IntStream.range(0, Math.min(terms, hit.matchedIndices().length))
                        .mapToObj(i -> term(hit.matchedIndices()[i], hit.matchedParts()[i]))
                        .toList();
        return new Explanation.Hit(
                SearchResult.document(hit),
                hit.score(),
                hit.text() == null ? "" : hit.text(),
                matched);
    }

    private WeightedTerm term(int index, float weight) {
        return new WeightedTerm(encoder.tokenizer().term(index), weight);
    }

    /** A term and its weight, or its contribution to a score. */
    record WeightedTerm(String term, double weight) {}

    /**
     * Why documents have their ranks.
     *
     * @param queryTerms the number of terms of the query
     * @param terms the largest of them
     */
    record Explanation(int queryTerms, List<WeightedTerm> terms, List<Hit> hits) {

        /** A document with the terms that contribute most to its score. */
        record Hit(String id, double score, String text, List<WeightedTerm> terms) {}
    }

    /**
     * Passes the id and the text of each document of an index on.
     *
     * @throws EvaluationException if the index contains no texts, or passages of documents
     */
    public static void forEachText(VectorSource vectors, BiConsumer<String, String> consumer) {
        forEach(
                vectors,
                record -> {
                    if (record.text() == null
                            || Passages.parent(record.id(), record.fields()) != null) {
                        throw new EvaluationException(
                                "the index does not store whole texts, so BM25 cannot be built from"
                                        + " it. Add --corpus, or --bm25 none");
                    }
                    consumer.accept(record.id(), record.text());
                });
    }

    private static void forEach(VectorSource vectors, Consumer<VectorRecord> consumer) {
        try (VectorSource.Reader reader = vectors.open()) {
            for (long position = 0; position < vectors.positions(); position++) {
                VectorRecord record = reader.read(position);
                if (record != null) {
                    consumer.accept(record);
                }
            }
        }
    }

    @Override
    public TermStatistics termStatistics(Collection<String> queries) {
        if (vectors == null) {
            return null;
        }
        TermStatistics.Counter<Integer> ofQueries = new TermStatistics.Counter<>();
        queries.forEach(query -> ofQueries.add(terms(encoder.encode(query).vector())));
        TermStatistics.Counter<Integer> ofDocuments = new TermStatistics.Counter<>();
        forEach(vectors, record -> ofDocuments.add(terms(record.vector())));
        return TermStatistics.of(ofQueries, ofDocuments);
    }

    private static List<Integer> terms(SparseVector vector) {
        return Arrays.stream(vector.indices()).boxed().toList();
    }

    @Override
    public void close() {
        searcher.close();
    }
}
