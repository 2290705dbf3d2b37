package io.github.flinksplade.evaluation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.IOUtils;

/**
 * BM25 as Lucene computes it, with its {@link EnglishAnalyzer}: the baseline. A query is the sum
 * over its terms; a term that occurs n times counts n times. Of a query with more than 1,024
 * different terms, the first ones count.
 */
public final class Bm25 implements Ranker {

    /** The limit of Lucene's {@link BooleanQuery}. */
    private static final int MAX_TERMS = 1024;

    private static final String ID = "id";
    private static final String TEXT = "text";

    private final Parameters parameters;
    private final Analyzer analyzer = new EnglishAnalyzer();
    private final FSDirectory directory;
    private final DirectoryReader reader;
    private final IndexSearcher searcher;
    private final long bytes;

    /**
     * The parameters of BM25.
     *
     * @param k1 saturation of term frequencies, at least 0
     * @param b normalization by length, 0 to 1
     */
    public record Parameters(float k1, float b) {

        /** Those of Anserini and Pyserini, whose BM25 is BEIR's baseline. */
        public static final String DEFAULTS = "0.9,0.4";

        /**
         * Parses {@code K1,B}.
         *
         * @throws IllegalArgumentException if the text has another form or a value is out of range
         */
        public static Parameters parse(String text) {
            if (text.matches("\\d{1,3}(\\.\\d+)?,(0(\\.\\d+)?|1(\\.0+)?)")) {
                String[] values = text.split(",");
                return new Parameters(Float.parseFloat(values[0]), Float.parseFloat(values[1]));
            }
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is not K1,B; write two numbers such as 0.9,0.4, with B up to 1");
        }
    }

    private Bm25(Parameters parameters, FSDirectory directory, DirectoryReader reader, long bytes) {
        this.parameters = parameters;
        this.directory = directory;
        this.reader = reader;
        this.bytes = bytes;
        this.searcher = new IndexSearcher(reader);
        searcher.setSimilarity(new BM25Similarity(parameters.k1(), parameters.b()));
    }

    /**
     * Builds an index of documents.
     *
     * @param folder where the index is written; a previous index is replaced
     * @param documents passes the id and the text of each document on
     * @throws EvaluationException if the index cannot be written
     */
    public static Bm25 build(
            Parameters parameters, Path folder, Consumer<BiConsumer<String, String>> documents) {
        FSDirectory directory = null;
        try (Analyzer english = new EnglishAnalyzer()) {
            directory = FSDirectory.open(folder);
            IndexWriterConfig config =
                    new IndexWriterConfig(english).setOpenMode(IndexWriterConfig.OpenMode.CREATE);
            try (IndexWriter writer = new IndexWriter(directory, config)) {
                documents.accept((id, text) -> add(writer, id, text));
                writer.forceMerge(1);
            }
            long bytes = 0;
            for (String file : directory.listAll()) {
                bytes += directory.fileLength(file);
            }
            return new Bm25(parameters, directory, DirectoryReader.open(directory), bytes);
        } catch (IOException e) {
            IOUtils.closeWhileHandlingException(directory);
            throw failed("written", e);
        } catch (RuntimeException e) {
            IOUtils.closeWhileHandlingException(directory);
            throw e;
        }
    }

    private static void add(IndexWriter writer, String id, String text) {
        Document document = new Document();
        document.add(new BinaryDocValuesField(ID, new BytesRef(id)));
        document.add(new TextField(TEXT, text, Field.Store.NO));
        try {
            writer.addDocument(document);
        } catch (IOException e) {
            throw failed("written", e);
        }
    }

    private static EvaluationException failed(String what, IOException e) {
        return new EvaluationException(
                "the index of the baseline BM25 cannot be " + what + ": " + e.getMessage(), e);
    }

    @Override
    public String name() {
        return String.format(Locale.ROOT, "BM25 (k1=%s, b=%s)", parameters.k1(), parameters.b());
    }

    /** The size of the index's files. */
    public long bytes() {
        return bytes;
    }

    @Override
    public Ranking rank(String query, int k) {
        long start = System.nanoTime();
        try {
            BooleanQuery.Builder terms = new BooleanQuery.Builder();
            frequencies(query).entrySet().stream()
                    .limit(MAX_TERMS)
                    .forEach(
                            term ->
                                    terms.add(
                                            new BoostQuery(
                                                    new TermQuery(new Term(TEXT, term.getKey())),
                                                    term.getValue()),
                                            BooleanClause.Occur.SHOULD));
            List<ScoredDocument> documents = new ArrayList<>();
            for (ScoreDoc hit : searcher.search(terms.build(), k).scoreDocs) {
                documents.add(new ScoredDocument(id(hit.doc), hit.score));
            }
            return new Ranking(documents, 0, System.nanoTime() - start);
        } catch (IOException e) {
            throw failed("searched", e);
        }
    }

    private String id(int doc) throws IOException {
        LeafReaderContext leaf = reader.leaves().get(ReaderUtil.subIndex(doc, reader.leaves()));
        BinaryDocValues ids = leaf.reader().getBinaryDocValues(ID);
        ids.advanceExact(doc - leaf.docBase);
        return ids.binaryValue().utf8ToString();
    }

    /** The terms of a text with their frequencies, in the order of the text. */
    private Map<String, Integer> frequencies(String text) throws IOException {
        Map<String, Integer> frequencies = new LinkedHashMap<>();
        try (TokenStream tokens = analyzer.tokenStream(TEXT, text)) {
            CharTermAttribute term = tokens.addAttribute(CharTermAttribute.class);
            tokens.reset();
            while (tokens.incrementToken()) {
                frequencies.merge(term.toString(), 1, Integer::sum);
            }
            tokens.end();
        }
        return frequencies;
    }

    @Override
    public TermStatistics termStatistics(Collection<String> queries) {
        try {
            TermStatistics.Counter<String> ofQueries = new TermStatistics.Counter<>();
            for (String query : queries) {
                ofQueries.add(frequencies(query).keySet());
            }
            TermStatistics.Counter<String> ofDocuments = new TermStatistics.Counter<>();
            ofDocuments.setTexts(reader.numDocs());
            for (LeafReaderContext leaf : reader.leaves()) {
                Terms all = leaf.reader().terms(TEXT);
                TermsEnum terms = all == null ? TermsEnum.EMPTY : all.iterator();
                while (terms.next() != null) {
                    ofDocuments.add(terms.term().utf8ToString(), terms.docFreq());
                }
            }
            return TermStatistics.of(ofQueries, ofDocuments);
        } catch (IOException e) {
            throw failed("read", e);
        }
    }

    @Override
    public void close() {
        try {
            IOUtils.close(reader, directory, analyzer);
        } catch (IOException e) {
            throw failed("closed", e);
        }
    }
}
