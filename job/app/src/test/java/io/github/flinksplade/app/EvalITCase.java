package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;

/**
 * Evaluates the built-in model on a small collection whose queries share no word with the texts.
 */
class EvalITCase {

    @TempDir private Path directory;
    private Path data;

    @BeforeEach
    void writeCollection() throws IOException {
        data = Files.createDirectory(directory.resolve("tiny"));
        Files.writeString(
                data.resolve("corpus.jsonl"),
                """
                {"_id": "heart", "title": "Cardiology", "text": "The physician examined the patient's heart."}
                {"_id": "bread", "title": "", "text": "Bake the bread for forty minutes until the crust is brown."}
                {"_id": "motor", "title": "", "text": "The carburettor mixes air and fuel for the engine of an automobile."}
                {"_id": "whale", "title": "", "text": "A captain hunts a white whale on the ocean.", "metadata": {"year": 1851}}
                {"_id": "tax", "title": "", "text": "The ministry raised the duty on imported goods."}
                """);
        Files.writeString(
                data.resolve("queries.jsonl"),
                """
                {"_id": "q1", "text": "doctor"}
                {"_id": "q2", "text": "cars"}
                {"_id": "q3", "text": "big animal of the sea"}
                {"_id": "unjudged", "text": "oven"}
                """);
        Files.createDirectory(data.resolve("qrels"));
        Files.writeString(
                data.resolve("qrels/test.tsv"),
                "query-id\tcorpus-id\tscore\nq1\theart\t2\nq1\tbread\t0\nq2\tmotor\t1\n"
                        + "q3\twhale\t1\nq4\twhale\t1\nq2\tdeleted\t0\n");
    }

    private Outcome eval(String... options) {
        List<String> arguments = new ArrayList<>(List.of("eval"));
        arguments.addAll(List.of(options));
        return MainTest.run("", arguments.toArray(String[]::new));
    }

    @Test
    void evaluatesVariantsOfABeirFolderAndUsesIndexesAgain() throws Exception {
        Path work = directory.resolve("work");
        Path output = directory.resolve("report");
        String[] command = {
            "--data",
            data.toString(),
            "--work",
            work.toString(),
            "--output",
            output.toString(),
            "--json",
            "--variant",
            "short:prune=top_k=8",
            "--variant",
            "query-prune=top_k=2,idf=true"
        };
        Outcome first = eval(command);
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.err()).contains("written 5 to lucene:");
        JsonNode json = new ObjectMapper().readTree(first.out());
        assertThat(json.get("collection").asText()).isEqualTo("tiny");
        assertThat(json.get("documents").asInt()).isEqualTo(5);
        // q1 to q4; the query without judgments is not evaluated
        assertThat(json.get("queries").asInt()).isEqualTo(4);
        assertThat(json.get("baseline").asText()).isEqualTo("BM25 (k1=0.9, b=0.4)");
        assertThat(json.get("notes").toString())
                .contains(
                        "1 of 4 queries of the qrels have no text and count 0: q4.",
                        "1 of 5 judged documents are not in the corpus: deleted.");
        JsonNode bm25 = json.get("systems").get(0);
        JsonNode main = json.get("systems").get(1);
        JsonNode pruned = json.get("systems").get(2);
        JsonNode weighted = json.get("systems").get(3);
        assertThat(main.get("name").asText()).isEqualTo("builtin:minilm");
        assertThat(pruned.get("name").asText()).isEqualTo("short");
        assertThat(weighted.get("name").asText()).isEqualTo("query-prune=top_k=2,idf=true");
        // only the model relates doctor to physician; q4 counts 0
        assertThat(bm25.at("/metrics/MRR@10").asDouble()).isZero();
        assertThat(main.at("/metrics/MRR@10").asDouble()).isGreaterThan(0.6);
        assertThat(main.at("/metrics/nDCG@10").asDouble()).isLessThanOrEqualTo(0.75);
        assertThat(main.at("/comparedWithBaseline/MRR@10/better").asInt()).isEqualTo(3);
        assertThat(pruned.at("/terms/documentTerms").asDouble()).isEqualTo(8);
        assertThat(weighted.at("/terms/queryTerms").asDouble()).isEqualTo(2);
        assertThat(weighted.at("/terms/documentTerms")).isEqualTo(main.at("/terms/documentTerms"));
        assertThat(pruned.at("/terms/flops").asDouble())
                .isLessThan(main.at("/terms/flops").asDouble());
        assertThat(main.at("/encodeMillis/p50").asDouble()).isPositive();
        try (Stream<Path> indexes = Files.list(work)) {
            assertThat(indexes).hasSize(2); // the third variant changes queries only
        }

