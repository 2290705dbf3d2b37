package io.github.flinksplade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Qrels, runs, queries and corpora. */
class InputFilesTest {

    @TempDir private Path directory;

    private Path file(String content) throws IOException {
        return Files.writeString(
                directory.resolve("file"), content.replace("|", "\n").replace("~", "\t"));
    }

    @Test
    void readsQrelsOfTrecAndBeir() throws IOException {
        Map<String, Map<String, Integer>> expected =
                Map.of("q1", Map.of("d1", 2, "d 2", 0), "q2", Map.of("d1", 1));
        assertThat(Qrels.read(file("query-id~corpus-id~score|q1~d1~2|q1~d 2~0||q2~d1~1|")).grades())
                .isEqualTo(expected);
        Qrels trec = Qrels.read(file("q1 0 d1 2|q1~0~d2~-1|q2 0 d1 1|q3 0 d1 0"));
        assertThat(trec.of("q1")).isEqualTo(Map.of("d1", 2, "d2", -1));
        assertThat(trec.queries()).containsExactly("q1", "q2");
        assertThat(trec.of("q4")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''; is empty",
                "q1 0 d1; line 1: 3 columns",
                "q1 0 d1 1|q1 0 d2 high; line 2: the grade 'high' is not a whole number",
                "q1 0 d1 1||q1 0 d1 0; line 3: the document 'd1' is already judged for the query 'q1'",
                "q1 0 d1 0; has no grade above 0",
                "query-id~corpus-id~score|q1 d1 1; line 2: 1 columns"
            })
    void rejectsInvalidQrels(String content, String message) throws IOException {
        Path file = file(content);
        assertThatThrownBy(() -> Qrels.read(file))
                .isInstanceOf(EvaluationException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''; is empty",
                "q1 Q0 d1 1 0.5; line 1: 5 columns",
                "q1 Q0 d1 1 NaN t; line 1: the score 'NaN' is not a number",
                "q1 Q0 d1 1 1 t|q1 Q0 d1 2 1 t; line 2: the document 'd1' is a duplicate"
            })
    void rejectsInvalidRuns(String content, String message) throws IOException {
        Path file = file(content);
        assertThatThrownBy(() -> Run.read(file))
                .isInstanceOf(EvaluationException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aRunFileCannotContainIdsWithWhiteSpace() {
        Run run = new Run("tag", Map.of("q1", List.of(new ScoredDocument("a b", 1))));
        assertThatThrownBy(() -> run.write(directory.resolve("run")))
                .isInstanceOf(EvaluationException.class)
                .hasMessageContaining("the id 'a b' is empty or contains white space");
        assertThat(directory.resolve("run")).doesNotExist();
    }

    @Test
    void removesDocumentsWithTheIdOfTheQuery() {
        List<ScoredDocument> ranking =
                List.of(new ScoredDocument("q1", 2), new ScoredDocument("q2", 1));
        Run run = new Run("tag", Map.of("q1", ranking, "q2", ranking)).withoutIdenticalIds();
        assertThat(run.of("q1")).extracting(ScoredDocument::id).containsExactly("q2");
        assertThat(run.of("q2")).extracting(ScoredDocument::id).containsExactly("q1");
    }

    @Test
    void readsQueriesInBothFormats() throws IOException {
        assertThat(Corpus.queries(file("7~fast car|8~a~b")))
                .isEqualTo(Map.of("7", "fast car", "8", "a\tb"));
        assertThat(Corpus.queries(file("{'_id':'7','text':'fast'}".replace('\'', '"'))))
                .isEqualTo(Map.of("7", "fast"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''; is empty",
                "7 fast car; line 1: no tab after the id",
                "7~fast|7~car; line 2: the id '7' is a duplicate",
                "7~fast|8~ ; line 2: the query '8' has no text"
            })
    void rejectsInvalidQueries(String content, String message) throws IOException {
        Path file = file(content);
        assertThatThrownBy(() -> Corpus.queries(file))
                .isInstanceOf(EvaluationException.class)
                .hasMessageContaining(message);
    }

    @Test
    void readsTheTextsThatTheJobEncodes() throws IOException {
        Corpus corpus =
                Corpus.open(
                        file(
                                "{'id':1,'title':'not encoded','text':'one'}|"
                                        .concat("{'_id':'2','title':'Two','text':'2nd'}|")
                                        .concat("{'_id':'3','title':'','text':''}")
                                        .replace('\'', '"')));
        Map<String, String> texts = new HashMap<>();
        corpus.forEach(texts::put);
        assertThat(texts).isEqualTo(Map.of("1", "one", "2", "Two 2nd", "3", ""));
        assertThat(corpus.size()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "|; is empty",
                "{'id':'1','text':'a'}|[]; line 2: not a JSON object",
                "{'id':'1','text':'a'}|{'id':; line 2: not a JSON object",
                "{'text':'a'}; line 1: no 'id' or '_id'",
                "{'id':'1'}; line 1: the document '1' has no 'text' that is a string",
                "{'id':'1','text':'a'}|{'id':'1','text':'b'}; line 2: the id '1' is a duplicate"
            })
    void rejectsInvalidCorpora(String content, String message) throws IOException {
        Path file = file(content.replace('\'', '"'));
        assertThatThrownBy(() -> Corpus.open(file))
                .isInstanceOf(EvaluationException.class)
                .satisfies(e -> assertThat(e.getMessage().replace('"', '\'')).contains(message));
    }

    @Test
    void reportsMissingFiles() {
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> Qrels.read(missing))
                .isInstanceOf(EvaluationException.class)
                .hasMessageEndingWith("missing does not exist. Check the path");
        assertThatThrownBy(() -> Corpus.open(directory))
                .isInstanceOf(EvaluationException.class)
                .hasMessageEndingWith("is a directory. Specify a file");
    }

    @Test
    void aRunWithoutJudgedQueriesIsAnError() {
        Qrels qrels = new Qrels(Map.of("q1", Map.of("d1", 1)));
        Run run = new Run("tag", Map.of("7", List.of(new ScoredDocument("d1", 1))));
        assertThatThrownBy(() -> Evaluation.of(run, qrels, Metric.parse("MAP")))
                .isInstanceOf(EvaluationException.class)
                .hasMessage(
                        "the run 'tag' and the qrels have no query in common: the run has 7, the"
                                + " qrels have q1. Check that they belong together");
    }
}
