package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.console.Results;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code completion}: prints a script for the shell. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description =
                "Prints a script that completes commands and options in bash and zsh with the Tab"
                        + " key.",
        footer = {
            "",
            "Examples:",
            "  source <(flink-splade completion)     # for this shell",
            "  flink-splade completion > ~/.local/share/bash-completion/completions/flink-splade"
        })
final class CompletionCommand implements Runnable {

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Override
    public void run() {
        Results results = new Results(root.console());
        results.line(AutoComplete.bash("flink-splade", spec.root().commandLine()).stripTrailing());
        results.flush();
    }
}
