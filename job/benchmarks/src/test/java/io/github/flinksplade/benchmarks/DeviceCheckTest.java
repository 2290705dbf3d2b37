package io.github.flinksplade.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.benchmarks.DeviceCheck.Item;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceCheckTest {

    private static final List<String> TEXTS =
            IntStream.range(0, 10)
                    .mapToObj(i -> "a car on the road ".repeat(1 + i) + "number " + i)
                    .toList();

    @TempDir static Path cache;

    private static List<Item> check(String device) {
        List<String> messages = new ArrayList<>();
        List<Item> items =
                new DeviceCheck(
                                "synthetic:minilm",
                                EncoderOptions.builder()
                                        .threads(2)
                                        .device(Device.parse(device))
                                        .cacheDirectory(cache.toString())
                                        .build(),
                                TEXTS,
                                Progress.SILENT,
                                messages::add)
                        .run();
        assertThat(messages).isNotEmpty();
        return items;
    }

    @Test
    void unavailableDeviceFailsWithAReason() {
        List<Item> items = check("cuda:0");
        assertThat(items).hasSize(1);
        assertThat(items.get(0).passed()).isFalse();
        assertThat(items.get(0).detail()).contains("cuda:0 cannot be used");
        assertThat(DeviceCheck.table(items).get(0)).startsWith("FAILED");
    }
}
