package io.github.flinksplade.connector;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.apache.flink.annotation.PublicEvolving;

/** The connectors on the class path, by scheme. */
@PublicEvolving
public final class Connectors {

    private Connectors() {}

    /**
     * All connectors, by scheme.
     *
     * @throws ConnectorException if two connectors have the same scheme
     */
    public static Map<String, Connector> all() {
        Map<String, Connector> found = new TreeMap<>();
        for (Connector connector :
                ServiceLoader.load(Connector.class, Connector.class.getClassLoader())) {
            Connector other = found.put(connector.scheme(), connector);
            if (other != null) {
                throw new ConnectorException(
                        "the class path contains two connectors for "
                                + connector.scheme()
                                + ": "
                                + other.getClass().getName()
                                + " and "
                                + connector.getClass().getName());
            }
        }
        return found;
    }

    /**
     * The connector of a URI.
     *
     * @throws ConnectorException with the list of schemes if there is no such connector
     */
    public static Connector of(ConnectorUri uri) {
        Map<String, Connector> all = all();
        Connector connector = all.get(uri.scheme());
        if (connector == null) {
            String nearest = ConnectorUri.nearest(uri.scheme(), all.keySet());
            throw new ConnectorException(
                    "no connector for '"
                            + uri.scheme()
                            + ":' in "
                            + uri
                            + (nearest == null ? "" : "; did you mean '" + nearest + ":'?")
                            + " Known: "
                            + String.join(", ", all.keySet()));
        }
        return connector;
    }
}
