package io.github.flinksplade.encoder.tokenizer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What would change tokens in silence, or abort the process, is rejected by name. */
class UnsupportedSettingsTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir Path directory;

    private Path write(String processor, String config) throws IOException {
        ObjectNode json =
                (ObjectNode)
                        JSON.readTree(
                                Path.of("src/test/resources/models/bert-gelu/tokenizer.json")
                                        .toFile());
        if (processor != null) {
            json.set("post_processor", JSON.readTree(processor.replace('\'', '"')));
        }
        Path file = directory.resolve("tokenizer.json");
        Files.write(file, JSON.writeValueAsBytes(json));
        Files.writeString(directory.resolve("tokenizer_config.json"), config.replace('\'', '"'));
        return file;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'truncation_side': 'left'}     | truncation_side=left, which is not supported",
                "{'split_special_tokens': true}  | split_special_tokens=true, which is not supported"
            })
    void rejectsSettings(String config, String message) throws IOException {
        Path file = write(null, config);
        assertThatThrownBy(() -> TokenizerFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("tokenizer_config.json");
    }

    @Test
    void rejectsTemplatesThatNameUnknownTokens() throws IOException {
        Path file =
                write(
                        "{'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': '[CLS]',"
                                + " 'type_id': 0}}, {'Sequence': {'id': 'A', 'type_id': 0}}],"
                                + " 'pair': [], 'special_tokens': {}}",
                        "{}");
        assertThatThrownBy(() -> TokenizerFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("adds the token [CLS], which its special_tokens lack");
    }

    @Test
    void rejectsTokenTypesOfTemplates() throws IOException {
        Path file =
                write(
                        "{'type': 'Sequence', 'processors': [{'type': 'TemplateProcessing',"
                                + " 'single': [{'Sequence': {'id': 'A', 'type_id': 1}}], 'pair': [],"
                                + " 'special_tokens': {}}]}",
                        "{}");
        assertThatThrownBy(() -> TokenizerFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the type 1, which is not supported");
    }

    @Test
    void rejectsDropout() throws IOException {
        Path file = write(null, "{}");
        JsonNode json = JSON.readTree(file.toFile());
        ((ObjectNode) json.path("model")).put("dropout", .1);
        Files.write(file, JSON.writeValueAsBytes(json));
        assertThatThrownBy(() -> TokenizerFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("dropout 0.1, with which the tokens of a text are random");
    }
}
