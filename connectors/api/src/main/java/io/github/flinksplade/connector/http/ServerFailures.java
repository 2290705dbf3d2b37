package io.github.flinksplade.connector.http;

import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import org.apache.flink.annotation.PublicEvolving;

/** Messages about failures that are the same for every server behind HTTP. */
@PublicEvolving
public final class ServerFailures {

    private ServerFailures() {}

    /**
     * No response arrived.
     *
     * @param server the server, for the message: {@code Solr at http://host:8983/solr}
     */
    public static UnreachableException unreachable(String server, IOException failure) {
        return new UnreachableException(
                server
                        + " is unavailable: "
                        + failure.getMessage()
                        + ". Check that it runs, and that host, port and tls are correct",
                failure);
    }

    /**
     * The server or a proxy is overloaded, starting or shutting down.
     *
     * @param reason the server's own reason, or the status
     */
    public static UnreachableException unavailable(String server, String reason) {
        return new UnreachableException(
                server + " is unavailable: " + reason + ". Wait until it has recovered", null);
    }

    /** The server responds with 401. */
    public static ConnectorException unauthorized(String server, ConnectionSettings connection) {
        return new ConnectorException(
                server
                        + (connection.hasCredentials()
                                ? " rejects the credentials (HTTP 401). "
                                : " requires credentials, and none are set (HTTP 401). ")
                        + connection.credentialsHint());
    }
}
