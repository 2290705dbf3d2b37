package io.github.flinksplade.builtin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A collection with relevance judgments.
 *
 * @param documents texts by id
 * @param queries texts by id
 * @param judged the gain of each relevant document, by query
 */
record TestCollection(
        Map<String, String> documents,
        Map<String, String> queries,
        Map<String, Map<String, Integer>> judged) {

    /** Next to the repository, if the project's measuring data is available. */
    private static final Path SHARED = Path.of("../../../shared").toAbsolutePath().normalize();

    static Path present(String name) {
        Path path = SHARED.resolve(name);
        assumeTrue(Files.exists(path), path + " does not exist: nothing to compare with");
        return path;
    }

    /** Reads a collection; skips the test if it is missing. */
    static TestCollection read(String name) throws IOException {
        Path folder = present("data/" + name);
        Map<String, String> documents = new LinkedHashMap<>();
        ObjectMapper json = new ObjectMapper();
        for (String line : Files.readAllLines(folder.resolve("corpus.jsonl"))) {
            JsonNode document = json.readTree(line);
            documents.put(document.get("id").asText(), document.get("text").asText());
        }
        Map<String, String> queries = new LinkedHashMap<>();
        for (String line : Files.readAllLines(folder.resolve("queries.tsv"))) {
            String[] fields = line.split("\t", 2);
            queries.put(fields[0], fields[1]);
        }
        Map<String, Map<String, Integer>> judged = new HashMap<>();
        for (String line : Files.readAllLines(folder.resolve("qrels.txt"))) {
            String[] fields = line.split("\\s+");
            judged.computeIfAbsent(fields[0], query -> new HashMap<>())
                    .put(fields[2], Integer.valueOf(fields[3]));
        }
        return new TestCollection(documents, queries, judged);
    }

    /**
     * nDCG@10, the mean over the queries.
     *
     * @param queryVectors in the order of the queries
     * @param documentVectors in the order of the documents
     */
    double ndcg(List<SparseVector> queryVectors, List<SparseVector> documentVectors) {
        return ndcgOfPassages(queryVectors, documentVectors.stream().map(List::of).toList());
    }

    /**
     * nDCG@10 if the score of a document is that of its best passage.
     *
     * @param passages the vectors of each document
     */
    double ndcgOfPassages(List<SparseVector> queryVectors, List<List<SparseVector>> passages) {
        List<String> queryIds = List.copyOf(queries.keySet());
        List<String> ids = List.copyOf(documents.keySet());
        double sum = 0;
        for (int query = 0; query < queryVectors.size(); query++) {
            SparseVector vector = queryVectors.get(query);
            double[] scores =
                    passages.stream()
                            .mapToDouble(
                                    document ->
                                            document.stream()
                                                    .mapToDouble(vector::dot)
                                                    .max()
                                                    .orElse(0))
                            .toArray();
            Map<String, Integer> gains = judged.getOrDefault(queryIds.get(query), Map.of());
            List<Integer> found =
                    IntStream.range(0, scores.length)
                            .boxed()
                            .sorted(Comparator.comparing(i -> -scores[i]))
                            .limit(10)
                            .map(i -> gains.getOrDefault(ids.get(i), 0))
                            .toList();
            List<Integer> best =
                    gains.values().stream().sorted(Comparator.reverseOrder()).limit(10).toList();
            double ideal = discounted(best);
            sum += ideal > 0 ? discounted(found) / ideal : 0;
        }
        return sum / queryVectors.size();
    }

    private static double discounted(List<Integer> gains) {
        double sum = 0;
        for (int rank = 0; rank < gains.size(); rank++) {
            sum += gains.get(rank) * Math.log(2) / Math.log(rank + 2);
        }
        return sum;
    }
}
