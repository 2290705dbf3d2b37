package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that checks a GPU machine, as far as it goes without a GPU. */
class GpuCheckITCase {

    @TempDir Path directory;

    private Distribution.Answer check(String device) {
        return Distribution.execute(
                directory,
                "",
                Map.of("XDG_CACHE_HOME", directory.resolve("cache").toString()),
                List.of(Distribution.home().resolve("deploy/gpu/check").toString(), device));
    }

    @Test
    void cpuEmulationPassesAllChecksOfVectors() {
        Distribution.Answer answer = check("cpu-emulation").expect(0);
        assertThat(answer.out())
                .contains("== the machine", "== vectors")
                .contains("fp32 opens", "top 1024 terms selected", "fused attention")
                .contains("fp32 beside the CPU in fp32", "fp32 alone and in batches")
                .contains("fp16 a second time", "fp16 with little memory", "fp16, 512 tokens")
                .contains("docs/s")
                .doesNotContain("FAILED");
    }

    @Test
    void withoutAGpuItFailsAndSaysWhy() {
        Distribution.Answer answer = check("cuda:0").expect(1);
        assertThat(answer.out())
                .contains("FAILED")
                .contains("the device cuda:0 cannot be used")
                .doesNotContain("== speed");
    }
}
