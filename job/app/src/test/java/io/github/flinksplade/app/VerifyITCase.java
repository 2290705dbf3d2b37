package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.PlantedVectors.Fault;
import io.github.flinksplade.app.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code verify}, with files and Lucene. */
class VerifyITCase {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int DOCUMENTS = Integer.getInteger("flinksplade.verifyDocuments", 100_000);
    private static final int EXTRA = 10;
    private static final int FAULTS_OF_EACH_KIND = 10;

    @TempDir private Path directory;

    private String at(String scheme, String name) {
        return scheme + directory.resolve(name);
    }

    private Outcome execute(int code, String... arguments) {
        Outcome outcome = MainTest.run("", arguments);
        assertThat(outcome.code()).as(outcome.out() + outcome.err()).isEqualTo(code);
        return outcome;
    }

    private Outcome verify(int code, String from, String to, String... more) {
        List<String> arguments = new ArrayList<>(List.of("verify", "--from", from, "--to", to));
        arguments.addAll(List.of("--dead-letters", at("file:", "dead.jsonl")));
        arguments.addAll(List.of(more));
        return execute(code, arguments.toArray(String[]::new));
    }

    private void index(String from, String to, String... more) {
        List<String> arguments = new ArrayList<>(List.of("run", "--from", from, "--to", to));
        arguments.addAll(List.of("--dead-letters", at("file:", "dead.jsonl")));
        arguments.addAll(List.of(more));
        execute(ExitCode.OK, arguments.toArray(String[]::new));
    }

    private void write(String file, String... lines) throws IOException {
        Files.writeString(directory.resolve(file), String.join("\n", lines) + "\n");
    }

    private static Map<Integer, Fault> faults() {
        SplittableRandom random = new SplittableRandom(20260);
        Map<Integer, Fault> faults = new TreeMap<>();
        for (Fault fault : Fault.values()) {
            boolean isOfPassages = fault.name().startsWith("PASSAGE");
            for (int i = 0; i < FAULTS_OF_EACH_KIND; i++) {
                int document;
                do {
                    document = random.nextInt(DOCUMENTS);
                    document -= isOfPassages ? document % 100 : 0;
                    // OLDER and NEWER need versions, DELETED a document with one vector
                    document += isOfPassages ? 0 : document % 2 + 2;
                } while (document >= DOCUMENTS
                        || faults.containsKey(document)
                        || isOfPassages != PlantedVectors.isLong(document));
                faults.put(document, fault);
            }
        }
        return faults;
    }

    /** Kind and id of each difference that these faults are. */
    private static TreeSet<String> expected(Map<Integer, Fault> faults) {
        TreeSet<String> expected = new TreeSet<>();
        faults.forEach(
                (document, fault) -> {
                    String id = PlantedVectors.id(document);
                    expected.add(
                            switch (fault) {
                                case ABSENT, DELETED -> "missing " + id;
                                case TEXT, FIELDS, OLDER -> "stale " + id;
                                case NEWER -> "newer " + id;
                                case ENCODER -> "encoder " + id;
                                case PASSAGE_0 -> "missing " + id + "#0";
                                case PASSAGE_1 -> "missing " + id + "#1";
                                case PASSAGE_2 -> "missing " + id + "#2";
                            });
                });
        for (int i = 0; i < EXTRA; i++) {
            expected.add("extra " + PlantedVectors.id(DOCUMENTS + i));
        }
        return expected;
    }

