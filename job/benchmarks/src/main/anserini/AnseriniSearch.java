import io.anserini.search.ScoredDoc;
import io.anserini.search.SimpleImpactSearcher;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Searches an impact index of Anserini. Each line of standard input is a search: {@code k}, and
 * {@code term=weight} for each term, separated by spaces. Each line of output is the time in
 * nanoseconds and the number of hits. {@code bench search} runs this file with Anserini's jar.
 */
public final class AnseriniSearch {

    public static void main(String[] args) throws Exception {
        try (SimpleImpactSearcher searcher = new SimpleImpactSearcher(args[0]);
                BufferedReader in =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println("ready");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] parts = line.split(" ");
                Map<String, Integer> query = new HashMap<>();
                for (int i = 1; i < parts.length; i++) {
                    int equals = parts[i].lastIndexOf('='); // a term may be "="
                    query.put(
                            parts[i].substring(0, equals),
                            Integer.valueOf(parts[i].substring(equals + 1)));
                }
                long start = System.nanoTime();
                ScoredDoc[] hits = searcher.search(query, Integer.parseInt(parts[0]));
                System.out.println((System.nanoTime() - start) + " " + hits.length);
            }
        }
    }
}
