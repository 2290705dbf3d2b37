package io.github.flinksplade.connector.qdrant;

import static io.qdrant.client.ValueFactory.value;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.grpc.Status;
import io.qdrant.client.grpc.Collections.CollectionInfo;
import io.qdrant.client.grpc.Collections.CreateCollection;
import io.qdrant.client.grpc.Collections.Datatype;
import io.qdrant.client.grpc.Collections.GetCollectionInfoRequest;
import io.qdrant.client.grpc.Collections.IntegerIndexParams;
import io.qdrant.client.grpc.Collections.Modifier;
import io.qdrant.client.grpc.Collections.PayloadIndexParams;
import io.qdrant.client.grpc.Collections.SparseIndexConfig;
import io.qdrant.client.grpc.Collections.SparseVectorConfig;
import io.qdrant.client.grpc.Collections.SparseVectorParams;
import io.qdrant.client.grpc.Collections.UpdateCollection;
import io.qdrant.client.grpc.JsonWithInt.Struct;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.CreateFieldIndexCollection;
import io.qdrant.client.grpc.Points.FieldType;
import io.qdrant.client.grpc.QdrantOuterClass.HealthCheckRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Creates and checks the collection. Its metadata contains the provenance of the vectors, under
 * {@link QdrantPayload#META}.
 */
final class QdrantSchema {

    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*");

    private final QdrantSettings settings;
    private final QdrantConnection connection;

    QdrantSchema(QdrantSettings settings, QdrantConnection connection) {
        this.settings = settings;
        this.connection = connection;
    }

    /**
     * Creates the collection if it is missing. An empty collection without provenance, which its
     * owner may have created with shards and replicas, is accepted.
     */
    void createOrCheck(SinkContext context, StartMode start) {
        requireConditionalWrites();
        CollectionInfo info = find();
        if (info == null) {
            start.requireMayCreate(settings.location());
            create(context.provenance());
            index(Set.of());
            return;
        }
        check(info);
        if (hasProvenance(info)) {
            context.requireSameEncoder(
                    provenance(info), settings.location(), "name a new collection");
        } else if (info.getPointsCount() > 0) {
            throw foreign();
        } else {
            start.requireMayCreate(settings.location());
            addProvenance(context.provenance());
        }
        if (start.mayWrite()) {
            index(info.getPayloadSchemaMap().keySet());
        }
    }

    /** An older server ignores the condition and would write without it. */
    private void requireConditionalWrites() {
        String version =
                connection
                        .await(
                                connection
                                        .server()
                                        .healthCheck(HealthCheckRequest.getDefaultInstance()),
                                "report its version")
                        .getVersion();
        Matcher parts = VERSION.matcher(version);
        if (!parts.matches()
                || Integer.parseInt(parts.group(1)) == 1 && Integer.parseInt(parts.group(2)) < 16) {
            throw new ConnectorException(
                    settings.serverName()
                            + " has version "
                            + version
                            + ", which does not support conditional writes: an old change could"
                            + " overwrite a newer one. Upgrade it to 1.16 or later");
        }
    }

    /** Describes the collection, which must exist and contain vectors of flink-splade. */
    CollectionInfo info() {
        CollectionInfo info = find();
        if (info == null) {
            throw new ConnectorException(
                    settings.location()
                            + " does not exist. Name a collection that a job has written to");
        }
        check(info);
        if (!hasProvenance(info)) {
            throw foreign();
        }
        return info;
    }

    private CollectionInfo find() {
        try {
            return connection
                    .collections()
                    .get(
                            GetCollectionInfoRequest.newBuilder()
                                    .setCollectionName(settings.collection)
                                    .build())
                    .get()
                    .getResult();
        } catch (ExecutionException e) {
            if (Status.fromThrowable(e.getCause()).getCode() == Status.Code.NOT_FOUND) {
                return null;
            }
            throw QdrantFailureClassifier.explain(
                    settings, "read " + settings.location(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw QdrantFailureClassifier.explain(settings, "read " + settings.location(), e);
        }
    }

    private void create(Provenance provenance) {
        connection.await(
                connection
                        .collections()
                        .create(
                                CreateCollection.newBuilder()
                                        .setCollectionName(settings.collection)
                                        .setOnDiskPayload(true)
                                        .setSparseVectorsConfig(
                                                SparseVectorConfig.newBuilder()
                                                        .putMap(settings.vector, sparseVector()))
                                        .putAllMetadata(metadata(provenance))
                                        .build()),
                "create " + settings.location());
    }

    private SparseVectorParams sparseVector() {
        return SparseVectorParams.newBuilder()
                .setIndex(SparseIndexConfig.newBuilder().setOnDisk(settings.onDisk))
                .setModifier(
                        settings.modifier == QdrantSettings.Modifier.IDF
                                ? Modifier.Idf
                                : Modifier.None)
                .build();
    }

    private void addProvenance(Provenance provenance) {
        connection.await(
                connection
                        .collections()
                        .update(
                                UpdateCollection.newBuilder()
                                        .setCollectionName(settings.collection)
                                        .putAllMetadata(metadata(provenance))
                                        .build()),
                "set the metadata of " + settings.location());
    }

    /**
     * Indexes the payload fields of the conditions, so that the server evaluates them without
     * reading payloads from disk. Its strict mode may require an index.
     */
    private void index(Set<String> indexed) {
        if (!indexed.contains(QdrantPayload.FIELD_VALUES_PATH)) {
            connection.await(
                    connection
                            .points()
                            .createFieldIndex(
                                    CreateFieldIndexCollection.newBuilder()
                                            .setCollectionName(settings.collection)
                                            .setWait(true)
                                            .setFieldName(QdrantPayload.FIELD_VALUES_PATH)
                                            .setFieldType(FieldType.FieldTypeKeyword)
                                            .build()),
                    "index " + QdrantPayload.FIELD_VALUES_PATH + " in " + settings.location());
        }
        for (String path : QdrantRequestFactory.orderPaths()) {
            if (indexed.contains(path)) {
                continue;
            }
            connection.await(
                    connection
                            .points()
                            .createFieldIndex(
                                    CreateFieldIndexCollection.newBuilder()
                                            .setCollectionName(settings.collection)
                                            .setWait(true)
                                            .setFieldName(path)
                                            .setFieldType(FieldType.FieldTypeInteger)
                                            .setFieldIndexParams(
                                                    PayloadIndexParams.newBuilder()
                                                            .setIntegerIndexParams(
                                                                    IntegerIndexParams.newBuilder()
                                                                            .setLookup(true)
                                                                            .setRange(true)))
                                            .build()),
                    "index " + path + " in " + settings.location());
        }
    }

    private void check(CollectionInfo info) {
        Map<String, SparseVectorParams> vectors =
                info.getConfig().getParams().getSparseVectorsConfig().getMapMap();
        SparseVectorParams vector = vectors.get(settings.vector);
        if (vector == null) {
            throw new ConnectorException(
                    settings.location()
                            + " has no sparse vector '"
                            + settings.vector
                            + "' (it has "
                            + (vectors.isEmpty() ? "none" : new TreeSet<>(vectors.keySet()))
                            + "). Name an existing one with vector=, or a new collection");
        }
        Datatype datatype = vector.getIndex().getDatatype();
        if (datatype != Datatype.Default && datatype != Datatype.Float32) {
            throw new ConnectorException(
                    settings.location()
                            + " rounds the weights of '"
                            + settings.vector
                            + "' to "
                            + datatype
                            + ". Name a collection that stores them as Float32");
        }
        if (settings.modifier != null && settings.modifier != modifier(info)) {
            throw new ConnectorException(
                    settings.location()
                            + " has the modifier "
                            + name(modifier(info))
                            + " for '"
                            + settings.vector
                            + "', not "
                            + name(settings.modifier)
                            + ". Omit modifier=, or name a new collection");
        }
    }

    QdrantSettings.Modifier modifier(CollectionInfo info) {
        return info.getConfig()
                                .getParams()
                                .getSparseVectorsConfig()
                                .getMapMap()
                                .get(settings.vector)
                                .getModifier()
                        == Modifier.Idf
                ? QdrantSettings.Modifier.IDF
                : QdrantSettings.Modifier.NONE;
    }

    private static String name(QdrantSettings.Modifier modifier) {
        return modifier == QdrantSettings.Modifier.IDF ? "idf" : "none";
    }

    private static boolean hasProvenance(CollectionInfo info) {
        return info.getConfig().containsMetadata(QdrantPayload.META);
    }

    static Provenance provenance(CollectionInfo info) {
        Map<String, String> parts = new LinkedHashMap<>();
        info.getConfig()
                .getMetadataOrThrow(QdrantPayload.META)
                .getStructValue()
                .getFieldsMap()
                .forEach((name, part) -> parts.put(name, part.getStringValue()));
        return Provenance.fromMap(parts);
    }

    private static Map<String, Value> metadata(Provenance provenance) {
        Struct.Builder parts = Struct.newBuilder();
        provenance.toMap().forEach((name, part) -> parts.putFields(name, value(part)));
        return Map.of(QdrantPayload.META, Value.newBuilder().setStructValue(parts).build());
    }

    private ConnectorException foreign() {
        return new ConnectorException(
                settings.location()
                        + " contains points that flink-splade did not write: its metadata has no"
                        + " provenance. Name another collection");
    }
}
