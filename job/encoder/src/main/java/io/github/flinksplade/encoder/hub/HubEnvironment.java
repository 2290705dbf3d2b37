package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The environment variables of the hub's tools, read as the Python library reads them: HF_ENDPOINT,
 * HF_TOKEN (or the token file of a login), HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE.
 */
record HubEnvironment(Map<String, String> variables) {

    /** The hub's URI; empty for the default. */
    String endpoint() {
        return variable("HF_ENDPOINT");
    }

    boolean isOffline() {
        return isTrue("HF_HUB_OFFLINE") || isTrue("TRANSFORMERS_OFFLINE");
    }

    /** The cache directory of the hub's tools, which may not exist. */
    Path cacheDirectory() {
        return path("HF_HUB_CACHE")
                .or(() -> path("HUGGINGFACE_HUB_CACHE"))
                .orElseGet(() -> home().resolve("hub"));
    }

    /** The access token, if there is one. */
    Optional<String> token() {
        for (String name : List.of("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")) {
            String token = variable(name).strip();
            if (!token.isEmpty()) {
                return Optional.of(validated(token, name));
            }
        }
        Path file = path("HF_TOKEN_PATH").orElseGet(() -> home().resolve("token"));
        if (isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") || !Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            String token = Files.readString(file, StandardCharsets.UTF_8).strip();
            return token.isEmpty() ? Optional.empty() : Optional.of(validated(token, "" + file));
        } catch (IOException e) {
            throw new ModelException("the token file " + file + " cannot be read: " + e, e);
        }
    }

    private static String validated(String token, String source) {
        if (!token.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new ModelException(
                    source
                            + " does not contain a valid token: it has spaces or characters that"
                            + " are not ASCII; copy the token again");
        }
        return token;
    }

    private Path home() {
        return path("HF_HOME")
                .orElseGet(
                        () ->
                                path("XDG_CACHE_HOME")
                                        .orElseGet(() -> userHome().resolve(".cache"))
                                        .resolve("huggingface"));
    }

    private Path userHome() {
        return HomeDirectory.of(variables);
    }

    private Optional<Path> path(String name) {
        String value = variable(name);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    value.equals("~") || value.startsWith("~/")
                            ? userHome().resolve(value.substring(Math.min(2, value.length())))
                            : Path.of(value));
        } catch (InvalidPathException e) {
            throw new ModelException(name + " is not a valid path: " + e.getReason(), e);
        }
    }

    private boolean isTrue(String name) {
        return Set.of("1", "ON", "YES", "TRUE").contains(variable(name).toUpperCase(Locale.ROOT));
    }

    private String variable(String name) {
        return variables.getOrDefault(name, "");
    }
}
