package io.github.flinksplade.benchmarks;

import io.github.flinksplade.app.Main;
import java.util.List;

/** The command line with the benchmarks that are not part of the product. */
public final class BenchmarksMain {

    private BenchmarksMain() {}

    /** Runs a command line, such as {@code bench pipeline}. */
    public static void main(String[] args) {
        Main.main(args, commands());
    }

    static List<?> commands() {
        return List.of(
                new PipelineCommand(),
                new SinksCommand(),
                new StateCommand(),
                new SearchCommand(),
                new DeviceCommand());
    }
}
