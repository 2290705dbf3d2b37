package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorException;

/** The two servers. The parts of their REST APIs that are used here are the same. */
enum Product {
    OPENSEARCH("OpenSearch", "opensearch", 2, 0, FieldType.RANK_FEATURES),
    /** From 8.15, which added the query {@code sparse_vector}. */
    ELASTICSEARCH("Elasticsearch", "elasticsearch", 8, 15, FieldType.SPARSE_VECTOR);

    private final String title;
    private final String scheme;
    private final int minMajor;
    private final int minMinor;
    private final FieldType defaultType;

    Product(String title, String scheme, int minMajor, int minMinor, FieldType defaultType) {
        this.title = title;
        this.scheme = scheme;
        this.minMajor = minMajor;
        this.minMinor = minMinor;
        this.defaultType = defaultType;
    }

    String title() {
        return title;
    }

    String scheme() {
        return scheme;
    }

    FieldType defaultType() {
        return defaultType;
    }

    String usage() {
        return scheme
                + "://HOST:9200/INDEX?tls=true|false&type=rank_features|sparse_vector"
                + " is a sink, and can be searched and verified";
    }

    /**
     * Rejects the other product and releases that are too old.
     *
     * @param greeting the response to {@code GET /}
     */
    void check(JsonNode greeting, OpenSearchSettings settings) {
        String number = greeting.at("/version/number").asText();
        Product found =
                greeting.at("/version/distribution").asText().equals("opensearch")
                        ? OPENSEARCH
                        : ELASTICSEARCH;
        if (!number.matches("\\d+\\.\\d+.*")) {
            throw new ConnectorException(
                    "the server at "
                            + settings.server
                            + " is not "
                            + title
                            + ": it reports no version. Correct the URI");
        }
        if (found != this) {
            throw new ConnectorException(
                    "the server at "
                            + settings.server
                            + " is "
                            + found.title
                            + " "
                            + number
                            + ", not "
                            + title
                            + ". Write "
                            + found.scheme
                            + ":// in the URI");
        }
        boolean isApproximate = settings.isApproximate(settings.type);
        requireVersion(
                number, isApproximate ? 3 : minMajor, isApproximate ? 3 : minMinor, settings);
    }

    private void requireVersion(String number, int major, int minor, OpenSearchSettings settings) {
        String[] parts = number.split("\\.");
        int foundMajor = Integer.parseInt(parts[0]);
        int foundMinor = Integer.parseInt(parts[1].replaceAll("\\D.*", ""));
        if (foundMajor < major || foundMajor == major && foundMinor < minor) {
            throw new ConnectorException(
                    "the server at "
                            + settings.server
                            + " is "
                            + title
                            + " "
                            + number
                            + ", but type="
                            + settings.type.typeName()
                            + " requires "
                            + major
                            + "."
                            + minor
                            + " or later");
        }
    }
}
