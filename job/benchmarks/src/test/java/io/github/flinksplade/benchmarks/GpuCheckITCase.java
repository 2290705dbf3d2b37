package io.github.flinksplade.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.Distribution;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that checks a machine with a GPU, without a GPU. */
class GpuCheckITCase {

    /** Shared, because it contains the built-in model, which has 93 MB. */
    @TempDir static Path cache;

    @TempDir Path directory;

    private Distribution.Answer check(String device) {
        return Distribution.execute(
                directory,
                "",
                Map.of(
                        "XDG_CACHE_HOME",
                        cache.toString(),
                        "FLINK_SPLADE",
                        Distribution.root().resolve("job/benchmarks/run").toString()),
                List.of(Distribution.root().resolve("deploy/gpu/check").toString(), device));
    }

    @Test
    void emulationRunsAllChecksOfVectors() {
        Distribution.Answer answer = check("cpu-emulation").expect(0);
        assertThat(answer.out())
                .contains("== the machine", "== vectors")
                .contains("fp32 opens", "top 1024 terms selected", "fused attention")
                .contains("fp32 compared to the CPU in fp32", "fp32 unbatched and batched")
                .contains("fp16 repeated", "fp16 with little memory", "fp16, 512 tokens")
                .contains("docs/s")
                .doesNotContain("FAILED");
    }

    @Test
    void failsWithAReasonWithoutAGpu() {
        Distribution.Answer answer = check("cuda:0").expect(1);
        assertThat(answer.out())
                .contains("FAILED")
                .contains("the device cuda:0 cannot be used")
                .doesNotContain("== speed");
    }
}
