package io.github.flinksplade.search;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.util.EnumSet;
import java.util.List;

/** An index and the model of its vectors. Safe for use by multiple threads. */
public final class Searcher implements AutoCloseable {

    /** The least number of hits of each ranking that are fused. */
    private static final int MIN_FUSED = 100;

    private final ConnectorUri uri;
    private final SearchIndex index;
    private final QueryEncoder encoder;
    private final Runnable closeEncoder;

    private Searcher(
            ConnectorUri uri, SearchIndex index, QueryEncoder encoder, Runnable closeEncoder) {
        this.uri = uri;
        this.index = index;
        this.encoder = encoder;
        this.closeEncoder = closeEncoder;
    }

    /** Opens the encoder of an index. */
    @FunctionalInterface
    public interface EncoderOpener {

        /**
         * @param provenance the provenance of the index's vectors
         * @return remains owned by the caller of {@link Searcher#open(ConnectorUri, EncoderOpener)}
         */
        QueryEncoder open(Provenance provenance);
    }

    /**
     * Opens an index and its model.
     *
     * @param model reference of the model, or null for the one stored in the index
     * @param options those for queries; without a query model, the one stored in the index
     * @throws ConnectorException if the index cannot be opened, or the model is not the one that
     *     encoded it
     * @throws ModelException if the model cannot be opened
     */
    public static Searcher open(
            ConnectorUri uri, String model, EncoderOptions options, Progress progress) {
        SpladeEncoder[] opened = new SpladeEncoder[1];
        Runnable close =
                () -> {
                    if (opened[0] != null) {
                        opened[0].close();
                    }
                };
        try {
            return open(
                    uri,
                    provenance -> {
                        opened[0] = openEncoder(uri, provenance, model, options, progress);
                        return QueryEncoder.of(opened[0]);
                    },
                    close);
        } catch (RuntimeException e) {
            close.run();
            throw e;
        }
    }

    /**
     * Opens an index with an encoder that may be shared.
     *
     * @throws ConnectorException if the index cannot be opened, or the encoder's model is not the
     *     one that encoded it
     */
    public static Searcher open(ConnectorUri uri, EncoderOpener encoders) {
        return open(uri, encoders, () -> {});
    }

    private static Searcher open(ConnectorUri uri, EncoderOpener encoders, Runnable closeEncoder) {
        SearchIndex index = Connectors.of(uri).index(uri);
        try {
            QueryEncoder encoder = encoders.open(index.provenance());
            requireSameModel(uri, index.provenance(), encoder.info());
            return new Searcher(uri, index, encoder, closeEncoder);
        } catch (RuntimeException e) {
            index.close();
            throw e;
        }
    }

    /**
     * Opens the model of an index for queries.
     *
     * @param model reference of the model, or null for the one stored in the index
     * @param options those for queries; without a query model, the one stored in the index
     * @throws ConnectorException if the stored reference cannot be opened
     * @throws ModelException if {@code model} cannot be opened
     */
    public static SpladeEncoder openEncoder(
            ConnectorUri uri,
            Provenance provenance,
            String model,
            EncoderOptions options,
            Progress progress) {
        EncoderOptions sides =
                options.queryModel() == null && provenance.queryModel() != null
                        ? options.toBuilder().queryModel(provenance.queryModel()).build()
                        : options;
        try {
            return SpladeEncoder.open(
                    model == null ? provenance.model() : model,
                    sides,
                    EnumSet.of(Role.QUERY),
                    progress);
        } catch (ModelException e) {
            if (model != null) {
                throw e;
            }
            throw new ConnectorException(
                    "the model of "
                            + uri
                            + " cannot be opened: "
                            + e.getMessage()
                            + ". If it has moved, specify its location with --model",
                    e);
        }
    }

    private static void requireSameModel(ConnectorUri uri, Provenance provenance, ModelInfo info) {
        if (!info.sha256().equals(provenance.modelSha256())
                || !info.tokenizerSha256().equals(provenance.tokenizerSha256())) {
            throw new ConnectorException(
                    uri
                            + " contains vectors of the model "
                            + provenance.model()
                            + " (SHA-256 "
                            + provenance.modelSha256().substring(0, 12)
                            + "...), but "
                            + info.name()
                            + " is a different model ("
                            + info.sha256().substring(0, 12)
                            + "...). Specify the index's model with --model, or reindex");
        }
    }

    /** The location of the index. */
    public ConnectorUri uri() {
        return uri;
    }

    /** The provenance of the index's vectors. */
    public Provenance provenance() {
        return index.provenance();
    }

    /** What encodes the queries. */
    public QueryEncoder encoder() {
        return encoder;
    }

    /** Whether a search may be {@code hybrid}. */
    public boolean supportsHybrid() {
        return index.supportsText();
    }

    /**
     * Searches. The score of a hit is the dot product of the two vectors. In a hybrid search it is
     * the sum of 1 / (60 + rank) over the two rankings, and a hit that is in the ranking by BM25
     * only has no matched terms.
     *
     * @throws ConnectorException if the index is unreachable, or does not support the request
     * @throws io.github.flinksplade.encoder.EncodingException if the query cannot be encoded
     */
    public SearchResult search(SearchRequest request) {
        EncodedText query = encoder.encode(request.query());
        if (!request.hybrid()) {
            return new SearchResult(query, bySparseVector(request, query, request.k()));
        }
        int fused = Math.max(request.k(), MIN_FUSED);
        return new SearchResult(
                query,
                RankFusion.fuse(
                        List.of(bySparseVector(request, query, fused), byText(request, fused)),
                        request.passages(),
                        request.k()));
    }

    private List<SearchIndex.Hit> bySparseVector(SearchRequest request, EncodedText query, int k) {
        return BestPassages.of(
                max ->
                        index.search(
                                new SearchIndex.Query(
                                        query.vector(),
                                        max,
                                        request.idf(),
                                        request.filter(),
                                        request.idsOnly())),
                request.passages(),
                k);
    }

    private List<SearchIndex.Hit> byText(SearchRequest request, int k) {
        return BestPassages.of(
                max ->
                        index.searchText(
                                new SearchIndex.TextQuery(request.query(), max, request.filter())),
                request.passages(),
                k);
    }

    @Override
    public void close() {
        closeEncoder.run();
        index.close();
    }
}
