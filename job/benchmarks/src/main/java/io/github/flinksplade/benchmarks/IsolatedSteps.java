package io.github.flinksplade.benchmarks;

import io.github.flinksplade.benchmarks.PipelineBenchmark.Cost;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.pipeline.DocumentParser;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import io.github.flinksplade.vector.SparseVector;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Measures steps of the job separately that share a thread with others in the job. */
final class IsolatedSteps {

    /** Passes over the texts; only the last one is measured. */
    private static final int PASSES = 4;

    private static final int MAX_TEXTS = 4000;

    /** Runs the step for the text with that index. */
    private interface Step {
        void run(int index) throws Exception;
    }

    private IsolatedSteps() {}

    static List<Cost> measure(SpladeEncoder encoder, List<String> all) throws Exception {
        List<String> texts = all.subList(0, Math.min(MAX_TEXTS, all.size()));
        DocumentParser parser =
                new DocumentParser(RecordFormat.JSON, PipelineOptions.defaults().maxRecordBytes());
        List<SourceRecord> records = new ArrayList<>();
        List<TokenSequence> tokens = new ArrayList<>();
        List<VectorRecord> vectors = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            String id = "d" + i;
            SourceRecord record =
                    SourceRecord.of(
                            "documents",
                            i,
                            id.getBytes(StandardCharsets.UTF_8),
                            BenchTopics.json(texts, i));
            records.add(record);
            TokenSequence sequence = encoder.tokenizer().tokenize(texts.get(i), Role.DOCUMENT);
            tokens.add(sequence);
            SparseVector vector = encoder.engine(Role.DOCUMENT).run(List.of(sequence)).get(0);
            vectors.add(
                    new VectorRecord(
                            id,
                            Operation.UPSERT,
                            1,
                            texts.get(i),
                            "{}",
                            vector,
                            sequence.tokens(),
                            sequence.truncated(),
                            record));
        }
        VectorJson json =
                new VectorJson(VectorJson.Form.INDICES, false, SpladeJob.provenance(encoder), null);
        return List.of(
                cost("parse JSON", texts.size(), i -> parser.parse(records.get(i))),
                cost(
                        "tokenize",
                        texts.size(),
                        i -> encoder.tokenizer().tokenize(texts.get(i), Role.DOCUMENT)),
                cost(
                        "engine, one text per run",
                        texts.size(),
                        i -> encoder.engine(Role.DOCUMENT).run(List.of(tokens.get(i)))),
                cost("write JSON", texts.size(), i -> json.bytes(vectors.get(i))));
    }

    private static Cost cost(String name, int texts, Step step) throws Exception {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long nanos = 0;
        for (int pass = 0; pass < PASSES; pass++) {
            long start = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < texts; i++) {
                step.run(i);
            }
            nanos = threads.getCurrentThreadCpuTime() - start;
        }
        return new Cost(name, nanos / 1e3 / texts);
    }
}
