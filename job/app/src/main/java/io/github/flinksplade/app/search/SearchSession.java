package io.github.flinksplade.app.search;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.io.Lines;
import io.github.flinksplade.app.io.Topics;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.evaluation.Run;
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
    private final SearchRequest request;
    private final HitOutput output;

    /**
     * @param request how to search; its query is replaced
     * @param output how hits are printed
     */
    public SearchSession(
            Searcher searcher, Console console, SearchRequest request, HitOutput output) {
        this.searcher = searcher;
        this.console = console;
        this.results = new Results(console);
        this.format = new HitFormat(searcher.encoder().tokenizer(), console.styled());
        this.request = request;
        this.output = output;
    }

    /** Prints the hits of the only query; its id in a TREC run is 1. */
    public void search(String query) {
        search(null, "1", query);
    }

    /**
     * Prints the hits of one query.
     *
     * @param id the id that the user gave, or null
     * @param number the id in a TREC run
     */
    private void search(String id, String number, String query) {
        SearchResult result = searcher.search(request.withQuery(query));
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
            SearchIndex.Hit hit = hits.get(i);
            if (!weak && hit.score() < output.weakFraction() * hits.get(0).score()) {
                weak = true;
                results.line("weaker matches:");
            }
            results.line(
                    switch (output.format()) {
                        case TEXT -> format.describe(i + 1, hit, output.ids());
                        case JSON -> format.json(i + 1, id, query, hit);
                        case TREC ->
                                Run.line(
                                        number,
                                        SearchResult.document(hit),
                                        i + 1,
                                        hit.score(),
                                        output.runTag());
                    });
        }
        results.flush();
        if (hits.isEmpty() && output.format() != HitOutput.Format.JSON) {
            console.err().println("Nothing found for: " + query);
        }
    }

    /** Prints the query as a heading, then its hits. */
    public void searchWithHeading(String query) {
        searchWithHeading(null, query);
    }

    private void searchWithHeading(String id, String query) {
        results.line("> " + (id == null ? "" : id + ": ") + query);
        search(id, id, query);
        results.line("");
        results.flush();
    }

    /**
     * Runs each line of the input as a query, with a prompt on a terminal. If the first line
     * contains a tab, each line is an id, a tab and a query.
     *
     * @return {@link ExitCode#OK}, or {@link ExitCode#FINDINGS} when a line could not be read
     */
    public int searchLines() throws IOException {
        Lines lines = new Lines(console.in());
        Topics topics = new Topics();
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
            if (line.error() == null && line.text().isBlank()) {
                continue;
            }
            Topics.Topic topic = topics.topic(line);
            String query = topic.query() == null ? "" : topic.query().strip();
            if (query.isEmpty()) {
                String error = topic.error() == null ? "the query has no text" : topic.error();
                console.err().println("line " + line.number() + ": " + error);
                failed = true;
                continue;
            }
            String id = topics.hasIds() ? topic.id() : null;
            if (output.format() == HitOutput.Format.TEXT && !console.inTerminal()) {
                searchWithHeading(id, query);
            } else {
                search(id, topic.id(), query);
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
