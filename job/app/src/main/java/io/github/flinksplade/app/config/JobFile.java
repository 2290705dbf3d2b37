package io.github.flinksplade.app.config;

import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * Reads the settings of a job from YAML. Values are kept as text, so that {@code 010} or {@code no}
 * are not converted. {@code ${env:NAME}} and {@code ${file:PATH}} in a value are replaced by an
 * environment variable and by the content of a file, for secrets. A URI is a text, or a map of
 * {@code uri} and its options, which need no percent-encoding there.
 */
public final class JobFile {

    private static final int MAX_SHOWN = 60;
    private static final String URI = "uri";
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{(env|file):([^}]+)}");

    private final Path file;
    private final UnaryOperator<String> environment;

    private JobFile(Path file, UnaryOperator<String> environment) {
        this.file = file;
        this.environment = environment;
    }

    /**
     * Adds the properties of the URI's scheme in a job file.
     *
     * @param file the job file, or null
     */
    public static ConnectorUri withProperties(ConnectorUri uri, Path file) {
        Given given =
                file == null
                        ? null
                        : read(file, System::getenv).get(uri.scheme() + JobSettings.PROPERTIES);
        return given == null ? uri : uri.withProperties(given.map());
    }

    /**
     * Reads a job file.
     *
     * @param environment returns the value of an environment variable, or null
     * @throws UserException when it cannot be read or is not a map of settings
     */
    public static Map<String, Given> read(Path path, UnaryOperator<String> environment) {
        Path file = Path.of(expanded(path.toString()));
        String text;
        try {
            text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                            .toString();
        } catch (NoSuchFileException e) {
            throw new UserException("the configuration file " + file + " does not exist", e);
        } catch (CharacterCodingException e) {
            throw new UserException("the configuration file " + file + " is not valid UTF-8", e);
        } catch (IOException e) {
            throw new UserException(
                    "cannot read the configuration file " + file + ": " + Failure.of(e).message(),
                    e);
        }
        return new JobFile(file, environment).settings(text);
    }

    private static String expanded(String path) {
        try {
            return HomeDirectory.expand(path, System.getenv());
        } catch (IllegalArgumentException e) {
            throw new UserException(e.getMessage(), e);
        }
    }

    private static String line(String text, int number) {
        return text.lines().skip(number).findFirst().orElse("");
    }

    /** Describes a syntax error without the terms of the YAML library. */
    private static String problem(String line, int column) {
        if (column < line.length() && line.charAt(column) == '\t'
                || line.stripTrailing().length() > column
                        && line.substring(0, column).indexOf('\t') >= 0
                        && line.substring(0, column).isBlank()) {
            return "the indentation contains a tab. Indent with spaces.";
        }
        String shown = line.strip();
        return (shown.isEmpty()
                        ? "the file ends too early"
                        : "'"
                                + (shown.length() <= MAX_SHOWN
                                        ? shown
                                        : shown.substring(0, MAX_SHOWN) + "...")
                                + "' is not valid here")
                + ". Check the indentation, quotation marks and brackets here and above.";
    }

    private Map<String, Given> settings(String text) {
        Node root;
        try {
            LoaderOptions options = new LoaderOptions();
            root = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark();
            throw new UserException(
                    file
                            + " is not valid YAML: line "
                            + (mark.getLine() + 1)
                            + ", column "
                            + (mark.getColumn() + 1)
                            + ": "
                            + problem(line(text, mark.getLine()), mark.getColumn()),
                    e);
        } catch (ReaderException e) {
            throw new UserException(
                    file
                            + " is not valid YAML: it contains a control character, U+"
                            + String.format(Locale.ROOT, "%04X", e.getCodePoint())
                            + ", in line "
                            + (text.codePoints()
                                            .limit(e.getPosition())
                                            .filter(c -> c == '\n')
                                            .count()
                                    + 1)
                            + ". Remove it.",
                    e);
        } catch (YAMLException e) {
            throw new UserException(
                    file
                            + " is not valid YAML: it is too large, nested too deeply, or repeats"
                            + " too many aliases. Write one setting per line.",
                    e);
        }
        if (root == null) {
            throw new UserException(file + " is empty. It must contain at least from: and to:");
        }
        if (!(root instanceof MappingNode map)) {
            throw new UserException(file + " is not a map of settings, such as 'to: lucene:index'");
        }
        Map<String, Given> settings = new LinkedHashMap<>();
        for (NodeTuple pair : map.getValue()) {
            String key = scalar(pair.getKeyNode());
            if (settings.put(key, given(key, pair.getValueNode())) != null) {
                throw new UserException("duplicate key '" + key + "' " + where(pair.getKeyNode()));
            }
        }
        return settings;
    }

    private Given given(String key, Node node) {
        if (node instanceof MappingNode map && isUri(map)) {
            return Given.of(where(node), uri(map));
        }
        if (node instanceof MappingNode map) {
            Map<String, String> pairs = new LinkedHashMap<>();
            flatten("", map, pairs);
            return Given.of(where(node), pairs);
        }
        if (node instanceof SequenceNode list) {
            List<String> values = new ArrayList<>();
            for (Node element : list.getValue()) {
                values.add(
                        element instanceof MappingNode map && isUri(map)
                                ? uri(map)
                                : scalar(element));
            }
            return new Given(where(node), values, Map.of());
        }
        return Given.of(where(node), value(key, node));
    }

    /** Whether the map is a URI whose options are keys. */
    private static boolean isUri(MappingNode map) {
        return map.getValue().stream()
                .anyMatch(
                        pair ->
                                pair.getKeyNode() instanceof ScalarNode key
                                        && key.getValue().equals(URI));
    }

    /** The URI with the other keys as options; a list of values is joined by commas. */
    private String uri(MappingNode map) {
        Map<String, String> options = new LinkedHashMap<>();
        for (NodeTuple pair : map.getValue()) {
            String key = scalar(pair.getKeyNode());
            String value =
                    pair.getValueNode() instanceof SequenceNode list
                            ? list.getValue().stream()
                                    .map(this::scalar)
                                    .collect(Collectors.joining(","))
                            : value(key, pair.getValueNode());
            if (options.put(key, value) != null) {
                throw new UserException("duplicate key '" + key + "' " + where(pair.getKeyNode()));
            }
        }
        StringBuilder uri = new StringBuilder(options.remove(URI));
        options.forEach(
                (key, value) ->
                        uri.append(uri.indexOf("?") < 0 ? '?' : '&')
                                .append(key)
                                .append('=')
                                .append(value.replace("%", "%25").replace("&", "%26")));
        return uri.toString();
    }

    private void flatten(String prefix, MappingNode map, Map<String, String> pairs) {
        for (NodeTuple pair : map.getValue()) {
            String key = prefix + scalar(pair.getKeyNode());
            if (pair.getValueNode() instanceof MappingNode inner) {
                flatten(key + ".", inner, pairs);
            } else if (pairs.put(key, value(key, pair.getValueNode())) != null) {
                throw new UserException("duplicate key '" + key + "' " + where(pair.getKeyNode()));
            }
        }
    }

    private String value(String key, Node node) {
        String value = scalar(node);
        if (value.isEmpty() && ((ScalarNode) node).isPlain()) {
            throw new UserException("'" + key + "' has no value " + where(node));
        }
        return value;
    }

    private String scalar(Node node) {
        if (!(node instanceof ScalarNode scalar)) {
            throw new UserException("a single value is expected " + where(node));
        }
        return REFERENCE
                .matcher(scalar.getValue())
                .replaceAll(
                        reference ->
                                Matcher.quoteReplacement(
                                        reference.group(1).equals("env")
                                                ? variable(reference.group(2), node)
                                                : content(reference.group(2), node)));
    }

    private String variable(String name, Node node) {
        String value = environment.apply(name);
        if (value == null) {
            throw new UserException(
                    "the environment variable " + name + " is not set, used " + where(node));
        }
        return value;
    }

    private String content(String path, Node node) {
        try {
            return Files.readString(Path.of(expanded(path))).stripTrailing();
        } catch (IOException e) {
            throw new UserException("cannot read " + path + ", used " + where(node), e);
        }
    }

    private String where(Node node) {
        return "in " + file + ", line " + (node.getStartMark().getLine() + 1);
    }
}