        assertThat(Files.readString(output.resolve("results.json"))).isEqualTo(first.out());
        assertThat(Files.readAllLines(output.resolve("per-query.tsv"))).hasSize(1 + 4 * 4);
        String html = Files.readString(output.resolve("report.html"));
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(html.substring(html.indexOf('\n') + 1))));
        assertThat(html).contains("patient&#39;s heart", "big animal of the sea");

        Outcome second = eval(command);
        assertThat(second.err()).contains("Using the index ").doesNotContain("written");
        JsonNode again = new ObjectMapper().readTree(second.out());
        for (int i = 0; i < 4; i++) {
            assertThat(again.get("systems").get(i).get("metrics"))
                    .isEqualTo(json.get("systems").get(i).get("metrics"));
        }

        // a changed corpus is encoded again
        Files.writeString(
                data.resolve("corpus.jsonl"),
                Files.readString(data.resolve("corpus.jsonl")).replace("physician", "gardener"));
        assertThat(eval("--data", data.toString(), "--work", work.toString()).err())
                .contains("written 5 to lucene:");
    }

    /** Evaluates an index, the run that search writes from it, and both together. */
    @Test
    void searchWritesARunWithTheMetricsOfTheIndex() throws Exception {
        String index = "lucene:" + directory.resolve("idx");
        assertThat(MainTest.run("", "run", "--from", "file:" + data, "--to", index).code())
                .isZero();
        Path qrels = data.resolve("qrels/test.tsv");
        Path queries = directory.resolve("queries.tsv");
        Files.writeString(queries, "q1\tdoctor\nq2\tcars\nq3\tbig animal of the sea\n");
        Outcome search =
                MainTest.run(
                        Files.readString(queries),
                        "search",
                        "--index",
                        index,
                        "-k",
                        "100",
                        "--format",
                        "trec",
                        "--tag",
                        "mine");
        assertThat(search.code()).as(search.err()).isZero();
        assertThat(search.out())
                .containsPattern("(?m)^q1 Q0 heart 1 [0-9.]+ mine$")
                .contains("\nq2 Q0 motor 1 ", "\nq3 Q0 whale 1 ");
        Path run = Files.writeString(directory.resolve("mine.trec"), search.out());

        Outcome both =
                eval(
                        "--index",
                        index,
                        "--queries",
                        queries.toString(),
                        "--qrels",
                        qrels.toString(),
                        "--compare",
                        run.toString(),
                        "--metrics",
                        "MAP,nDCG@10,P@1",
                        "--json");
        assertThat(both.code()).as(both.err()).isZero();
        JsonNode systems = new ObjectMapper().readTree(both.out()).get("systems");
        assertThat(systems).hasSize(3);
        assertThat(systems.get(0).get("name").asText()).startsWith("BM25");
        assertThat(systems.get(0).get("terms").get("documentTerms").asDouble()).isPositive();
        assertThat(systems.get(2).get("name").asText()).isEqualTo("mine");
        assertThat(systems.get(2).get("metrics")).isEqualTo(systems.get(1).get("metrics"));

        Outcome alone = eval("--run", run.toString(), "--qrels", qrels.toString());
        assertThat(alone.code()).as(alone.err()).isZero();
        assertThat(alone.out()).startsWith("qrels: 4 queries\n").contains("mine  ");
    }

    @Test
    void searchNumbersQueriesWithoutIdsAndReportsInvalidLines() {
        String index = "lucene:" + directory.resolve("idx");
        MainTest.run("", "run", "--from", "file:" + data, "--to", index);
        Outcome plain =
                MainTest.run(
                        "\ndoctor\ncars\n",
                        "search",
                        "--index",
                        index,
                        "-k",
                        "1",
                        "--format",
                        "trec");
        assertThat(plain.out())
                .containsPattern(
                        "\\A2 Q0 heart 1 \\S+ flink-splade\n3 Q0 motor 1 \\S+ flink-splade\n\\z");
        Outcome text =
                MainTest.run(
                        "7\tdoctor\nno tab\n8\t \n7\tcars\n9\tcars\n",
                        "search",
                        "--index",
                        index,
                        "-k",
                        "1");
        assertThat(text.code()).isEqualTo(ExitCode.FINDINGS);
        assertThat(text.out()).startsWith("> 7: doctor\n 1. ").contains("\n> 9: cars\n 1. ");
        assertThat(text.err())
                .contains(
                        "line 2: no tab between id and query",
                        "line 3: the query has no text",
                        "line 4: the id '7' is a duplicate");
        assertThat(MainTest.run("a\tdoctor\n", "search", "--index", index, "--json").out())
                .startsWith("{\"query_id\":\"a\",\"query\":\"doctor\",\"rank\":1,\"id\":\"heart\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    2 | --qrels q                                   | nothing to evaluate is given. Add --queries FILE, or --run FILE
                    2 | --queries q                                 | no judgments are given. Add --data DIR, or --qrels FILE
                    2 | --queries q --qrels q                       | no documents are given. Add --corpus FILE, or --index URI
                    2 | --data DATA --qrels q                       | --data contains the corpus, the queries and the qrels. Remove*
                    2 | --data DATA --variant topk=3                | unknown key 'topk' in --variant topk=3*
                    2 | --data DATA --variant prune                 | no value for 'prune' in --variant prune. Write KEY=VALUE
                    2 | --data DATA --variant prune=topk=3          | prune on the command line: unknown pruning 'topk=3'*
                    2 | --data DATA --metrics F1                    | --metrics: unknown metric 'F1'; write nDCG@K*
                    2 | --data DATA --bm25 1                        | --bm25: '1' is not K1,B; write two numbers*
                    2 | --index lucene:x --queries q --qrels q --prune top_k=1 | 'prune' has no effect on the documents of --index lucene:x*
                    1 | --data DATA --split dev                     | the file DATA/qrels/dev.tsv does not exist. Check the path
                    1 | --data DATA/none                            | the file DATA/none/qrels/test.tsv does not exist. Check the path
                    1 | --run DATA/queries.jsonl --qrels DATA/qrels/test.tsv | DATA/queries.jsonl, line 1: 4 columns*
                    """)
    void reportsErrorsInOneSentence(int code, String options, String message) {
        Outcome outcome = eval(options.replace("DATA", data.toString()).split(" "));
        assertThat(outcome.err())
                .startsWith(
                        "flink-splade: "
                                + message.replace("DATA", data.toString()).replaceFirst("\\*$", ""))
                .doesNotContain("Exception");
        assertThat(outcome.code()).isEqualTo(code);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void reportsCollectionsThatDoNotBelongTogether() throws IOException {
        Path qrels = data.resolve("qrels/test.tsv");
        Files.writeString(qrels, "x1 0 heart 1\n");
        assertThat(eval("--data", data.toString()).err())
                .startsWith(
                        "flink-splade: the qrels and the queries have no id in common: the qrels"
                                + " have x1, the queries have q1, q2, q3, ....");
        Files.writeString(qrels, "q1 0 lung 1\n");
        assertThat(eval("--data", data.toString()).err())
                .startsWith("flink-splade: the corpus contains no document of the qrels, such as");
        Files.writeString(
                data.resolve("corpus.jsonl"),
                "{\"_id\":\"1\",\"text\":\"a\"}\n{\"_id\":\"1\",\"text\":\"b\"}\n");
        Outcome duplicate = eval("--data", data.toString());
        assertThat(duplicate.code()).isEqualTo(ExitCode.INPUT);
        assertThat(duplicate.err()).contains("line 2: the id '1' is a duplicate");
    }
}
