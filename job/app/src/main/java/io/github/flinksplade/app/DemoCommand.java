package io.github.flinksplade.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** {@code demo}. */
@Command(name = "demo", mixinStandardHelpOptions = true, description = "Shows everything at work.")
final class DemoCommand implements Callable<Integer> {

    @ParentCommand private Main main;

    @Override
    public Integer call() {
        return ExitCode.OK;
    }
}
