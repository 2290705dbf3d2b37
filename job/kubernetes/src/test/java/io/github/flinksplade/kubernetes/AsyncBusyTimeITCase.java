package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.StreamSupport;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MetricOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.junit.jupiter.api.Test;

/**
 * The premise of the component {@code autoscale}: an operator that waits for asynchronous results
 * is busy, in Flink's metric, only while its queue is full. It measures times, so it runs only on
 * request, on a machine without other work: {@code -Dflinksplade.busyTime=true}.
 */
class AsyncBusyTimeITCase {

    /** What one worker needs for one record. */
    private static final Duration SERVICE = Duration.ofMillis(4);

    private static final int CAPACITY = 32;
    private static final String UID = "async";

    /** As the encoder: one worker takes the records one by one. */
    private static final class OneWorker extends RichAsyncFunction<Long, Long> {
        private static final long serialVersionUID = 1L;
        private transient ExecutorService worker;

        @Override
        public void open(OpenContext context) {
            worker = Executors.newSingleThreadExecutor();
        }

        @Override
        public void asyncInvoke(Long input, ResultFuture<Long> result) {
            worker.execute(
                    () -> {
                        LockSupport.parkNanos(SERVICE.toNanos());
                        result.complete(List.of(input));
                    });
        }

        @Override
        public void close() {
            if (worker != null) {
                worker.shutdownNow();
            }
        }
    }

    /** Passes at most one record per interval. */
    private record Pace(Duration interval) implements MapFunction<Long, Long> {
        @Override
        public Long map(Long value) {
            LockSupport.parkNanos(interval.toNanos());
            return value;
        }
    }

    /** The highest of several samples of busyTimeMsPerSecond, and the lowest. */
    private record Busy(double min, double max) {}

    private static Busy measure(Duration interval) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(1);
        AsyncDataStream.orderedWait(
                        env.fromSequence(0, Long.MAX_VALUE - 1)
                                .map(new Pace(interval))
                                .keyBy(value -> 0L),
                        new OneWorker(),
                        0,
                        TimeUnit.MILLISECONDS,
                        CAPACITY)
                .name(UID)
                .uid(UID)
                .sinkTo(new DiscardingSink<>());
        JobGraph graph = env.getStreamGraph().getJobGraph();
        String vertex =
                StreamSupport.stream(graph.getVertices().spliterator(), false)
                        .filter(candidate -> candidate.getName().contains(UID))
                        .findFirst()
                        .orElseThrow()
                        .getID()
                        .toString();
        Configuration configuration = new Configuration();
        configuration.set(RestOptions.BIND_PORT, "0");
        configuration.set(MetricOptions.METRIC_FETCHER_UPDATE_INTERVAL, Duration.ofSeconds(1));
        MiniCluster cluster =
                new MiniCluster(
                        new MiniClusterConfiguration.Builder()
                                .setConfiguration(configuration)
                                .setNumTaskManagers(1)
                                .setNumSlotsPerTaskManager(1)
                                .build());
        try {
            cluster.start();
            JobID job = cluster.submitJob(graph).get().getJobID();
            URI metrics =
                    cluster.getRestAddress()
                            .get()
                            .resolve(
                                    "/jobs/"
                                            + job
                                            + "/vertices/"
                                            + vertex
                                            + "/subtasks/metrics?get=busyTimeMsPerSecond,"
                                            + "numRecordsInPerSecond");
            return sample(metrics);
        } finally {
            cluster.close();
        }
    }

    /**
     * Waits until records flow and the averages, over a minute at most, no longer start at zero.
     */
    private static Busy sample(URI metrics) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        Instant deadline = Instant.now().plusSeconds(120);
        List<Double> samples = new ArrayList<>();
        while (samples.size() < 10) {
            assertThat(Instant.now()).as("metrics " + metrics).isBefore(deadline);
            Thread.sleep(1000);
            JsonNode response =
                    new ObjectMapper()
                            .readTree(
                                    client.send(
                                                    HttpRequest.newBuilder(metrics).build(),
                                                    BodyHandlers.ofString())
                                            .body());
            Double busy = null;
            double rate = 0;
            for (JsonNode metric : response) {
                if (metric.get("id").asText().equals("busyTimeMsPerSecond")) {
                    busy = metric.path("max").asDouble();
                } else {
                    rate = metric.path("max").asDouble();
                }
            }
            if (busy != null && rate > 10) {
                samples.add(busy);
            }
        }
        // the first samples include the start of the task
        List<Double> steady = samples.subList(5, samples.size());
        return new Busy(
                steady.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
                steady.stream().mapToDouble(Double::doubleValue).max().orElseThrow());
    }

    @Test
    void waitingOperatorIsBusyOnlyWhileItsQueueIsFull() throws Exception {
        assumeTrue(
                Boolean.getBoolean("flinksplade.busyTime"),
                "it measures times; run it with -Dflinksplade.busyTime=true on an idle machine");
        // Records arrive at half of the worker's rate, which a proportional metric would report as
        // 500, and at ten times its rate.
        Busy half = measure(SERVICE.multipliedBy(2));
        Busy overload = measure(SERVICE.dividedBy(10));
        assertThat(half.max()).as("ms/s at half of the load, %s", half).isLessThan(350);
        assertThat(overload.min()).as("ms/s at overload, %s", overload).isGreaterThan(800);
    }
}
