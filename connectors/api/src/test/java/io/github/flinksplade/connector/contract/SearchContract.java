package io.github.flinksplade.connector.contract;

import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.SearchIndex;
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

    @Test
    default void filtersByFields() throws Exception {
        assumeTrue(isSearchable(), "the target does not support searches");
        SearchChecks.checkFilters(this, fresh("search-filter"));
    }

    @Test
    default void searchesTexts() throws Exception {
        assumeTrue(isSearchable(), "the target does not support searches");
        ConnectorUri uri = freshWithText("search-text");
        assumeTrue(uri != null, "the target does not support searches in texts");
        SearchChecks.checkTexts(this, uri);
    }

    @Test
    default void rejectsSearchesInTextsThatAreNotIndexed() throws Exception {
        assumeTrue(isSearchable(), "the target does not support searches");
        ConnectorUri uri = fresh("search-no-text");
        ContractSupport.write(uri, Corpus.upsert("1", 1));
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            assumeFalse(index.supportsText(), "the target always indexes texts");
            ContractSupport.assertOneSentence(
                    () -> index.searchText(new SearchIndex.TextQuery("text", 1, FieldFilter.NONE)));
        }
    }
}
