package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.vector.SparseVector;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.apache.flink.api.common.JobInfo;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.api.common.TaskInfoImpl;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.metrics.groups.OperatorIOMetricGroup;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.store.FSDirectory;

/** An index in a test: its sink, its records and its content. */
final class TestIndex {

    static final Provenance MODEL = new Provenance("model-a", "aa", "tt", "fp32", "none", 128);

    final Path directory;
    final Metrics metrics = new Metrics();
    private final ConnectorUri uri;

    TestIndex(Path directory) {
        this(directory, "");
    }

    TestIndex(Path directory, String options) {
        this.directory = directory;
        this.uri = ConnectorUri.parse("lucene:" + directory + options);
    }

    VectorSink sink() {
        return new LuceneConnector().sink(uri);
    }

    void check() {
        check(MODEL);
    }

    void check(Provenance provenance) {
        prepare(provenance);
    }

    /** Opens a writer like a job without state, creating the index if necessary. */
    LuceneWriter open() {
        check();
        return flinkSink().createWriter(new Context(1, metrics));
    }

    LuceneWriter restore(CommitPoint point) {
        return (LuceneWriter) flinkSink().restoreWriter(new Context(1, metrics), List.of(point));
    }

    LuceneFlinkSink flinkSink() {
        return flinkSink(MODEL);
    }

    /** The sink of a job with this encoder, without checking the encoder of the index. */
    LuceneFlinkSink flinkSink(Provenance provenance) {
        return new LuceneFlinkSink(LuceneSettings.of(uri), false, context(provenance));
    }

    PreparedSink prepare(Provenance provenance) {
        return sink().prepare(context(provenance), StartMode.NEW);
    }

    SearchIndex search() {
        return new LuceneConnector().index(uri);
    }

    /** The ids of the documents with a term. */
    TreeSet<String> idsWith(int term) {
        TreeSet<String> ids = new TreeSet<>();
        for (Hit hit : hits(term)) {
            if (!ids.add(hit.id())) {
                throw new AssertionError(hit.id() + " was found twice");
            }
        }
        return ids;
    }

    List<Hit> hits(int term) {
        try (SearchIndex index = search()) {
            return index.search(
                    new SearchIndex.Query(
                            new SparseVector(new int[] {term}, new float[] {1f}),
                            Integer.MAX_VALUE,
                            false));
        }
    }

    int commits() throws Exception {
        try (FSDirectory opened = FSDirectory.open(directory)) {
            return DirectoryReader.listCommits(opened).size();
        }
    }

    static SinkContext context(Provenance provenance) {
        return new SinkContext("lucene", "job", provenance, new Terms(), false);
    }

    static VectorRecord upsert(String id, long version, int[] indices, float[] values) {
        return upsert(id, version, "text of " + id + " in version " + version, indices, values);
    }

    static VectorRecord upsert(
            String id, long version, String text, int[] indices, float[] values) {
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                text,
                "{\"version\":" + version + "}",
                new SparseVector(indices, values),
                7,
                true,
                SourceRecord.of("test", 0, null, null));
    }

    /** A document with term 1 only. */
    static VectorRecord upsert(String id, long version) {
        return upsert(id, version, new int[] {1}, new float[] {1f});
    }

    static VectorRecord delete(String id, long version) {
        return VectorRecord.delete(id, version, SourceRecord.of("test", 0, null, null));
    }

    private record Terms() implements Vocabulary {
        @Override
        public int size() {
            return 30522;
        }

        @Override
        public String term(int index) {
            return "term" + index;
        }
    }

    /** Counters by name. */
    static final class Metrics extends UnregisteredMetricsGroup implements SinkWriterMetricGroup {

        private final Map<String, Counter> counters = new HashMap<>();

        long count(String name) {
            return counters.get(name).getCount();
        }

        @Override
        public Counter counter(String name) {
            return counters.computeIfAbsent(name, unused -> new SimpleCounter());
        }

        /** Ignores groups, since the names of the counters differ. */
        @Override
        public MetricGroup addGroup(String name) {
            return this;
        }

        @Override
        public MetricGroup addGroup(String key, String value) {
            return this;
        }

        @Override
        public Counter getNumRecordsOutErrorsCounter() {
            return counter("numRecordsOutErrors");
        }

        @Override
        public Counter getNumRecordsSendErrorsCounter() {
            return counter("numRecordsSendErrors");
        }

        @Override
        public Counter getNumRecordsSendCounter() {
            return counter("numRecordsSend");
        }

        @Override
        public Counter getNumBytesSendCounter() {
            return counter("numBytesSend");
        }

        @Override
        public void setCurrentSendTimeGauge(Gauge<Long> gauge) {}

        @Override
        public OperatorIOMetricGroup getIOMetricGroup() {
            return UnregisteredMetricsGroup.createOperatorMetricGroup().getIOMetricGroup();
        }
    }

    /** The part of Flink's context that the writer uses. */
    record Context(int parallelism, Metrics metricGroup) implements WriterInitContext {

        @Override
        public TaskInfo getTaskInfo() {
            return new TaskInfoImpl("lucene", 128, 0, parallelism, 0);
        }

        @Override
        public OptionalLong getRestoredCheckpointId() {
            return OptionalLong.empty();
        }

        @Override
        public JobInfo getJobInfo() {
            throw new UnsupportedOperationException();
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            throw new UnsupportedOperationException();
        }

        @Override
        public MailboxExecutor getMailboxExecutor() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ProcessingTimeService getProcessingTimeService() {
            throw new UnsupportedOperationException();
        }

        @Override
        public SerializationSchema.InitializationContext
                asSerializationSchemaInitializationContext() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isObjectReuseEnabled() {
            return false;
        }

        @Override
        public <T> TypeSerializer<T> createInputSerializer() {
            throw new UnsupportedOperationException();
        }
    }
}
