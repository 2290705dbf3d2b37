package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import io.github.flinksplade.pipeline.VerifyDefinition;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/** Adds the operators of a {@link io.github.flinksplade.pipeline.VerifyJob} to an environment. */
public final class VerifyTopology {

    private VerifyTopology() {}

    /** See {@link io.github.flinksplade.pipeline.VerifyJob#define}. */
    public static void define(StreamExecutionEnvironment env, VerifyDefinition definition) {
        configure(env);
        DataStream<IndexRecord> records =
                Topology.named(
                                "index",
                                Topology.named(
                                                "start",
                                                env.fromSource(
                                                        new NumberSequenceSource(0, 0),
                                                        WatermarkStrategy.noWatermarks(),
                                                        "start"))
                                        .setParallelism(1)
                                        .flatMap(new IndexReadFunction(definition.index()))
                                        .returns(TypeInformation.of(IndexRecord.class)))
                        .setParallelism(1);

        DisplayNames names = DisplayNames.ofSources(definition.sources());
        DisplayNames unreadNames = DisplayNames.ofSources(definition.unread());
        DataStream<Notice> notices = null;
        DataStream<VerifiedDocument> documents = null;
        for (NamedSource source : definition.sources()) {
            SingleOutputStreamOperator<Document> parsed =
                    Topology.parse(env, source, names, definition.maxRecordBytes());
            notices = union(notices, parsed.getSideOutput(Notice.OUTPUT));
            documents =
                    union(
                            documents,
                            Topology.named(
                                    "read-" + source.name(),
                                    parsed.map(document -> new VerifiedDocument(document, false))
                                            .returns(TypeInformation.of(VerifiedDocument.class))));
        }
        for (NamedSource source : definition.unread()) {
            documents =
                    union(
                            documents,
                            Topology.named(
                                    "unread-" + source.name(),
                                    Topology.source(env, source, unreadNames)
                                            .flatMap(
                                                    new UnreadFunction(
                                                            source.source().format(),
                                                            source.mapping(),
                                                            definition.maxRecordBytes()))
                                            .returns(TypeInformation.of(VerifiedDocument.class))));
        }

        SingleOutputStreamOperator<Notice> compared =
                Topology.named(
                        "verify",
                        records.keyBy(IndexRecord::document, Types.STRING)
                                .connect(documents.keyBy(VerifiedDocument::id, Types.STRING))
                                .transform(
                                        "verify",
                                        TypeInformation.of(Notice.class),
                                        new VerifyOperator(
                                                definition.index(),
                                                definition.encoder(),
                                                definition.rejected(),
                                                definition.maxDifferences())));
        report(union(notices, compared), "verify-notices", definition.sources());
    }

    /** See {@link io.github.flinksplade.pipeline.ParseJob#define}. */
    public static void parseOnly(
            StreamExecutionEnvironment env, List<NamedSource> sources, long maxRecordBytes) {
        configure(env);
        DisplayNames names = DisplayNames.ofSources(sources);
        DataStream<Notice> notices = null;
        for (NamedSource source : sources) {
            SingleOutputStreamOperator<Document> parsed =
                    Topology.parse(env, source, names, maxRecordBytes);
            notices = union(notices, parsed.getSideOutput(Notice.OUTPUT));
        }
        report(notices, "parse-notices", sources);
    }

    private static void configure(StreamExecutionEnvironment env) {
        Configuration settings = new Configuration();
        settings.set(PipelineOptions.GENERIC_TYPES, false);
        settings.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        env.configure(settings);
        env.setMaxParallelism(Topology.MAX_PARALLELISM);
    }

    private static void report(DataStream<Notice> notices, String name, List<NamedSource> sources) {
        Topology.named(
                        name,
                        notices.transform(
                                "notices",
                                TypeInformation.of(DeadLetter.class),
                                new NoticeBoard(
                                        MaxDeadLetters.NONE,
                                        sources.stream().map(NamedSource::name).toList(),
                                        List.of("index"))))
                .setParallelism(1)
                .sinkTo(new DiscardingSink<>())
                .name("end")
                .uid("end")
                .setParallelism(1);
    }

    private static <T> DataStream<T> union(DataStream<T> streams, DataStream<T> other) {
        return streams == null ? other : streams.union(other);
    }

    /** See {@link io.github.flinksplade.pipeline.VerifyJob#hash}. */
    public static long hash(SourceRecord record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            write(record.position().getBytes(StandardCharsets.UTF_8), out);
            write(record.key(), out);
            write(record.value(), out);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to an array cannot fail", e);
        }
        return Hashes.ofBytes(bytes.toByteArray());
    }

    private static void write(byte[] part, DataOutputStream out) throws IOException {
        out.writeInt(part == null ? -1 : part.length);
        if (part != null) {
            out.write(part);
        }
    }
}
