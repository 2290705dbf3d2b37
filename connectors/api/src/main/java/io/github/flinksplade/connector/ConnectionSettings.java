package io.github.flinksplade.connector;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The connection to a server: credentials, trusted certificate authorities and the deadline of a
 * request. They are read where the job is submitted and shipped with it, so no other machine needs
 * the files or the environment variables.
 *
 * <p>Every connector has the same {@linkplain Property properties}, in {@code SCHEME.properties} of
 * the job file or in environment variables ({@code api-key} of {@code qdrant:} is {@code
 * QDRANT_API_KEY}). Credentials of the job file take precedence as a whole; only the password of a
 * user name that is written there may come from the environment.
 */
@PublicEvolving
public final class ConnectionSettings implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The deadline of a request where the option is not given. */
    public static final Duration DEFAULT_REQUEST_TIMEOUT = Duration.ofSeconds(60);

    private static final Duration MIN_REQUEST_TIMEOUT = Duration.ofMillis(100);
    private static final Duration MAX_REQUEST_TIMEOUT = Duration.ofHours(1);

    /** The deadline of a request and its complete response. */
    public static final ConnectorOption<Duration> REQUEST_TIMEOUT =
            ConnectorOption.duration(
                    "request-timeout",
                    DEFAULT_REQUEST_TIMEOUT,
                    MIN_REQUEST_TIMEOUT,
                    MAX_REQUEST_TIMEOUT,
                    "deadline of a request and its complete response");

    /** A property, which has the same name in every connector. */
    public enum Property {
        /** A user name; together with {@link #PASSWORD}. */
        USERNAME,
        PASSWORD,
        API_KEY,
        /** A bearer token. */
        TOKEN,
        /** Path of a PEM file: the certificate authorities to trust instead of Java's. */
        CA;

        /** The property's name, such as {@code api-key}. */
        public String key() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * Where properties come from.
     *
     * @param location the location of the properties, for messages: {@code solr.properties}
     * @param prefix the prefix of the names there, such as {@code registry.}; may be empty
     * @param properties returns the value of a property, or null
     * @param variablePrefix the prefix of the names of environment variables: {@code SOLR}
     * @param environment returns the value of an environment variable, or null
     */
    public record Origin(
            String location,
            String prefix,
            UnaryOperator<String> properties,
            String variablePrefix,
            UnaryOperator<String> environment) {

        private String property(Property property) {
            return nonBlank(properties.apply(prefix + property.key()));
        }

        private String variable(Property property) {
            return nonBlank(environment.apply(variableName(property)));
        }

        private String variableName(Property property) {
            return variablePrefix + "_" + property.name();
        }

        private static String nonBlank(String value) {
            return value == null || value.isBlank() ? null : value;
        }
    }

    private final Duration requestTimeout;
    private final String username;
    private final String password;
    private final String apiKey;
    private final String token;

    /** PEM, or null for the authorities that Java trusts. */
    private final String authorities;

    private final String credentialsHint;

    private ConnectionSettings(
            Duration requestTimeout,
            Map<Property, String> values,
            String authorities,
            String credentialsHint) {
        this.requestTimeout = requestTimeout;
        this.username = values.get(Property.USERNAME);
        this.password = values.get(Property.PASSWORD);
        this.apiKey = values.get(Property.API_KEY);
        this.token = values.get(Property.TOKEN);
        this.authorities = authorities;
        this.credentialsHint = credentialsHint;
    }

    /**
     * Reads the settings of a URI, and rejects unknown properties.
     *
     * @param tls whether the connection is encrypted
     * @param accepted the properties that the server can use
     * @throws ConnectorException if the credentials are incomplete or ambiguous, a property is
     *     unknown, or the file of authorities is unusable
     */
    public static ConnectionSettings of(ConnectorUri uri, boolean tls, Property... accepted) {
        return of(uri, tls, Set.of(), accepted);
    }

    /**
     * As {@link #of(ConnectorUri, boolean, Property...)}, for a connector with more properties.
     *
     * @param others the names of the other properties
     */
    public static ConnectionSettings of(
            ConnectorUri uri, boolean tls, Set<String> others, Property... accepted) {
        return of(uri, tls, others, System::getenv, accepted);
    }

    /** As above, with this environment. */
    static ConnectionSettings of(
            ConnectorUri uri,
            boolean tls,
            Set<String> others,
            UnaryOperator<String> environment,
            Property... accepted) {
        uri.allowProperties(
                Stream.concat(others.stream(), Arrays.stream(accepted).map(Property::key))
                        .toArray(String[]::new));
        Origin origin =
                new Origin(
                        uri.scheme() + ".properties",
                        "",
                        uri.properties()::get,
                        uri.scheme().toUpperCase(Locale.ROOT),
                        environment);
        return of(origin, uri.toString(), tls, REQUEST_TIMEOUT.get(uri), accepted);
    }

    /**
     * Reads settings that do not belong to a URI.
     *
     * @param server the server that the settings are for, for messages
     * @param tls whether the connection is encrypted
     * @param requestTimeout the deadline of a request
     * @param accepted the properties that the server can use
     * @throws ConnectorException if the credentials are incomplete or ambiguous, or the file of
     *     authorities is unusable
     */
    public static ConnectionSettings of(
            Origin origin,
            String server,
            boolean tls,
            Duration requestTimeout,
            Property... accepted) {
        Set<Property> known = Set.of(accepted);
        String hint = hint(origin, known);
        Map<Property, String> values = credentials(origin, known);
        check(server, values, hint);
        String authorities = known.contains(Property.CA) ? authorities(origin, server, tls) : null;
        return new ConnectionSettings(requestTimeout, values, authorities, hint);
    }

    /** "Set username and password, or api-key, in x.properties or as X_USERNAME, ...". */
    private static String hint(Origin origin, Set<Property> known) {
        List<String> alternatives = new ArrayList<>();
        if (known.contains(Property.USERNAME)) {
            alternatives.add(
                    origin.prefix()
                            + Property.USERNAME.key()
                            + " and "
                            + origin.prefix()
                            + Property.PASSWORD.key());
        }
        for (Property single : new Property[] {Property.API_KEY, Property.TOKEN}) {
            if (known.contains(single)) {
                alternatives.add(origin.prefix() + single.key());
            }
        }
        String variables =
                Stream.of(Property.values())
                        .filter(property -> property != Property.CA && known.contains(property))
                        .map(origin::variableName)
                        .collect(Collectors.joining(", "));
        return "Set "
                + String.join(" or ", alternatives)
                + " in "
                + origin.location()
                + ", or in the environment ("
                + variables
                + ")";
    }

    private static Map<Property, String> credentials(Origin origin, Set<Property> known) {
        Map<Property, String> configured = new EnumMap<>(Property.class);
        Map<Property, String> fromEnvironment = new EnumMap<>(Property.class);
        for (Property property : known) {
            if (property != Property.CA) {
                put(configured, property, origin.property(property));
                put(fromEnvironment, property, origin.variable(property));
            }
        }
        if (configured.isEmpty()) {
            return fromEnvironment;
        }
        if (configured.keySet().equals(Set.of(Property.USERNAME))) {
            put(configured, Property.PASSWORD, fromEnvironment.get(Property.PASSWORD));
        }
        return configured;
    }

    private static void put(Map<Property, String> values, Property property, String value) {
        if (value != null) {
            values.put(property, property == Property.PASSWORD ? value : value.strip());
        }
    }

    private static void check(String server, Map<Property, String> values, String hint) {
        boolean hasUsername = values.containsKey(Property.USERNAME);
        if (hasUsername != values.containsKey(Property.PASSWORD)) {
            throw new ConnectorException(
                    "the credentials of "
                            + server
                            + " are incomplete: there is a "
                            + (hasUsername ? Property.USERNAME : Property.PASSWORD).key()
                            + " but no "
                            + (hasUsername ? Property.PASSWORD : Property.USERNAME).key()
                            + ". "
                            + hint);
        }
        if (values.keySet().stream().filter(p -> p != Property.PASSWORD).count() > 1) {
            throw new ConnectorException(
                    "the credentials of "
                            + server
                            + " are ambiguous: "
                            + values.keySet().stream()
                                    .map(Property::key)
                                    .collect(Collectors.joining(", "))
                            + " are all set. "
                            + hint);
        }
        if (hasUsername && values.get(Property.USERNAME).indexOf(':') >= 0) {
            throw new ConnectorException(
                    "the username of "
                            + server
                            + " contains a colon, which HTTP does not support. Use another user");
        }
        for (Property single : new Property[] {Property.API_KEY, Property.TOKEN}) {
            String value = values.get(single);
            if (value != null && !value.matches("[\\x21-\\x7e]+")) {
                throw new ConnectorException(
                        "the "
                                + single.key()
                                + " of "
                                + server
                                + " contains a space or a character that is not ASCII. "
                                + hint);
            }
        }
    }

    private static String authorities(Origin origin, String server, boolean tls) {
        String file = origin.property(Property.CA);
        if (file == null) {
            return tls && origin.variable(Property.CA) != null
                    ? read(origin.variable(Property.CA), origin.variableName(Property.CA))
                    : null;
        }
        String name = origin.prefix() + Property.CA.key();
        if (!tls) {
            throw new ConnectorException(
                    origin.location()
                            + " has a "
                            + name
                            + ", but the connection to "
                            + server
                            + " is not encrypted. Encrypt it (tls=true or https), or remove "
                            + name);
        }
        return read(file, name + " of " + origin.location());
    }

    private static String read(String file, String setting) {
        try {
            String pem = Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
            trustManager(pem);
            return pem;
        } catch (IOException | InvalidPathException e) {
            throw new ConnectorException(
                    "the file '"
                            + file
                            + "' ("
                            + setting
                            + ") cannot be read. Set it to a file of certificates in PEM format on the"
                            + " machine where the job is submitted",
                    e);
        } catch (GeneralSecurityException e) {
            throw new ConnectorException(
                    "the file '"
                            + file
                            + "' ("
                            + setting
                            + ") contains no valid certificates. Set it to a file of certificates in"
                            + " PEM format",
                    e);
        }
    }

    private static X509TrustManager trustManager(String pem)
            throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        for (Certificate certificate :
                CertificateFactory.getInstance("X.509").generateCertificates(stream(pem))) {
            trusted.setCertificateEntry("ca" + trusted.size(), certificate);
        }
        if (trusted.size() == 0) {
            throw new CertificateException("no certificates");
        }
        TrustManagerFactory managers =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        return (X509TrustManager) managers.getTrustManagers()[0];
    }

    private static ByteArrayInputStream stream(String pem) {
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The deadline of a request, from its start to the end of the response. */
    public Duration requestTimeout() {
        return requestTimeout;
    }

    /** Whether there are credentials of any kind. */
    public boolean hasCredentials() {
        return username != null || apiKey != null || token != null;
    }

    /**
     * What the user can do about missing or invalid credentials: a sentence without a full stop.
     */
    public String credentialsHint() {
        return credentialsHint;
    }

    /** The API key, or null. Secret. */
    public String apiKey() {
        return apiKey;
    }

    /**
     * The value of the header {@code Authorization}: {@code Basic}, {@code ApiKey} or {@code
     * Bearer}; null if there are no credentials. Secret.
     */
    public String authorization() {
        if (username != null) {
            byte[] userAndPassword = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
            return "Basic " + Base64.getEncoder().encodeToString(userAndPassword);
        }
        if (apiKey != null) {
            return "ApiKey " + apiKey;
        }
        return token == null ? null : "Bearer " + token;
    }

    /** The certificate authorities to trust, in PEM form; null for those that Java trusts. */
    public String authorities() {
        return authorities;
    }

    /** A trust manager for {@link #authorities}; null for the default of Java. */
    public X509TrustManager trustManager() {
        try {
            return authorities == null ? null : trustManager(authorities);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("the certificates were valid at submission", e);
        }
    }

    /** A TLS context that trusts {@link #authorities}; null for the default of Java. */
    public SSLContext sslContext() {
        if (authorities == null) {
            return null;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {trustManager()}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has TLS", e);
        }
    }

    /** Does not contain secrets. */
    @Override
    public String toString() {
        return "ConnectionSettings[credentials="
                + (hasCredentials() ? "******" : "none")
                + ", ca="
                + (authorities == null ? "default" : "custom")
                + ", requestTimeout="
                + requestTimeout
                + "]";
    }
}
