package io.github.flinksplade.connector.kafka;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.DefaultHostResolver;
import org.apache.kafka.clients.ManualMetadataUpdater;
import org.apache.kafka.clients.NetworkClient;
import org.apache.kafka.clients.NetworkClientUtils;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.EndTxnResponse;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;

/**
 * Requests that no public client sends: the commit of a transaction of another producer, and a
 * fetch that returns batches with their producers and the markers of commits and aborts. Not
 * thread-safe.
 */
final class BrokerRequests implements AutoCloseable {

    /** Newer versions identify topics by id. */
    private static final short FETCH_VERSION = 12;

    private static final int FETCH_MAX_WAIT_MILLIS = 100;
    private static final int FETCH_BYTES = 8 << 20;

    private final Metrics metrics = new Metrics();
    private final NetworkClient client;
    private final Duration timeout;

    /**
     * @param properties the properties of an admin client
     * @param timeout the deadline of each request
     */
    BrokerRequests(Properties properties, Duration timeout) {
        this.timeout = timeout;
        AdminClientConfig config = new AdminClientConfig(properties);
        client =
                ClientUtils.createNetworkClient(
                        config,
                        "flink-splade",
                        metrics,
                        "requests",
                        new LogContext(),
                        new ApiVersions(),
                        Time.SYSTEM,
                        1,
                        (int) timeout.toMillis(),
                        new ManualMetadataUpdater(),
                        new DefaultHostResolver());
    }

    /**
     * Commits a transaction.
     *
     * @param coordinator the broker that coordinates it
     * @return the error of the response, or {@link Errors#NONE}; a transaction that was committed
     *     with the same epoch is committed again without an error
     */
    Errors commit(Node coordinator, String transactionalId, long producerId, short epoch) {
        EndTxnRequestData data =
                new EndTxnRequestData()
                        .setTransactionalId(transactionalId)
                        .setProducerId(producerId)
                        .setProducerEpoch(epoch)
                        .setCommitted(true);
        // without transactions of version 2, which would increment the epoch: a job that resumes
        // commits with the epoch of its checkpoint, too
        EndTxnResponse response =
                (EndTxnResponse)
                        send(coordinator, new EndTxnRequest.Builder(data, false)).responseBody();
        return response.error();
    }

    /** Fetches batches from an offset on, whether they are committed or not. */
    FetchResponseData.PartitionData fetch(Node leader, TopicPartition partition, long offset) {
        FetchRequest.Builder request =
                FetchRequest.Builder.forConsumer(
                                FETCH_VERSION,
                                FETCH_MAX_WAIT_MILLIS,
                                1,
                                Map.of(
                                        partition,
                                        new FetchRequest.PartitionData(
                                                Uuid.ZERO_UUID,
                                                offset,
                                                FetchRequest.INVALID_LOG_START_OFFSET,
                                                FETCH_BYTES,
                                                Optional.empty())))
                        .setMaxBytes(FETCH_BYTES);
        ClientResponse response = send(leader, request);
        FetchResponse body = (FetchResponse) response.responseBody();
        if (body.error() != Errors.NONE) {
            throw body.error().exception();
        }
        return body.responseData(Map.of(), response.requestHeader().apiVersion()).get(partition);
    }

    private ClientResponse send(Node node, AbstractRequest.Builder<?> request) {
        try {
            if (!NetworkClientUtils.awaitReady(client, node, Time.SYSTEM, timeout.toMillis())) {
                throw new TimeoutException("no connection to " + node);
            }
            return NetworkClientUtils.sendAndReceive(
                    client,
                    client.newClientRequest(
                            node.idString(), request, Time.SYSTEM.milliseconds(), true),
                    Time.SYSTEM);
        } catch (IOException e) {
            throw new DisconnectException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        Utils.closeQuietly(client, "client");
        metrics.close();
    }
}
