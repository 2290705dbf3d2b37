package io.github.flinksplade.app.search;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.io.Lines;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.SearchResult;
import io.github.flinksplade.search.Searcher;
import java.io.IOException;
import java.util.List;
import java.util.function.Function;

/** Runs searches one after the other and prints their hits. */
public final class SearchSession {

    private final Searcher searcher;
    private final Console console;
    private final Results results;
    private final HitFormat format;
    private final Function<String, SearchRequest> requests;
    private final boolean json;

    /**
     * @param requests returns the request of a query
     * @param json whether hits are printed as JSON
     */
    public SearchSession(
            Searcher searcher,
            Console console,
            Function<String, SearchRequest> requests,
            boolean json) {
        this.searcher = searcher;
        this.console = console;
        this.results = new Results(console);
        this.format = new HitFormat(searcher.encoder().tokenizer());
        this.requests = requests;
        this.json = json;
    }

    /** Prints the hits of one query. */
    public void search(String query) {
        SearchResult result = searcher.search(requests.apply(query));
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
        for (int i = 0; i < hits.size(); i++) {
            results.line(
                    json
                            ? format.json(i + 1, query, hits.get(i))
                            : format.describe(i + 1, hits.get(i)));
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
     * @return {@link ExitCode#OK}, or {@link ExitCode#INPUT} when a line could not be read
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
                return failed ? ExitCode.INPUT : ExitCode.OK;
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
