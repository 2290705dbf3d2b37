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
 * The collection itself: created, and checked. What made its vectors stands in its metadata, under
 * {@link QdrantPayload#OURS}.
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
     * Creates the collection where there is none. One that is empty and says nothing of vectors'
     * making, as its owner may have made it with shards and replicas, is taken over.
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
            takeOver(context.provenance());
        }
        index(info.getPayloadSchemaMap().keySet());
    }

    /** An older server does not know the field and would write without the condition. */
    private void requireConditionalWrites() {
        String version =
                connection
                        .await(
                                connection
                                        .server()
                                        .healthCheck(HealthCheckRequest.getDefaultInstance()),
                                "say its version")
                        .getVersion();
        Matcher parts = VERSION.matcher(version);
        if (!parts.matches()
                || Integer.parseInt(parts.group(1)) == 1 && Integer.parseInt(parts.group(2)) < 16) {
            throw new ConnectorException(
                    settings.server()
                            + " has version "
                            + version
                            + ", which cannot keep an old change from overwriting a newer one;"
                            + " upgrade it to 1.16 or later");
        }
    }

    /** What the server says of the collection; refused when there is none. */
    CollectionInfo info() {
        CollectionInfo info = find();
        if (info == null) {
            throw new ConnectorException(
                    settings.location()
                            + " is not there; name the collection that a run has written to");
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

    private void takeOver(Provenance provenance) {
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
     * Indexes what the guard's conditions read, so that the server answers them without reading
     * payloads from disk, and also where its strict mode allows no others.
     */
    private void index(Set<String> indexed) {
        for (String path : QdrantRequestFactory.guardPaths()) {
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
                            + "); name one of its own with vector=, or a new collection");
        }
        Datatype datatype = vector.getIndex().getDatatype();
        if (datatype != Datatype.Default && datatype != Datatype.Float32) {
            throw new ConnectorException(
                    settings.location()
                            + " keeps the weights of '"
                            + settings.vector
                            + "' rounded, as "
                            + datatype
                            + "; name a collection that keeps them as Float32");
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
                            + "; leave modifier= out, or name a new collection");
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
        return info.getConfig().containsMetadata(QdrantPayload.OURS);
    }

    static Provenance provenance(CollectionInfo info) {
        Map<String, String> parts = new LinkedHashMap<>();
        info.getConfig()
                .getMetadataOrThrow(QdrantPayload.OURS)
                .getStructValue()
                .getFieldsMap()
                .forEach((name, part) -> parts.put(name, part.getStringValue()));
        return Provenance.fromMap(parts);
    }

    private static Map<String, Value> metadata(Provenance provenance) {
        Struct.Builder parts = Struct.newBuilder();
        provenance.toMap().forEach((name, part) -> parts.putFields(name, value(part)));
        return Map.of(QdrantPayload.OURS, Value.newBuilder().setStructValue(parts).build());
    }

    private ConnectorException foreign() {
        return new ConnectorException(
                settings.location()
                        + " holds points that flink-splade has not written, for its metadata says"
                        + " nothing of a model; name another collection");
    }
}
