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
 * {@code kafka://host:port[,host:port]/topic} taken apart, and the Kafka properties that go with
 * it: those of the file that the option {@code properties} names, overridden by those of the
 * configuration. The brokers are always those of the address.
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
            "write kafka://broker:9092/topic, several brokers separated by commas";
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

    /** Takes the address apart and reads its file of properties. */
    static KafkaSettings of(ConnectorUri uri) {
        String place = uri.location();
        if (place.indexOf('@') >= 0) {
            // The address is not repeated: what stands before the @ may be a password.
            throw new ConnectorException(
                    "a kafka: address holds no login; put sasl.jaas.config into a file and name it"
                            + " with ?properties=FILE");
        }
        int slash = place.indexOf('/', 2);
        if (!place.startsWith("//") || slash < 0 || slash == place.length() - 1) {
            throw new ConnectorException(uri + " does not name brokers and a topic; " + FORM);
        }
        String servers = place.substring(2, slash);
        for (String server : servers.split(",", -1)) {
            checkServer(uri, server);
        }
        String topic = place.substring(slash + 1);
        if (!TOPIC.matcher(topic).matches() || topic.equals(".") || topic.equals("..")) {
            throw new ConnectorException(
                    "'"
                            + topic
                            + "' in "
                            + uri
                            + " cannot be the name of a topic: 1 to 249 letters, digits, dots,"
                            + " underscores and dashes");
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
                    "'" + server + "' in " + uri + " is not a broker; " + FORM);
        }
        if (parts.group(2) == null) {
            throw new ConnectorException(
                    "broker '" + server + "' in " + uri + " has no port; " + FORM);
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
            throw new ConnectorException(
                    "'" + file + "' in " + uri + " is not the path of a file", e);
        }
        if (!Files.isRegularFile(path)) {
            throw new ConnectorException(
                    "there is no file '"
                            + file
                            + "' with Kafka properties, as "
                            + uri
                            + " names it");
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
                            + "' has a backslash-u that no four hexadecimal digits follow; double"
                            + " the backslash",
                    e);
        } catch (IOException e) {
            throw new ConnectorException(
                    "the file of Kafka properties '" + file + "' cannot be read", e);
        }
    }

    /**
     * Refuses a name that is nearly one of Kafka's. Names far from all of Kafka's pass: they may
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

    /** The address as the user wrote it. */
    ConnectorUri uri() {
        return uri;
    }

    /** {@code host:port[,host:port]}. */
    String servers() {
        return servers;
    }

    String topic() {
        return topic;
    }

    /** A copy of the Kafka properties, {@code bootstrap.servers} among them. May hold secrets. */
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

    /** The address without properties. */
    @Override
    public String toString() {
        return uri.toString();
    }
}
