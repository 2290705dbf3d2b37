package io.github.flinksplade.app.search;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An index and the model of its vectors; encodes queries and searches. */
public final class Searcher implements AutoCloseable {

    private static final int MAX_TERMS = 5;
    private static final int MAX_TEXT_LENGTH = 160;

    private final SearchIndex index;
    private final SpladeEncoder encoder;

    private Searcher(SearchIndex index, SpladeEncoder encoder) {
        this.index = index;
        this.encoder = encoder;
    }

    /**
     * Opens an index and its model.
     *
     * @param model reference of the model, or null for the one stored in the index
     * @throws UserException when the model is not the one that encoded the index
     */
    public static Searcher open(
            ConnectorUri uri, String model, EncoderOptions options, Console console) {
        SearchIndex index = Connectors.of(uri).index(uri);
        try {
            Provenance provenance = index.provenance();
            EncoderOptions sides = options;
            if (options.queryModel() == null && provenance.queryModel() != null) {
                sides = options.toBuilder().queryModel(provenance.queryModel()).build();
            }
            SpladeEncoder encoder;
            try {
                encoder =
                        SpladeEncoder.open(
                                model == null ? provenance.model() : model,
                                sides,
                                EnumSet.of(Role.QUERY),
                                new DownloadProgress(console));
            } catch (ModelException e) {
                if (model != null) {
                    throw e;
                }
                throw new UserException(
                        "the model of "
                                + uri
                                + " cannot be opened: "
                                + e.getMessage()
                                + ". If it has moved, specify its location with --model",
                        e);
            }
            ModelInfo info = encoder.info();
            if (!info.sha256().equals(provenance.modelSha256())
                    || !info.tokenizerSha256().equals(provenance.tokenizerSha256())) {
                encoder.close();
                throw new UserException(
                        uri
                                + " contains vectors of the model "
                                + provenance.model()
                                + " (SHA-256 "
                                + provenance.modelSha256().substring(0, 12)
                                + "...), but "
                                + info.name()
                                + " is a different model ("
                                + info.sha256().substring(0, 12)
                                + "...). Specify the index's model with --model, or reindex");
            }
            return new Searcher(index, encoder);
        } catch (RuntimeException e) {
            index.close();
            throw e;
        }
    }

    /**
     * The {@code k} best hits of a query, best first.
     *
     * @param passages whether several passages of a document are hits; if not, its best one is
     */
    List<SearchIndex.Hit> search(
            String query, int k, boolean idf, boolean passages, Console console) {
        EncodedText encoded = encoder.encode(query, Role.QUERY);
        if (encoded.truncated()) {
            console.err()
                    .println(
                            "The query has "
                                    + encoded.tokens()
                                    + " tokens and is truncated to "
                                    + encoder.info().queryTokens()
                                    + " (--query-tokens).");
        }
        return passages
                ? index.search(new SearchIndex.Query(encoded.vector(), k, idf))
                : BestPassages.of(
                        max -> index.search(new SearchIndex.Query(encoded.vector(), max, idf)), k);
    }

    /**
     * A hit as text: rank, score, id and text on one line, its best terms below.
     *
     * @param withId whether the id is part of the line
     */
    String describe(int rank, SearchIndex.Hit hit, boolean withId) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%2d. %6.2f", rank, hit.score()));
        if (withId) {
            text.append("  ").append(hit.id());
        }
        if (hit.text() != null) {
            text.append("  ").append(shorten(hit.text()));
        }
        text.append("\n            ");
        for (int i = 0; i < Math.min(MAX_TERMS, hit.matchedIndices().length); i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(encoder.tokenizer().term(hit.matchedIndices()[i]))
                    .append(String.format(Locale.ROOT, " %.2f", hit.matchedParts()[i]));
        }
        int more = hit.matchedIndices().length - MAX_TERMS;
        return more <= 0
                ? text.toString()
                : text.append(", and ").append(more).append(" more").toString();
    }

    /** A hit as one JSON object. */
    String json(int rank, String query, SearchIndex.Hit hit) {
        Map<String, Float> terms = new LinkedHashMap<>();
        for (int i = 0; i < hit.matchedIndices().length; i++) {
            terms.put(encoder.tokenizer().term(hit.matchedIndices()[i]), hit.matchedParts()[i]);
        }
        List<Object> pairs =
                new ArrayList<>(
                        List.of(
                                "query",
                                query,
                                "rank",
                                rank,
                                "id",
                                hit.id(),
                                "score",
                                hit.score(),
                                "terms",
                                terms));
        if (hit.text() != null) {
            pairs.addAll(List.of("text", hit.text()));
        }
        if (hit.fields() != null) {
            pairs.addAll(List.of("fields", JsonLine.parse(hit.fields())));
        }
        return JsonLine.object(pairs.toArray());
    }

    private static String shorten(String text) {
        String line = text.strip().replaceAll("[\\s\\p{Cntrl}\u2028\u2029]+", " ");
        if (line.codePointCount(0, line.length()) <= MAX_TEXT_LENGTH) {
            return line;
        }
        return line.substring(0, line.offsetByCodePoints(0, MAX_TEXT_LENGTH - 4)) + " ...";
    }

    @Override
    public void close() {
        encoder.close();
        index.close();
    }
}
