package io.github.flinksplade.encoder.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.ModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Settings of a tokenizer that would change tokens, and that are not supported. */
final class UnsupportedSettings {

    private UnsupportedSettings() {}

    /**
     * Rejects a tokenizer with such settings, and one that the library aborts on.
     *
     * @param path of the tokenizer, for messages
     * @param json its tokenizer.json
     * @param config the tokenizer_config.json next to it
     * @throws ModelException if it has any
     */
    static void reject(Path path, JsonNode json, Optional<TokenizerConfig> config) {
        JsonNode dropout = json.path("model").path("dropout");
        if (dropout.isNumber() && dropout.doubleValue() > 0) {
            throw new ModelException(
                    path
                            + " has the dropout "
                            + dropout
                            + ", with which the tokens of a text are random; set it to null");
        }
        rejectProcessor(path, json.path("post_processor"));
        config.ifPresent(
                settings -> {
                    if (settings.json().path("truncation_side").asText("right").equals("left")) {
                        throw unsupported(settings, "truncation_side", "right");
                    }
                    if (settings.json().path("split_special_tokens").asBoolean()) {
                        throw unsupported(settings, "split_special_tokens", "false");
                    }
                });
    }

    private static ModelException unsupported(
            TokenizerConfig config, String key, String supported) {
        return new ModelException(
                config.path()
                        + " has "
                        + key
                        + "="
                        + config.json().path(key).asText()
                        + ", which is not supported; supported is "
                        + supported);
    }

    private static void rejectProcessor(Path path, JsonNode processor) {
        processor.path("processors").forEach(part -> rejectProcessor(path, part));
        for (String template : List.of("single", "pair")) {
            for (JsonNode piece : processor.path(template)) {
                JsonNode special = piece.path("SpecialToken");
                String name = special.path("id").asText();
                if (special.isObject() && !processor.path("special_tokens").has(name)) {
                    throw new ModelException(
                            path
                                    + " is damaged: its post_processor adds the token "
                                    + name
                                    + ", which its special_tokens lack; export the tokenizer again");
                }
                JsonNode part = special.isObject() ? special : piece.path("Sequence");
                if (template.equals("single") && part.path("type_id").asInt() != 0) {
                    throw new ModelException(
                            path
                                    + " gives tokens of a text the type "
                                    + part.path("type_id")
                                    + ", which is not supported; supported is 0");
                }
            }
        }
    }
}
