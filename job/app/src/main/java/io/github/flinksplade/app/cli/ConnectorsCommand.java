package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.Column.Overflow;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code connectors}: lists the connectors, or the options of one. */
@Command(
        name = "connectors",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {"Lists the sources and sinks, or the options in the URIs of one."},
        footer = {"", "Example:", "  flink-splade connectors kafka"})
final class ConnectorsCommand implements Callable<Integer> {

    private static final int NAME_WIDTH = 22;
    private static final int WIDTH = 96;

    @ParentCommand private RootCommand root;
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "SCHEME", arity = "0..1", description = "A connector, such as kafka.")
    private String scheme;

    @Override
    public Integer call() {
        Map<String, Connector> all = Connectors.all();
        Results results = new Results(root.console());
        if (scheme == null) {
            TextTable table = table();
            all.forEach((name, connector) -> row(table, name + ":", connector.usage()));
            results.line(table.toString().stripTrailing());
        } else {
            Connector connector = all.get(scheme);
            if (connector == null) {
                String nearest = ConnectorUri.nearest(scheme, all.keySet());
                throw UserException.at(
                        UserException.COMMAND_LINE,
                        "no connector for '"
                                + scheme
                                + "'"
                                + (nearest == null ? "" : "; did you mean '" + nearest + "'?")
                                + " Known: "
                                + String.join(", ", all.keySet()),
                        null);
            }
            results.line(connector.usage());
            options("Options of a source", connector.sourceOptions(), results);
            if (!connector.sourceOptions().isEmpty()) {
                options("Options of every source", DocumentMapping.OPTIONS, results);
            }
            options("Options of a sink", connector.sinkOptions(), results);
            options("Options of dead letters", connector.deadLetterOptions(), results);
        }
        results.flush();
        return ExitCode.OK;
    }

    private void options(String heading, List<ConnectorOption<?>> options, Results results) {
        if (options.isEmpty()) {
            return;
        }
        TextTable table = table();
        for (ConnectorOption<?> option : options) {
            String defaultText =
                    option.defaultText().isEmpty() ? "" : " Default: " + option.defaultText() + ".";
            row(
                    table,
                    "  " + option.name(),
                    option.values() + ": " + option.description() + "." + defaultText);
        }
        results.line("");
        results.line(heading + ":");
        results.line(table.toString().stripTrailing());
    }

    private TextTable table() {
        return TextTable.forColumns(
                spec.commandLine().getColorScheme(),
                new Column(NAME_WIDTH, 0, Overflow.SPAN),
                new Column(WIDTH - NAME_WIDTH, 0, Overflow.WRAP));
    }

    private void row(TextTable table, String name, String text) {
        table.addRowValues(text(name), text(text.replace("`", "")));
    }

    private Text text(String plain) {
        return spec.commandLine().getColorScheme().text(plain);
    }
}
