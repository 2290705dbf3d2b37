package io.github.flinksplade.connector.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import org.junit.jupiter.api.Test;

/** Searches return the documents with the highest dot products. */
public interface SearchContract extends SinkUnderTest {

    @Test
    default void searchesExactly() throws Exception {
        assumeTrue(isSearchable(), "the target does not support searches");
        SearchChecks.check(this, fresh("search"), false);
    }

    @Test
    default void searchesExactlyByIdf() throws Exception {
        assumeTrue(isSearchable(), "the target does not support searches");
        ConnectorUri uri = freshWithIdf("search-idf");
        assumeTrue(uri != null, "the target does not support searches by idf");
        SearchChecks.check(this, uri, true);
    }
}
