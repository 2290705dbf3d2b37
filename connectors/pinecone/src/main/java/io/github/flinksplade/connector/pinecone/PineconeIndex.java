package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.vector.SparseVector;
import io.pinecone.exceptions.PineconeException;
import io.pinecone.proto.QueryRequest;
import io.pinecone.proto.ScoredVector;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Searches a namespace. Pinecone finds the candidates, some more than asked for; their weights are
 * fetched and the scores computed again, so that hits are scored and ordered exactly, equal scores
 * by id.
 */
final class PineconeIndex implements SearchIndex {

    /** Candidates beyond k, for scores that are nearly equal in Pinecone's arithmetic. */
    private static final int MORE_CANDIDATES = 50;

    /** Records fetched at once: some 60 KB each at most. */
    private static final int FETCHED = 100;

    private final PineconeSettings settings;
    private final PineconeIndexConnection connection;
    private final Provenance provenance;

    private PineconeIndex(
            PineconeSettings settings, PineconeIndexConnection connection, Provenance provenance) {
        this.settings = settings;
        this.connection = connection;
        this.provenance = provenance;
    }

    static PineconeIndex open(PineconeSettings settings) {
        PineconeIndexConnection connection;
        try {
            connection = PineconeIndexConnection.open(settings);
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
        try {
            Provenance provenance = new ProvenanceMark(settings, connection).read();
            if (provenance == null) {
                throw new ConnectorException(
                        settings.collection()
                                + " was not written by flink-splade; name the namespace that a run"
                                + " wrote to with namespace=NAME");
            }
            return new PineconeIndex(settings, connection, provenance);
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public List<Hit> search(Query query) {
        if (query.idf()) {
            throw new ConnectorException(
                    "Pinecone does not say how many documents have a term, so "
                            + settings.collection()
                            + " cannot be searched by idf; search without it");
        }
        if (query.vector().indices().length == 0) {
            return List.of(); // Pinecone refuses a vector without terms
        }
        long candidates = Math.min(PineconeLimits.HITS, (long) query.k() + MORE_CANDIDATES);
        QueryRequest.Builder request =
                QueryRequest.newBuilder()
                        .setNamespace(settings.namespace())
                        .setTopK((int) candidates)
                        .setSparseVector(
                                SparseValues.newBuilder()
                                        .addAllIndices(
                                                Arrays.stream(query.vector().indices())
                                                        .boxed()
                                                        .toList())
                                        .addAllValues(boxed(query.vector().values())));
        // a dense index wants a dense vector: zeros add nothing to the product
        request.addAllVector(Collections.nCopies(connection.dimension(), 0f));
        List<String> ids =
                connection.query(request.build()).stream().map(ScoredVector::getId).toList();
        List<Hit> hits = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += FETCHED) {
            Map<String, Vector> found =
                    connection.fetch(
                            settings.namespace(),
                            ids.subList(from, Math.min(ids.size(), from + FETCHED)));
            found.values().forEach(vector -> hits.add(hit(query, vector)));
        }
        return hits.stream()
                .filter(hit -> hit.matchedIndices().length > 0)
                .sorted(Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id))
                .limit(query.k())
                .toList();
    }

    private static List<Float> boxed(float[] values) {
        List<Float> boxed = new ArrayList<>(values.length);
        for (float value : values) {
            boxed.add(value);
        }
        return boxed;
    }

    private static Hit hit(Query query, Vector vector) {
        SparseValues sparse = vector.getSparseValues();
        // nothing is said about the order that terms come back in
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int i = 0; i < sparse.getIndicesCount(); i++) {
            terms.put(sparse.getIndices(i), sparse.getValues(i));
        }
        int[] ids = new int[terms.size()];
        float[] weights = new float[ids.length];
        int at = 0;
        for (Map.Entry<Integer, Float> term : terms.entrySet()) {
            ids[at] = term.getKey();
            weights[at++] = term.getValue();
        }
        return query.hit(
                vector.getId(),
                PineconeMetadata.text(vector.getMetadata()),
                PineconeMetadata.fields(vector.getMetadata()),
                new SparseVector(ids, weights));
    }

    @Override
    public void close() {
        connection.close();
    }
}
