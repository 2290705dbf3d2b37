package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.SearchIndex;
import java.io.IOException;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.util.QueryBuilder;

/** Finds the documents with the highest BM25 scores, with Lucene's default parameters. */
final class TextSearcher {

    private TextSearcher() {}

    /** Returns at most k documents, highest score first. */
    static ScoreDoc[] search(IndexReader reader, SearchIndex.TextQuery query, Analyzer analyzer)
            throws IOException {
        Query words = words(query.text(), analyzer);
        if (words == null || reader.maxDoc() == 0) {
            return new ScoreDoc[0];
        }
        BooleanQuery.Builder filtered = new BooleanQuery.Builder().add(words, Occur.MUST);
        if (!query.filter().isEmpty()) {
            filtered.add(LuceneSchema.query(query.filter()), Occur.FILTER);
        }
        return new IndexSearcher(reader)
                .search(filtered.build(), Math.min(query.k(), reader.maxDoc()))
                .scoreDocs;
    }

    /** Any of the words of a text; null if it has none. */
    private static Query words(String text, Analyzer analyzer) {
        try {
            return new QueryBuilder(analyzer).createBooleanQuery(LuceneSchema.WORDS, text);
        } catch (IndexSearcher.TooManyClauses e) {
            throw new ConnectorException(
                    "the query has more than "
                            + IndexSearcher.getMaxClauseCount()
                            + " words, which BM25 in Lucene does not support. Shorten it, or search"
                            + " without hybrid ranking",
                    e);
        }
    }
}
