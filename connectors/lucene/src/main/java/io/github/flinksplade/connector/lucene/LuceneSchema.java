package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import io.github.flinksplade.vector.Utf16;
import io.github.flinksplade.vector.VectorCodec;
import java.util.List;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.FeatureField;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.UnicodeUtil;

/**
 * The fields of a document in the index, format version 2.
 *
 * <table>
 * <caption>A document</caption>
 * <tr><td>{@code id}</td><td>indexed as one term, stored, binary doc value</td></tr>
 * <tr><td>{@code version}</td><td>numeric doc value</td></tr>
 * <tr><td>{@code vector}</td><td>one {@link FeatureField} per term, named by the term's id in
 *     decimal</td></tr>
 * <tr><td>{@code vector.1}, {@code vector.2} ...</td><td>as {@code vector}, for ids from 32,768, from
 *     65,536 and so on</td></tr>
 * <tr><td>{@code weights}</td><td>binary doc value: the exact weights, see {@link
 *     VectorCodec}</td></tr>
 * <tr><td>{@code field_values}</td><td>indexed: each value of the fields as one term, see {@link
 *     FieldTerms}</td></tr>
 * <tr><td>{@code words}</td><td>the text, indexed by the analyzer of the option {@code bm25}, not
 *     stored</td></tr>
 * <tr><td>{@code text}</td><td>stored, unless {@code text=false}</td></tr>
 * <tr><td>{@code fields}</td><td>stored: one JSON object</td></tr>
 * <tr><td>{@code tokens}, {@code truncated}</td><td>stored: tokens before truncation; 1 or 0</td></tr>
 * <tr><td>{@code encoder}</td><td>stored: fingerprint of the encoder, if it is not the one that the
 *     user data of the commits names</td></tr>
 * </table>
 *
 * <p>Features are named by term id and not by term because ids are unique and short, whereas a
 * vocabulary may contain duplicate terms, empty terms or terms that are too long for Lucene, and
 * because no search needs the terms.
 *
 * <p>A deleted id leaves a <em>tombstone</em>: a document with {@code deleted_id} (indexed,
 * stored), {@code version} and {@code deleted_at} (milliseconds since the epoch, a point) and no
 * other field, so that no search for ids or terms finds it.
 */
final class LuceneSchema {

    static final String ID = "id";
    static final String VERSION = "version";
    private static final String VECTOR = "vector";
    static final String WEIGHTS = "weights";
    static final String FIELD_VALUES = "field_values";
    static final String WORDS = "words";
    static final String TEXT = "text";
    static final String FIELDS = "fields";
    static final String TOKENS = "tokens";
    static final String TRUNCATED = "truncated";
    static final String ENCODER = "encoder";
    static final String DELETED_ID = "deleted_id";
    static final String DELETED_AT = "deleted_at";

    /**
     * The max number of terms in a feature field. A weight is stored as a frequency of at most
     * 65,279, and Lucene rejects a field whose frequencies in a document sum up to 2^31 or more:
     * 32,768 times 65,279 is just below.
     */
    private static final int TERMS_PER_FIELD = 1 << 15;

    private LuceneSchema() {}

    /** Why Lucene cannot store the record; null if it can. */
    static String rejection(VectorRecord record) {
        String id = record.id();
        if (id.length() > IndexWriter.MAX_TERM_LENGTH / 3
                && UnicodeUtil.calcUTF16toUTF8Length(id, 0, id.length())
                        > IndexWriter.MAX_TERM_LENGTH) {
            return "its id has "
                    + UnicodeUtil.calcUTF16toUTF8Length(id, 0, id.length())
                    + " bytes in UTF-8, but a Lucene index accepts at most "
                    + IndexWriter.MAX_TERM_LENGTH;
        }
        if (!Utf16.isWellFormed(id)) {
            return "its id contains an unpaired surrogate, which a Lucene index cannot distinguish"
                    + " from U+FFFD";
        }
        return null;
    }

    static Term byId(String id) {
        return new Term(ID, id);
    }

    static Term byDeletedId(String id) {
        return new Term(DELETED_ID, id);
    }

    /**
     * The document of an upsert.
     *
     * @param bm25 whether the words of the text are indexed
     * @param encoder fingerprint of the encoder; null if it is the index's
     */
    static Document document(VectorRecord record, boolean storesText, Bm25 bm25, String encoder) {
        Document document = new Document();
        document.add(new StringField(ID, record.id(), Field.Store.YES));
        document.add(new BinaryDocValuesField(ID, new BytesRef(record.id())));
        document.add(new NumericDocValuesField(VERSION, record.version()));
        int[] indices = record.vector().indices();
        float[] values = record.vector().values();
        for (int i = 0; i < indices.length; i++) {
            document.add(
                    new FeatureField(
                            featureField(indices[i]),
                            feature(indices[i]),
                            // FeatureField rejects smaller values. A larger feature is correct:
                            // scores are computed from the exact weights.
                            Math.max(values[i], Float.MIN_NORMAL)));
        }
        document.add(
                new BinaryDocValuesField(
                        WEIGHTS, new BytesRef(VectorCodec.encode(record.vector()))));
        for (String term : FieldTerms.of(record.fields())) {
            document.add(new StringField(FIELD_VALUES, term, Field.Store.NO));
        }
        if (bm25 != Bm25.NONE && record.text() != null) {
            document.add(new TextField(WORDS, record.text(), Field.Store.NO));
        }
        if (storesText && record.text() != null) {
            document.add(new StoredField(TEXT, record.text()));
        }
        if (record.fields() != null) {
            document.add(new StoredField(FIELDS, record.fields()));
        }
        document.add(new StoredField(TOKENS, record.tokens()));
        document.add(new StoredField(TRUNCATED, record.truncated() ? 1 : 0));
        if (encoder != null) {
            document.add(new StoredField(ENCODER, encoder));
        }
        return document;
    }

    /** Matches the documents that match a filter, which is not empty. */
    static Query query(FieldFilter filter) {
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        for (List<String> terms : FieldTerms.of(filter)) {
            all.add(
                    new TermInSetQuery(FIELD_VALUES, terms.stream().map(BytesRef::new).toList()),
                    BooleanClause.Occur.FILTER);
        }
        return all.build();
    }

    /** The vector in a value of {@link #WEIGHTS}. */
    static SparseVector vector(BytesRef weights) {
        return VectorCodec.decode(weights.bytes, weights.offset, weights.length);
    }

    /** The dot product of the vector in a value of {@link #WEIGHTS} with another. */
    static double dot(BytesRef weights, SparseVector other) {
        return VectorCodec.dot(weights.bytes, weights.offset, weights.length, other);
    }

    /** The tombstone of a deleted id. */
    static Document tombstone(String id, long version, long nowMillis) {
        Document document = new Document();
        document.add(new StringField(DELETED_ID, id, Field.Store.YES));
        document.add(new NumericDocValuesField(VERSION, version));
        document.add(new LongPoint(DELETED_AT, nowMillis));
        return document;
    }

    /** The field of a term's feature. */
    static String featureField(int index) {
        int block = index / TERMS_PER_FIELD;
        return block == 0 ? VECTOR : VECTOR + "." + block;
    }

    /** The name of a term's feature. */
    static String feature(int index) {
        return Integer.toString(index);
    }

    /**
     * The weight of a feature's frequency: the document's weight truncated to 9 significant bits,
     * which is at most the weight and more than weight / (1 + 2^-8).
     */
    static float weight(int frequency) {
        return Float.intBitsToFloat(frequency << 15);
    }
}
