package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.SearchIndex.Query;
import java.io.IOException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Applies inverse document frequencies, from exact counts without deleted and replaced documents.
 */
final class IdfWeighting {

    private IdfWeighting() {}

    /** The query with its weights multiplied by idf. */
    static Query apply(DirectoryReader reader, Query query) throws IOException {
        long documents = 0;
        long[] frequencies = new long[query.vector().indices().length];
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            documents += documents(leaf);
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] += frequency(leaf, query.vector().indices()[i]);
            }
        }
        return query.weighted(documents, frequencies);
    }

    private static long documents(LeafReader leaf) throws IOException {
        if (leaf.getLiveDocs() == null) {
            Terms ids = leaf.terms(LuceneSchema.ID);
            return ids == null ? 0 : ids.getDocCount();
        }
        DocIdSetIterator all = leaf.getBinaryDocValues(LuceneSchema.ID);
        return all == null ? 0 : live(all, leaf.getLiveDocs());
    }

    private static long frequency(LeafReader leaf, int index) throws IOException {
        Terms all = leaf.terms(LuceneSchema.featureField(index));
        TermsEnum terms = all == null ? null : all.iterator();
        if (terms == null || !terms.seekExact(new BytesRef(LuceneSchema.feature(index)))) {
            return 0;
        }
        return leaf.getLiveDocs() == null
                ? terms.docFreq()
                : live(terms.postings(null, PostingsEnum.NONE), leaf.getLiveDocs());
    }

    private static long live(DocIdSetIterator documents, Bits live) throws IOException {
        long count = 0;
        for (int doc = documents.nextDoc();
                doc != DocIdSetIterator.NO_MORE_DOCS;
                doc = documents.nextDoc()) {
            if (live == null || live.get(doc)) {
                count++;
            }
        }
        return count;
    }
}
