package io.github.flinksplade.connector;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The connectors on the class path, by scheme. */
public final class Connectors {

    private Connectors() {}

    /** All connectors, by scheme; two for one scheme are refused. */
    public static Map<String, Connector> all() {
        Map<String, Connector> found = new TreeMap<>();
        for (Connector connector :
                ServiceLoader.load(Connector.class, Connector.class.getClassLoader())) {
            Connector twin = found.put(connector.scheme(), connector);
            if (twin != null) {
                throw new ConnectorException(
                        "two connectors for "
                                + connector.scheme()
                                + ": on the class path: "
                                + twin.getClass().getName()
                                + " and "
                                + connector.getClass().getName());
            }
        }
        return found;
    }

    /** The connector that answers to the address; refused with the list when there is none. */
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
