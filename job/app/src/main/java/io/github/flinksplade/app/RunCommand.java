package io.github.flinksplade.app;

import io.github.flinksplade.app.JobSettings.Given;
import io.github.flinksplade.connector.Connectors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code run}: a job on this machine. Its options are the settings of {@link JobSettings#ALL}. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs a job on this machine: documents in, vectors out, until the sources end or you"
                    + " stop it.",
            "Options override the file of --config; an option given several times replaces the"
                    + " file's list."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade run --from file:docs.jsonl --to lucene:idx",
            "  flink-splade run --from 'kafka://localhost:9092/documents?group=splade' \\",
            "    --to kafka://localhost:9092/vectors --state state"
        })
final class RunCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @ParentCommand private Main main;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            order = 1,
            description = "A job.yaml with these settings; docs/configuration.md lists them.")
    private Path config;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            order = 1000,
            description = "A key of Flink's own configuration, such as -Dparallelism.default=2.")
    private Map<String, String> flink = new LinkedHashMap<>();

    /** Adds an option for each of these settings. */
    static void addSettings(CommandSpec spec, List<Setting<?>> settings) {
        int order = 2;
        for (Setting<?> setting : settings) {
            OptionSpec.Builder option =
                    OptionSpec.builder(setting.options().toArray(new String[0]))
                            .order(order++)
                            .description(
                                    setting.description().replace("%", "%%")
                                            + (setting.fallback() == null || setting.isFlag()
                                                    ? ""
                                                    : " Default: " + setting.fallback()));
            if (setting.isFlag()) {
                String off = setting.isOnByDefault() ? "Turns this off: " : "";
                option.arity("0").type(boolean.class);
                option.description(off + setting.description());
            } else {
                option.arity("1").paramLabel(setting.label());
                if (setting.repeated()) {
                    option.type(List.class).auxiliaryTypes(String.class);
                } else {
                    option.type(String.class);
                }
            }
            spec.addOption(option.build());
        }
    }

    @Override
    public Integer call() throws Exception {
        Map<String, Given> given = given(spec, JobSettings.ALL, config, flink);
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        return new LocalRun(settings, JobPlan::of, main.console(), main.isVerbose()).run();
    }

    /** What the file says, and over it the options. */
    static Map<String, Given> given(
            CommandSpec spec, List<Setting<?>> settings, Path config, Map<String, String> flink) {
        Map<String, Given> given = new LinkedHashMap<>();
        if (config != null) {
            given.putAll(JobFile.read(config, System::getenv));
        }
        given.putAll(fromOptions(spec, settings));
        if (!flink.isEmpty()) {
            Map<String, String> all = new LinkedHashMap<>();
            Given fromFile = given.get(JobSettings.FLINK);
            if (fromFile != null) {
                all.putAll(fromFile.map());
            }
            all.putAll(flink);
            given.put(JobSettings.FLINK, Given.of(UserException.COMMAND_LINE, all));
        }
        return given;
    }

    private static Map<String, Given> fromOptions(CommandSpec spec, List<Setting<?>> settings) {
        Map<String, Given> given = new LinkedHashMap<>();
        for (Setting<?> setting : settings) {
            Object value = spec.findOption(setting.options().get(0)).getValue();
            if (value instanceof Boolean on) {
                if (on) {
                    given.put(
                            setting.key(),
                            Given.of(
                                    UserException.COMMAND_LINE,
                                    Boolean.toString(!setting.isOnByDefault())));
                }
            } else if (value instanceof List<?> values) {
                List<String> texts = new ArrayList<>();
                values.forEach(text -> texts.add((String) text));
                given.put(setting.key(), new Given(UserException.COMMAND_LINE, texts, Map.of()));
            } else if (value != null) {
                given.put(setting.key(), Given.of(UserException.COMMAND_LINE, (String) value));
            }
        }
        return given;
    }
}
