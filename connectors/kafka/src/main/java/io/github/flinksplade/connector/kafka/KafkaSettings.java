package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.io.Reader;
import java.io.Serializable;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.flink.connector.kafka.source.KafkaSourceOptions;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * The settings of a {@code kafka://host:port[,host:port]/topic} URI: brokers, topic and Kafka
 * properties. Properties come from the file that the option {@code properties} names and from the
 * job file, which takes precedence. {@code bootstrap.servers} is always taken from the URI.
 */
final class KafkaSettings implements Serializable {

    private static final long serialVersionUID = 1L;

    static final ConnectorOption<String> PROPERTIES =
            ConnectorOption.text(
                    "properties",
                    "a path",
                    null,
                    "a file of Kafka properties: security, tuning; `kafka.properties` of the job"
                            + " file takes precedence over it");

    /** The options of every {@code kafka:} URI. */
    static final List<ConnectorOption<?>> OPTIONS = List.of(PROPERTIES);

    private static final String FORM =
            "Write kafka://broker:9092/topic, with commas between several brokers.";
    private static final Pattern SERVER =
            Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.%]+])(?::([0-9]{1,5}))?");
    private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9._-]{1,249}");
    private static final Set<String> KNOWN_PROPERTIES = knownProperties();

    private final ConnectorUri uri;
    private final String servers;
    private final String topic;
    private final Properties properties;

    private KafkaSettings(ConnectorUri uri, String servers, String topic, Properties properties) {
        this.uri = uri;
        this.servers = servers;
        this.topic = topic;
        this.properties = properties;
    }

    /** Parses the URI and reads its file of properties. */
    static KafkaSettings of(ConnectorUri uri) {
        String location = uri.location();
        if (location.indexOf('@') >= 0) {
            // The URI is not quoted: what precedes the @ may be a password.
            throw new ConnectorException(
                    "a kafka: URI must not contain credentials. Write sasl.jaas.config into a file"
                            + " and add ?properties=FILE.");
        }
        int slash = location.indexOf('/', 2);
        if (!location.startsWith("//") || slash < 0 || slash == location.length() - 1) {
            throw new ConnectorException(uri + " does not name brokers and a topic. " + FORM);
        }
        String servers = location.substring(2, slash);
        for (String server : servers.split(",", -1)) {
            checkServer(uri, server);
        }
        String topic = location.substring(slash + 1);
        if (!TOPIC.matcher(topic).matches() || topic.equals(".") || topic.equals("..")) {
            throw new ConnectorException(
                    "'"
                            + topic
                            + "' in "
                            + uri
                            + " is not a valid topic name. A name has 1 to 249 letters, digits,"
                            + " dots, underscores and dashes.");
        }
        Properties properties = new Properties();
        String file = PROPERTIES.get(uri);
        if (file != null) {
            readFile(uri, file, properties);
            checkNames(properties.stringPropertyNames(), file);
        }
        checkNames(uri.properties().keySet(), "the configuration");
        uri.properties().forEach(properties::setProperty);
        properties.setProperty(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, servers);
        return new KafkaSettings(uri, servers, topic, properties);
    }

    private static void checkServer(ConnectorUri uri, String server) {
        var parts = SERVER.matcher(server);
        if (!parts.matches()) {
            throw new ConnectorException(
                    "'" + server + "' in " + uri + " is not a broker. " + FORM);
        }
        if (parts.group(2) == null) {
            throw new ConnectorException(
                    "broker '" + server + "' in " + uri + " has no port. " + FORM);
        }
        int port = Integer.parseInt(parts.group(2));
        if (port < 1 || port > 65535) {
            throw new ConnectorException(
                    "port " + port + " in " + uri + " is not between 1 and 65535");
        }
    }

    private static void readFile(ConnectorUri uri, String file, Properties properties) {
        Path path;
        try {
            path = Path.of(file);
        } catch (InvalidPathException e) {
            throw new ConnectorException("'" + file + "' in " + uri + " is not a valid path", e);
        }
        if (!Files.isRegularFile(path)) {
            throw new ConnectorException(
                    "the file of Kafka properties '" + file + "' in " + uri + " does not exist");
        }
        try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (CharacterCodingException e) {
            throw new ConnectorException(
                    "the file of Kafka properties '" + file + "' is not UTF-8", e);
        } catch (IllegalArgumentException e) {
            throw new ConnectorException(
                    "the file of Kafka properties '"
                            + file
                            + "' contains \\u without four hexadecimal digits after it. Double the"
                            + " backslash.",
                    e);
        } catch (IOException e) {
            throw new ConnectorException(
                    "the file of Kafka properties '" + file + "' cannot be read", e);
        }
    }

    /**
     * Rejects a name that is similar to one of Kafka's. All other names are accepted: they may
     * belong to a login module or an interceptor.
     */
    private static void checkNames(Set<String> names, String where) {
        for (String name : names) {
            if (KNOWN_PROPERTIES.contains(name)) {
                continue;
            }
            String nearest = ConnectorUri.nearest(name, KNOWN_PROPERTIES);
            if (nearest != null && Math.abs(nearest.length() - name.length()) <= 2) {
                throw new ConnectorException(
                        "unknown Kafka property '"
                                + name
                                + "' in "
                                + where
                                + "; did you mean '"
                                + nearest
                                + "'?");
            }
        }
    }

    private static Set<String> knownProperties() {
        Set<String> names = new HashSet<>(ConsumerConfig.configNames());
        names.addAll(ProducerConfig.configNames());
        names.addAll(AdminClientConfig.configNames());
        names.add(KafkaSourceOptions.CLIENT_ID_PREFIX.key());
        names.add(KafkaSourceOptions.PARTITION_DISCOVERY_INTERVAL_MS.key());
        names.add(KafkaSourceOptions.REGISTER_KAFKA_CONSUMER_METRICS.key());
        names.add(KafkaSourceOptions.COMMIT_OFFSETS_ON_CHECKPOINT.key());
        return names;
    }

    /** The URI as the user wrote it. */
    ConnectorUri uri() {
        return uri;
    }

    /** The URI without options. */
    String displayName() {
        return KafkaConnector.SCHEME + "://" + servers + "/" + topic;
    }

    /** {@code host:port[,host:port]}. */
    String servers() {
        return servers;
    }

    String topic() {
        return topic;
    }

    /** A copy of the Kafka properties, including {@code bootstrap.servers}. May contain secrets. */
    Properties properties() {
        Properties copy = new Properties();
        copy.putAll(properties);
        copy.keySet().removeAll(SchemaRegistryClient.PROPERTIES);
        return copy;
    }

    /** One of {@link SchemaRegistryClient#PROPERTIES}, or null. May be a secret. */
    String registryProperty(String name) {
        return properties.getProperty(name);
    }

    /** The URI without the properties. */
    @Override
    public String toString() {
        return uri.toString();
    }
}
