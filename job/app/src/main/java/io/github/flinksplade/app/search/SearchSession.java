package io.github.flinksplade.app.search;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.io.Lines;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.SearchResult;
import io.github.flinksplade.search.Searcher;
import java.io.IOException;
import java.util.List;

/** Runs searches one after the other and prints their hits. */
public final class SearchSession {

    private final Searcher searcher;
    private final Console console;
    private final Results results;
    private final HitFormat format;
    private final int maxHits;
    private final boolean idf;
    private final boolean passages;
    private final boolean json;
    private final boolean ids;
    private final double weakFraction;

    /**
     * Prints the ids of the hits, and all hits alike.
     *
     * @param maxHits max hits of a search
     * @param idf whether weights are multiplied by the inverse document frequency
     * @param passages whether several passages of a document are hits
     * @param json whether hits are printed as JSON
     */
    public SearchSession(
            Searcher searcher,
            Console console,
            int maxHits,
            boolean idf,
            boolean passages,
            boolean json) {
        this(searcher, console, maxHits, idf, passages, json, true, 0);
    }

    /**
     * @param maxHits max hits of a search
     * @param weakFraction hits whose score is below this fraction of the best one's are printed
     *     below the line {@code weaker matches:}; 0 for none
     * @return a session that prints the hits without their ids
     */
    public static SearchSession withoutIds(
            Searcher searcher, Console console, int maxHits, double weakFraction) {
        return new SearchSession(
                searcher, console, maxHits, false, false, false, false, weakFraction);
    }

    private SearchSession(
            Searcher searcher,
            Console console,
            int maxHits,
            boolean idf,
            boolean passages,
            boolean json,
            boolean ids,
            double weakFraction) {
        this.searcher = searcher;
        this.console = console;
        this.results = new Results(console);
        this.format = new HitFormat(searcher.encoder().tokenizer(), console.styled());
        this.maxHits = maxHits;
        this.idf = idf;
        this.passages = passages;
        this.json = json;
        this.ids = ids;
        this.weakFraction = weakFraction;
    }

    /** Prints the hits of one query. */
    public void search(String query) {
        SearchResult result =
                searcher.search(
                        new SearchRequest(query, maxHits, idf, passages, false, FieldFilter.NONE));
        if (result.query().truncated()) {
            console.err()
                    .println(
                            "The query has "
                                    + result.query().tokens()
                                    + " tokens and is truncated to "
                                    + searcher.encoder().info().queryTokens()
                                    + " (--query-tokens).");
        }
        List<SearchIndex.Hit> hits = result.hits();
        boolean weak = false;
        for (int i = 0; i < hits.size(); i++) {
            if (!weak && hits.get(i).score() < weakFraction * hits.get(0).score()) {
                weak = true;
                results.line("weaker matches:");
            }
            results.line(
                    json
                            ? format.json(i + 1, query, hits.get(i))
                            : format.describe(i + 1, hits.get(i), ids));
        }
        results.flush();
        if (hits.isEmpty() && !json) {
            console.err().println("Nothing found for: " + query);
        }
    }

    /** Prints the query as a heading, then its hits. */
    public void searchWithHeading(String query) {
        results.line("> " + query);
        search(query);
        results.line("");
        results.flush();
    }

    /**
     * Runs each line of the input as a query, with a prompt on a terminal.
     *
     * @return {@link ExitCode#OK}, or {@link ExitCode#FINDINGS} when a line could not be read
     */
    public int searchLines() throws IOException {
        Lines lines = new Lines(console.in());
        boolean failed = false;
        while (true) {
            prompt();
            Lines.Line line = lines.next();
            if (line == null) {
                if (console.inTerminal()) {
                    console.err().println();
                }
                return failed ? ExitCode.FINDINGS : ExitCode.OK;
            }
            if (line.error() != null) {
                console.err().println("line " + line.number() + ": " + line.error());
                failed = true;
            } else if (!line.text().isBlank()) {
                if (json || console.inTerminal()) {
                    search(line.text().strip());
                } else {
                    searchWithHeading(line.text().strip());
                }
            }
        }
    }

    private void prompt() {
        if (console.inTerminal()) {
            console.err().print("search> ");
            console.err().flush();
        }
    }
}
