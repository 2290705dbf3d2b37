package io.github.flinksplade.connector.pinecone;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.FieldTerms;
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
 * Searches a namespace. Pinecone finds candidates, more than requested; the scores are computed
 * again from their stored weights, so that scores and order are exact. Equal scores are ordered by
 * id.
 */
final class PineconeIndex implements SearchIndex {

    /** Candidates beyond k, because exact scores may order the last ones differently. */
    private static final int EXTRA_CANDIDATES = 50;

    /** Records per request; a record has at most about 60 kB. */
    private static final int FETCH_SIZE = 100;

    private final PineconeSettings settings;
    private final PineconeConnection connection;
    private final Provenance provenance;

    private PineconeIndex(
            PineconeSettings settings, PineconeConnection connection, Provenance provenance) {
        this.settings = settings;
        this.connection = connection;
        this.provenance = provenance;
    }

    static PineconeIndex open(PineconeSettings settings) {
        PineconeConnection connection;
        try {
            connection = PineconeConnection.open(settings);
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
        try {
            Provenance provenance = new PineconeSchema(settings, connection).provenance();
            if (provenance == null) {
                throw new ConnectorException(
                        settings.location()
                                + " was not written by flink-splade. Name a namespace that a job has"
                                + " written to with namespace=NAME");
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
                    settings.location()
                            + " does not support idf, because Pinecone does not count documents by"
                            + " term. Search without idf");
        }
        if (query.vector().indices().length == 0) {
            return List.of(); // Pinecone rejects a vector without terms
        }
        long candidates = Math.min(PineconeLimits.HITS, (long) query.k() + EXTRA_CANDIDATES);
        QueryRequest.Builder request =
                QueryRequest.newBuilder()
                        .setNamespace(settings.namespace)
                        .setTopK((int) candidates)
                        .setSparseVector(
                                SparseValues.newBuilder()
                                        .addAllIndices(
                                                Arrays.stream(query.vector().indices())
                                                        .boxed()
                                                        .toList())
                                        .addAllValues(boxed(query.vector().values())));
        if (!query.filter().isEmpty()) {
            request.setFilter(filter(query.filter()));
        }
        // a dense index requires a dense vector; zeros add nothing to the dot product
        request.addAllVector(Collections.nCopies(connection.dimension(), 0f));
        List<String> ids =
                connection.query(request.build()).stream().map(ScoredVector::getId).toList();
        List<Hit> hits = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += FETCH_SIZE) {
            Map<String, Vector> found =
                    connection.fetch(
                            settings.namespace,
                            ids.subList(from, Math.min(ids.size(), from + FETCH_SIZE)));
            found.values().forEach(vector -> hits.add(hit(query, vector)));
        }
        return hits.stream()
                .filter(hit -> hit.matchedIndices().length > 0)
                .sorted(Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id))
                .limit(query.k())
                .toList();
    }

    private static Struct filter(FieldFilter filter) {
        ListValue.Builder clauses = ListValue.newBuilder();
        for (List<String> terms : FieldTerms.of(filter)) {
            ListValue.Builder values = ListValue.newBuilder();
            terms.forEach(term -> values.addValues(Value.newBuilder().setStringValue(term)));
            clauses.addValues(
                    object(
                            PineconeMetadata.FIELD_VALUES,
                            object("$in", Value.newBuilder().setListValue(values).build())));
        }
        return object("$and", Value.newBuilder().setListValue(clauses).build()).getStructValue();
    }

    private static Value object(String name, Value value) {
        return Value.newBuilder()
                .setStructValue(Struct.newBuilder().putFields(name, value))
                .build();
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
        // Pinecone does not specify the order of returned terms
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
