package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectionSettings.Property;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionSettingsTest {

    @TempDir private Path folder;

    private static Map<String, String> map(String pairs) {
        Map<String, String> map = new LinkedHashMap<>();
        if (pairs != null) {
            for (String pair : pairs.split(",")) {
                String[] nameAndValue = pair.split("=", 2);
                map.put(nameAndValue[0], nameAndValue[1]);
            }
        }
        return map;
    }

    private static ConnectionSettings settings(
            Map<String, String> properties, Map<String, String> environment, boolean tls) {
        return ConnectionSettings.of(
                ConnectorUri.parse("solr://h/solr/c").withProperties(properties),
                tls,
                Set.of(),
                environment::get,
                Property.values());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            textBlock =
                    """
                    -                       | -                                | -
                    username=me,password=pw | -                                | Basic bWU6cHc=
                    -                       | SOLR_USERNAME=me,SOLR_PASSWORD=pw | Basic bWU6cHc=
                    username=me             | SOLR_PASSWORD=pw                 | Basic bWU6cHc=
                    api-key=k               | -                                | ApiKey k
                    -                       | SOLR_API_KEY=k                   | ApiKey k
                    token=t                 | -                                | Bearer t
                    -                       | SOLR_TOKEN=t                     | Bearer t
                    api-key=k               | SOLR_USERNAME=me,SOLR_PASSWORD=pw | ApiKey k
                    username=me,password=pw | SOLR_API_KEY=k                   | Basic bWU6cHc=
                    api-key=                | SOLR_TOKEN=t                     | Bearer t
                    """)
    void readsCredentialsFromFileOrEnvironment(
            String properties, String environment, String authorization) {
        ConnectionSettings settings = settings(map(properties), map(environment), false);
        assertThat(settings.authorization()).isEqualTo(authorization);
        assertThat(settings.hasCredentials()).isEqualTo(authorization != null);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            textBlock =
                    """
                    username=me                       | -               | incomplete: there is a username but no password
                    password=hush                     | -               | incomplete: there is a password but no username
                    -                                 | SOLR_PASSWORD=hush | incomplete: there is a password but no username
                    username=me,api-key=hush          | SOLR_PASSWORD=x | incomplete: there is a username but no password
                    username=me,password=hush,token=t | -               | ambiguous: username, password, token are all set
                    api-key=hush,token=t              | -               | ambiguous: api-key, token are all set
                    -                                 | SOLR_API_KEY=hush,SOLR_TOKEN=t | ambiguous: api-key, token are all set
                    username=m:e,password=hush        | -               | contains a colon
                    api-key=hu sh                     | -               | contains a space
                    usrname=hush                      | -               | unknown property 'usrname' in solr.properties; did you mean 'username'?
                    """)
    void rejectsInvalidCredentials(String properties, String environment, String message) {
        assertThatThrownBy(() -> settings(map(properties), map(environment), false))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("hush");
    }

    @Test
    void hintListsAlternatives() {
        assertThat(settings(Map.of(), Map.of(), false).credentialsHint())
                .isEqualTo(
                        "Set username and password or api-key or token in solr.properties, or in"
                                + " the environment (SOLR_USERNAME, SOLR_PASSWORD, SOLR_API_KEY,"
                                + " SOLR_TOKEN)");
    }

    @Test
    void rejectsPropertiesThatServerCannotUse() {
        ConnectorUri uri =
                ConnectorUri.parse("qdrant://h/c").withProperties(Map.of("username", "me"));
        assertThatThrownBy(() -> ConnectionSettings.of(uri, false, Property.API_KEY))
                .hasMessage("unknown property 'username' in qdrant.properties. Known: [api-key]");
        ConnectorUri other = ConnectorUri.parse("pinecone:x").withProperties(Map.of("host", "h"));
        ConnectionSettings.of(other, false, Set.of("host"), Property.API_KEY);
        ConnectorUri none = ConnectorUri.parse("lucene:idx").withProperties(Map.of("text", "true"));
        assertThatThrownBy(() -> none.allowProperties())
                .hasMessage("unknown property 'text' in lucene.properties; none are supported");
    }

    @Test
    void serializesContentOfAuthoritiesFile() throws Exception {
        Path pem = folder.resolve("ca.pem");
        Process process =
                new ProcessBuilder(
                                "bash",
                                "-c",
                                "'"
                                        + Path.of(System.getProperty("java.home"), "bin/keytool")
                                        + "' -genkeypair -alias a -keyalg EC -dname CN=x -storepass"
                                        + " changeit -keystore k.p12 && '"
                                        + Path.of(System.getProperty("java.home"), "bin/keytool")
                                        + "' -exportcert -rfc -alias a -storepass changeit"
                                        + " -keystore k.p12 -file ca.pem")
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
        ConnectionSettings configured = settings(Map.of("ca", pem.toString()), Map.of(), true);
        ConnectionSettings fromEnvironment =
                settings(Map.of(), Map.of("SOLR_CA", pem.toString()), true);
        assertThat(settings(Map.of(), Map.of("SOLR_CA", pem.toString()), false).sslContext())
                .isNull();
        assertThatThrownBy(() -> settings(Map.of("ca", pem.toString()), Map.of(), false))
                .hasMessageContaining("is not encrypted");
        Files.delete(pem);
        for (ConnectionSettings settings : new ConnectionSettings[] {configured, fromEnvironment}) {
            assertThat(InstantiationUtil.clone(settings).sslContext()).isNotNull();
        }
    }

    @Test
    void rejectsUnusableAuthoritiesFiles() throws Exception {
        Path empty = Files.createFile(folder.resolve("empty.pem"));
        assertThatThrownBy(() -> settings(Map.of("ca", empty.toString()), Map.of(), true))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'" + empty + "' (ca of solr.properties) contains no valid");
        assertThatThrownBy(() -> settings(Map.of("ca", folder + "/missing"), Map.of(), true))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("missing' (ca of solr.properties) cannot be read");
        assertThatThrownBy(() -> settings(Map.of(), Map.of("SOLR_CA", folder + "/missing"), true))
                .hasMessageContaining("missing' (SOLR_CA) cannot be read");
    }

    @Test
    void readsDeadlineFromOption() {
        assertThat(settings(Map.of(), Map.of(), false).requestTimeout())
                .isEqualTo(Duration.ofSeconds(60));
        assertThat(
                        ConnectionSettings.of(ConnectorUri.parse("x:y?request-timeout=5s"), false)
                                .requestTimeout())
                .isEqualTo(Duration.ofSeconds(5));
        assertThatThrownBy(
                        () ->
                                ConnectionSettings.of(
                                        ConnectorUri.parse("x:y?request-timeout=5"), false))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'5' is not a duration");
    }

    @Test
    void hidesSecrets() {
        assertThat(settings(Map.of("username", "me", "password", "hush"), Map.of(), false))
                .asString()
                .contains("******")
                .doesNotContain("hush");
    }
}
