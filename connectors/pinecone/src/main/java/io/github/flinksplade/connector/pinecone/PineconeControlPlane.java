package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.StartMode;
import io.pinecone.clients.Pinecone;
import io.pinecone.exceptions.PineconeAlreadyExistsException;
import io.pinecone.exceptions.PineconeException;
import io.pinecone.exceptions.PineconeNotFoundException;
import java.time.Duration;
import java.util.Map;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.openapitools.db_control.client.model.IndexModel;

/** Pinecone's control plane (HTTP), which creates indexes and knows the host of each. */
final class PineconeControlPlane {

    private static final int CREATION_SECONDS = 120;

    private final PineconeSettings settings;
    private final Pinecone client;

    PineconeControlPlane(PineconeSettings settings) {
        this.settings = settings;
        this.client =
                new Pinecone.Builder(settings.connection.apiKey())
                        .withOkHttpClient(http(settings))
                        .build();
    }

    /**
     * With one deadline for a request and its complete response. It also sets the host, because
     * Pinecone's client ignores its option {@code host} if it is given an HTTP client.
     */
    private static OkHttpClient http(PineconeSettings settings) {
        ConnectionSettings connection = settings.connection;
        HttpUrl host = HttpUrl.get(settings.host);
        Duration timeout = connection.requestTimeout();
        OkHttpClient.Builder builder =
                new OkHttpClient.Builder()
                        .followRedirects(false)
                        .addInterceptor(
                                chain ->
                                        chain.proceed(
                                                chain.request()
                                                        .newBuilder()
                                                        .url(atHost(host, chain.request().url()))
                                                        .build()))
                        .connectTimeout(timeout)
                        .readTimeout(timeout)
                        .writeTimeout(timeout)
                        .callTimeout(timeout);
        if (connection.trustManager() != null) {
            builder.sslSocketFactory(
                    connection.sslContext().getSocketFactory(), connection.trustManager());
        }
        return builder.build();
    }

    private static HttpUrl atHost(HttpUrl host, HttpUrl url) {
        return url.newBuilder().scheme(host.scheme()).host(host.host()).port(host.port()).build();
    }

    /**
     * Describes the index.
     *
     * @throws PineconeException if the index does not exist, or the control plane rejects the
     *     request or is unavailable
     * @throws ConnectorException if the index does not match the settings
     */
    IndexModel describe() {
        return requireMatch(read());
    }

    /** Describes the index, and creates it first if it is missing and the start allows it. */
    IndexModel describeOrCreate(StartMode start) {
        try {
            return describe();
        } catch (PineconeNotFoundException e) {
            start.requireMayCreate(settings.indexLocation());
            return requireMatch(create());
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
    }

    private IndexModel read() {
        try {
            return client.describeIndex(settings.index);
        } catch (PineconeException e) {
            throw e;
        } catch (RuntimeException e) {
            // the client fails in many ways for a response that it cannot parse
            throw new ConnectorException(
                    settings.host + " does not respond like Pinecone. Check host", e);
        }
    }

    private IndexModel create() {
        if (settings.dense != null && settings.dimension == 0) {
            throw new ConnectorException(
                    settings.indexLocation()
                            + " does not exist, and creating an index for dense vectors requires"
                            + " their dimension. Add dimension=NUMBER, or omit dense="
                            + settings.dense);
        }
        try {
            if (settings.dense == null) {
                client.createSparseServelessIndex(
                        settings.index,
                        settings.cloud,
                        settings.region,
                        "disabled",
                        Map.of(),
                        "sparse");
            } else {
                client.createServerlessIndex(
                        settings.index,
                        "dotproduct",
                        settings.dimension,
                        settings.cloud,
                        settings.region,
                        "disabled",
                        Map.of());
            }
        } catch (PineconeAlreadyExistsException e) {
            // another job created it at the same time
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
        try {
            return PineconePolling.await(
                    CREATION_SECONDS,
                    () -> {
                        IndexModel model = read();
                        return model.getStatus().getReady() ? model : null;
                    },
                    () ->
                            new ConnectorException(
                                    settings.indexLocation()
                                            + " was created, but is not ready after "
                                            + CREATION_SECONDS
                                            + " s. Start again when it is ready"));
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
    }

    private IndexModel requireMatch(IndexModel model) {
        boolean isSparse = "sparse".equals(model.getVectorType());
        if (!"dotproduct".equals(String.valueOf(model.getMetric()))) {
            throw new ConnectorException(
                    settings.indexLocation()
                            + " has the metric "
                            + model.getMetric()
                            + ", and sparse vectors require dotproduct. Name an index with that"
                            + " metric, or a new index");
        }
        if (!isSparse && settings.dense == null) {
            throw new ConnectorException(
                    settings.indexLocation()
                            + " is a dense index, whose records need a dense vector in addition to"
                            + " the sparse one. Name the field of the documents that contains it with"
                            + " dense=FIELD, or name an index for sparse vectors");
        }
        if (isSparse && settings.dense != null) {
            throw new ConnectorException(
                    settings.indexLocation()
                            + " is for sparse vectors only. Omit dense="
                            + settings.dense
                            + ", or name a dense index");
        }
        if (settings.dimension != 0
                && !isSparse
                && !Integer.valueOf(settings.dimension).equals(model.getDimension())) {
            throw new ConnectorException(
                    settings.indexLocation()
                            + " is for dense vectors of dimension "
                            + model.getDimension()
                            + ", not "
                            + settings.dimension
                            + ". Omit dimension, or name another index");
        }
        return model;
    }
}
