package io.github.flinksplade.connector.opensearch;

import java.io.Serializable;

/**
 * Which documents share a shard: those whose ids begin alike, up to a separator. A document's
 * routing comes from its id and nothing else, because a delete carries no more, and a document that
 * changed its routing would be there twice.
 *
 * @param separator ends the part of an id that counts; null when ids are spread as wholes, by the
 *     server
 */
record Routing(String separator) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The routing value of a document; null when the server spreads the ids. */
    String of(String id) {
        if (separator == null) {
            return null;
        }
        int end = id.indexOf(separator);
        return end > 0 ? id.substring(0, end) : id;
    }
}
