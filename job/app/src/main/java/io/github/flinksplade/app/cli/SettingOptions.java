package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The settings of a job as options of a command. */
final class SettingOptions {

    private SettingOptions() {}

    /** Adds an option for each of these settings, after {@code --config}. */
    static void add(CommandSpec command, List<Setting<?>> settings) {
        int order = 2;
        for (Setting<?> setting : settings) {
            OptionSpec.Builder option =
                    OptionSpec.builder(setting.options().toArray(new String[0]))
                            .order(order++)
                            .description(
                                    setting.description().replace("%", "%%")
                                            + (setting.defaultText() == null || setting.isFlag()
                                                    ? ""
                                                    : " Default: " + setting.defaultText()));
            if (setting.isFlag()) {
                String off = setting.isOnByDefault() ? "Turns this off: " : "";
                option.arity("0").type(boolean.class);
                option.description(off + setting.description());
            } else {
                option.arity("1").paramLabel(setting.label());
                if (setting.isList()) {
                    option.type(List.class).auxiliaryTypes(String.class);
                } else {
                    option.type(String.class);
                }
            }
            command.addOption(option.build());
        }
    }

    /**
     * The settings as the user gave them; options override the file.
     *
     * @param config the file of {@code --config}, or null
     * @param flink the keys given with {@code -D}
     */
    static Map<String, Given> given(
            CommandSpec command,
            List<Setting<?>> settings,
            Path config,
            Map<String, String> flink) {
        Map<String, Given> given = new LinkedHashMap<>();
        if (config != null) {
            given.putAll(JobFile.read(config, System::getenv));
        }
        given.putAll(fromOptions(command, settings));
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

    private static Map<String, Given> fromOptions(CommandSpec command, List<Setting<?>> settings) {
        Map<String, Given> given = new LinkedHashMap<>();
        for (Setting<?> setting : settings) {
            Object value = command.findOption(setting.options().get(0)).getValue();
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