    @Test
    void namesEveryPlantedFaultAmongManyDocumentsAndNothingElse() throws Exception {
        Map<Integer, Fault> faults = faults();
        PlantedVectors.writeCorpus(directory.resolve("docs.jsonl"), DOCUMENTS);
        PlantedVectors.index(directory, at("lucene:", "idx"), DOCUMENTS, EXTRA, faults);

        Outcome outcome =
                verify(
                        ExitCode.FINDINGS,
                        at("file:", "docs.jsonl"),
                        at("lucene:", "idx"),
                        "--json");
        List<String> found = new ArrayList<>();
        for (String line : outcome.out().lines().toList()) {
            JsonNode difference = JSON.readTree(line);
            found.add(
                    difference.get("difference").textValue()
                            + " "
                            + difference.get("id").textValue());
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(expected(faults));
        assertThat(outcome.err())
                .contains("Compared %,d documents of file:".formatted(DOCUMENTS))
                .contains("  missing         50 ")
                .contains("  extra           10 ")
                .contains("  stale           30 ")
                .contains("  newer           10 ")
                .contains("  encoder         10 ");

        Outcome first =
                verify(
                        ExitCode.FINDINGS,
                        at("file:", "docs.jsonl"),
                        at("lucene:", "idx"),
                        "--max-differences",
                        "3");
        assertThat(first.out().lines()).hasSize(3);
        assertThat(first.err()).contains("Printed are 3 of 110 differences");
    }

    @ParameterizedTest
    @ValueSource(strings = {"truncate", "max", "passages"})
    void indexOfAJobIsEqualWhateverItsSourcesContain(String longDocuments) throws IOException {
        String sentence = "The physician examined the patient's heart, and the bread was brown. ";
        write(
                "docs.jsonl",
                "{\"id\":\"a\",\"text\":\"An old car.\",\"version\":1,\"price\":1.50}",
                "{\"id\":\"a\",\"text\":\"A new car.\",\"version\":3,\"price\":9}",
                "{\"id\":\"a\",\"text\":\"A late car.\",\"version\":2}",
                "{\"id\":\"b\",\"text\":\"A boat.\",\"tags\":[\"x\",null],\"o\":{\"y\":1,\"x\":2}}",
                "{\"id\":\"b\",\"text\":\"A boat.\",\"tags\":[\"x\",null],\"o\":{\"y\":1,\"x\":2}}",
                "{\"id\":\"gone\",\"text\":\"A train.\",\"version\":1}",
                "{\"id\":\"gone\",\"op\":\"delete\",\"version\":2}",
                "{\"id\":\"long\",\"text\":\"" + sentence.repeat(40) + "\",\"n\":12345678901}",
                "{\"id\":\"shrunk\",\"text\":\"" + sentence.repeat(40) + "\",\"version\":1}",
                "{\"id\":\"shrunk\",\"text\":\"\ud83d\ude00 Short.\",\"version\":2}",
                "{\"id\":\"blank\",\"text\":\"  \"}",
                "{\"id\":\"mixed\",\"text\":\"One.\",\"version\":1}",
                "{\"id\":\"mixed\",\"text\":\"Two.\"}",
                "{\"id\":\"no text\"}",
                "not JSON");
        write("more.jsonl", "{\"id\":\"c\",\"text\":\"Another file.\"}");
        String from = at("file:", "docs.jsonl");
        String also = at("file:", "more.jsonl");
        String to = at("lucene:", "idx-" + longDocuments);
        index(from, to, "--from", also, "--long-documents", longDocuments);

        Outcome equal = verify(ExitCode.OK, from, to, "--from", also);
        assertThat(equal.out()).isEmpty();
        assertThat(equal.err())
                .contains("Compared 7 documents")
                .contains("Records that the job rejects:")
                .contains("1 x \"text\" is missing")
                .contains("some records of an id have a version and others have none");
        assertThat(verify(ExitCode.FINDINGS, from, to).out())
                .contains("extra\tc")
                .contains("not in the source");
        assertThat(verify(ExitCode.FINDINGS, from, to, "--from", also, "--precision", "int8").out())
                .contains("encoder\t");
    }

    @Test
    void comparesTheVersionsOfAnIndexWithoutTexts() throws IOException {
        write(
                "docs.jsonl",
                "{\"id\":\"a\",\"text\":\"A car.\",\"version\":1}",
                "{\"id\":\"b\",\"text\":\"A boat.\"}");
        String from = at("file:", "docs.jsonl");
        String to = at("lucene:", "idx") + "?text=false";
        index(from, to);
        assertThat(verify(ExitCode.OK, from, to).err())
                .contains("1 texts were not compared, because the index does not store them; their")
                .contains("1 texts were not compared, because the index does not store them, and");
        write(
                "docs.jsonl",
                "{\"id\":\"a\",\"text\":\"A ship.\",\"version\":2}",
                "{\"id\":\"b\",\"text\":\"A boat.\",\"n\":1}");
        assertThat(verify(ExitCode.FINDINGS, from, to).out())
                .isEqualTo("stale\ta\tversion 1, not 2\nstale\tb\tother fields: n\n");
    }

    @Test
    void comparesAFolderAndStandardInput() throws IOException {
        Path folder = Files.createDirectory(directory.resolve("pages"));
        Files.writeString(folder.resolve("one.md"), "# One\n\nThe first page.\n");
        Files.writeString(folder.resolve("two.txt"), "The second page.\n");
        String from = at("file:", "pages") + "?format=file&watch=false";
        index(from, at("lucene:", "pages-idx"));
        verify(ExitCode.OK, from, at("lucene:", "pages-idx"));
        // a job that watches the folder
        verify(
                ExitCode.OK,
                at("file:", "pages") + "?format=file&watch=true",
                at("lucene:", "pages-idx"));
        Files.delete(folder.resolve("two.txt"));
        assertThat(verify(ExitCode.FINDINGS, from, at("lucene:", "pages-idx")).out())
                .startsWith("extra\t")
                .contains("two.txt");

        String line = "{\"id\":\"a\",\"text\":\"A car.\"}\n";
        write("docs.jsonl", line);
        index(at("file:", "docs.jsonl"), at("lucene:", "idx"));
        Outcome input = MainTest.run(line, "verify", "--from", "-", "--to", at("lucene:", "idx"));
        assertThat(input.code()).as(input.err()).isZero();
    }

    @Test
    void documentsInTheDeadLetterFileAreNotMissing() throws IOException {
        String tooLong = "x".repeat(40_000); // Lucene accepts 32,766 bytes
        write(
                "docs.jsonl",
                "{\"id\":\"" + tooLong + "\",\"text\":\"A car.\"}",
                "{\"id\":\"b\",\"text\":\"A boat.\"}");
        String from = at("file:", "docs.jsonl");
        String to = at("lucene:", "idx");
        index(from, to);
        assertThat(verify(ExitCode.OK, from, to).err())
                .contains(
                        "1 documents differ because their last change is in the dead-letter queue");
        Files.delete(directory.resolve("dead.jsonl"));
        assertThat(verify(ExitCode.FINDINGS, from, to).out()).startsWith("missing\txxx");
    }

    @Test
    void stateOfTheJobTellsTheEncoderAndMustBeOfThisIndex() throws IOException {
        write("docs.jsonl", "{\"id\":\"a\",\"text\":\"A car.\"}");
        String from = at("file:", "docs.jsonl");
        String state = directory.resolve("state").toString();
        index(from, at("lucene:", "idx"), "--state", state);
        verify(ExitCode.OK, from, at("lucene:", "idx"), "--state", state);
        index(from, at("lucene:", "other"));
        assertThat(verify(ExitCode.INPUT, from, at("lucene:", "other"), "--state", state).err())
                .contains("is of a job that writes to lucene:")
                .contains("Correct --to or --state");
        assertThat(verify(ExitCode.INPUT, from, at("lucene:", "idx"), "--state", "none").err())
                .contains("contains no job.json");
    }

    @Test
    void rejectsWhatCannotBeVerified() throws IOException {
        write("docs.jsonl", "{\"id\":\"a\",\"text\":\"A car.\"}");
        String from = at("file:", "docs.jsonl");
        assertThat(verify(ExitCode.INPUT, from, at("lucene:", "nowhere")).err())
                .contains("nowhere");
        assertThat(verify(ExitCode.INPUT, from, "file:vectors").err())
                .contains("cannot be verified");
        assertThat(verify(ExitCode.INPUT, from, "lucene:a", "--to", "lucene:b").err())
                .contains("verify takes one --to, not 2");
        assertThat(verify(ExitCode.USAGE, from, "lucene:a", "--max-differences", "x").err())
                .contains("--max-differences 'x' is not a whole number");
        assertThat(MainTest.run("", "verify", "--to", "lucene:a").code()).isEqualTo(ExitCode.USAGE);
    }
}
