package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The id of the vertex with the encoder, which docs/kubernetes.md states for the autoscaler. */
class EncoderVertexTest {

    @TempDir Path directory;

    private JobVertex encoder(String sinks, int parallelism) throws Exception {
        Path documents = directory.resolve("documents.jsonl");
        Files.writeString(documents, "{\"id\": \"1\", \"text\": \"a\"}\n");
        Path file =
                Files.writeString(
                        directory.resolve("job.yaml"),
                        "from: file:"
                                + documents
                                + "\nto: "
                                + sinks
                                + "\n"
                                + "dead-letters: file:"
                                + directory
                                + "/dead-letters\n");
        JobSettings settings =
                JobSettings.of(JobFile.read(file, name -> null), Connectors.all().keySet());
        JobPlan plan = JobPlan.of(settings);
        Provenance provenance = plan.provenance(Progress.SILENT);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(parallelism);
        SpladeJob.define(
                env,
                plan.define(
                        "flink-splade",
                        "",
                        identity -> StartMode.NEW,
                        false,
                        Connectors.of(settings.get(JobSettings.DEAD_LETTERS))
                                .deadLetters(settings.get(JobSettings.DEAD_LETTERS)),
                        provenance,
                        sentence -> {}));
        JobGraph graph = env.getStreamGraph().getJobGraph();
        List<JobVertex> vertices =
                StreamSupport.stream(graph.getVertices().spliterator(), false)
                        .filter(vertex -> vertex.getName().contains("encode"))
                        .toList();
        assertThat(vertices).hasSize(1);
        return vertices.get(0);
    }

    @Test
    void idIsThatOfThePageForAnySinksAndParallelism() throws Exception {
        JobVertex one = encoder("file:" + directory + "/one", 1);
        JobVertex two = encoder("[file:" + directory + "/two, lucene:" + directory + "/index]", 4);
        assertThat(two.getID()).isEqualTo(one.getID());
        assertThat(Files.readString(Manifests.ROOT.resolve("docs/kubernetes.md")))
                .contains("`" + one.getID() + "`");
        assertThat(one.getName()).startsWith("change-detector");
    }
}
