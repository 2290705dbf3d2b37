package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorException;

/** The two servers, which have the same REST interface as far as it is used here. */
enum Product {
    OPENSEARCH("OpenSearch", "opensearch", 2, 0, FieldType.RANK_FEATURES),
    /** From 8.15, where the query {@code sparse_vector} came. */
    ELASTICSEARCH("Elasticsearch", "elasticsearch", 8, 15, FieldType.SPARSE_VECTOR);

    private final String title;
    private final String scheme;
    private final int leastMajor;
    private final int leastMinor;
    private final FieldType usualType;

    Product(String title, String scheme, int leastMajor, int leastMinor, FieldType usualType) {
        this.title = title;
        this.scheme = scheme;
        this.leastMajor = leastMajor;
        this.leastMinor = leastMinor;
        this.usualType = usualType;
    }

    String title() {
        return title;
    }

    String scheme() {
        return scheme;
    }

    FieldType usualType() {
        return usualType;
    }

    String usage() {
        return scheme
                + "://HOST:9200/INDEX?tls=true|false&type=rank_features|sparse_vector"
                + " is a sink, and can be searched";
    }

    /**
     * Refuses a server that is another one, or too old.
     *
     * @param greeting what it answers to {@code GET /}
     */
    void check(JsonNode greeting, FieldType type, OpenSearchSettings place) {
        String number = greeting.at("/version/number").asText();
        Product found =
                greeting.at("/version/distribution").asText().equals("opensearch")
                        ? OPENSEARCH
                        : ELASTICSEARCH;
        if (!number.matches("\\d+\\.\\d+.*")) {
            throw new ConnectorException(
                    "what answers at "
                            + place.server()
                            + " is not "
                            + title
                            + ": it tells no version; correct the address");
        }
        if (found != this) {
            throw new ConnectorException(
                    "the server at "
                            + place.server()
                            + " is "
                            + found.title
                            + " "
                            + number
                            + ", not "
                            + title
                            + "; write "
                            + found.scheme
                            + ":// in the address");
        }
        boolean approximate = this == OPENSEARCH && type == FieldType.SPARSE_VECTOR;
        require(number, approximate ? 3 : leastMajor, approximate ? 3 : leastMinor, type, place);
    }

    private void require(
            String number, int major, int minor, FieldType type, OpenSearchSettings place) {
        String[] parts = number.split("\\.");
        int foundMajor = Integer.parseInt(parts[0]);
        int foundMinor = Integer.parseInt(parts[1].replaceAll("\\D.*", ""));
        if (foundMajor < major || foundMajor == major && foundMinor < minor) {
            throw new ConnectorException(
                    "the server at "
                            + place.server()
                            + " is "
                            + title
                            + " "
                            + number
                            + ", but type="
                            + type.typeName()
                            + " needs "
                            + major
                            + "."
                            + minor
                            + " or later");
        }
    }
}
