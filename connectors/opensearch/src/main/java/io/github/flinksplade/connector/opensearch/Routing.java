package io.github.flinksplade.connector.opensearch;

import java.io.Serializable;

/**
 * Which documents share a shard: those whose ids have the same prefix up to a separator. The
 * routing value is derived from the id alone, because a delete carries nothing else, and a document
 * whose routing changed would be stored twice.
 *
 * @param separator ends the prefix; null if the server distributes documents by their whole ids
 */
record Routing(String separator) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The routing value of a document; null if the server distributes by whole ids. */
    String of(String id) {
        if (separator == null) {
            return null;
        }
        int end = id.indexOf(separator);
        return end > 0 ? id.substring(0, end) : id;
    }
}
