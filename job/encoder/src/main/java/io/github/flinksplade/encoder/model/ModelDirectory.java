package io.github.flinksplade.encoder.model;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelMetadata;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Finds the files of a model in a directory and checks them. */
public final class ModelDirectory {

    private static final String GIT_LFS = "version https://git-lfs.github.com/spec/";
    private static final int MAX_GIT_LFS_POINTER_BYTES = 1024;

    private static final List<String> GRAPHS = List.of("model.onnx", "onnx/model.onnx");
    private static final String TOKENIZER = "tokenizer.json";

    private final ModelDigests digests;
    private final Optional<String> pinnedSha256;

    /**
     * @param pinnedSha256 the SHA-256 that the model must have, or null for any
     * @throws ModelException if it is not a valid SHA-256
     */
    public ModelDirectory(ModelDigests digests, String pinnedSha256) {
        this.digests = digests;
        this.pinnedSha256 = Optional.ofNullable(pinnedSha256).map(ModelDirectory::validated);
    }

    /**
     * Returns the files of a model.
     *
     * @param name the reference of the model
     * @param location a directory or an ONNX file
     * @throws ModelException if a file is missing, damaged or invalid, or the SHA-256 differs
     */
    public ModelFiles files(String name, Path location) {
        Path graph = Files.isDirectory(location) ? graph(location) : location;
        Path tokenizer =
                nextToOrAbove(graph, TOKENIZER)
                        .orElseThrow(
                                () ->
                                        new ModelException(
                                                "no tokenizer.json next to "
                                                        + graph.toAbsolutePath()
                                                        + " or one level up; export the model"
                                                        + " together with its fast tokenizer"));
        rejectGitLfsPointer(graph);
        rejectGitLfsPointer(tokenizer);
        String sha256 = digests.model(graph);
        if (pinnedSha256.isPresent() && !pinnedSha256.get().equals(sha256)) {
            throw new ModelException(
                    "the model "
                            + name
                            + " has the SHA-256 "
                            + sha256
                            + " but "
                            + pinnedSha256.get()
                            + " is pinned; use the pinned model, or pin this one");
        }
        Optional<Path> configFile = nextToOrAbove(graph, SpladeConfig.FILE_NAME);
        configFile.ifPresent(digests::file);
        SpladeConfig config = configFile.map(SpladeConfig::read).orElse(SpladeConfig.NONE);
        return new ModelFiles(
                name,
                graph,
                tokenizer,
                sha256,
                digests.file(tokenizer),
                config.documentTokens(),
                config.queryTokens(),
                ModelMetadata.NONE);
    }

    private static String validated(String sha256) {
        String pin = sha256.strip().toLowerCase(Locale.ROOT);
        if (!pin.matches("[0-9a-f]{64}")) {
            throw new ModelException(
                    "the pinned SHA-256 '" + sha256 + "' is invalid; write 64 hexadecimal digits");
        }
        return pin;
    }

    private static Path graph(Path directory) {
        for (String candidate : GRAPHS) {
            if (Files.isRegularFile(directory.resolve(candidate))) {
                return directory.resolve(candidate);
            }
        }
        Set<String> others = new TreeSet<>();
        try (Stream<Path> files = Files.walk(directory, 2)) {
            files.filter(file -> file.getFileName().toString().endsWith(".onnx"))
                    .forEach(file -> others.add(directory.relativize(file).toString()));
        } catch (IOException | UncheckedIOException e) {
            throw new ModelException(
                    "the directory " + directory.toAbsolutePath() + " cannot be read: " + e, e);
        }
        throw new ModelException(
                "no model.onnx or onnx/model.onnx in "
                        + directory.toAbsolutePath()
                        + (others.isEmpty()
                                ? "; export the model to ONNX, for example with optimum-cli export"
                                        + " onnx --task fill-mask"
                                : "; it contains "
                                        + String.join(", ", others)
                                        + ": name the file to use it"));
    }

    private static Optional<Path> nextToOrAbove(Path graph, String name) {
        Path directory = graph.toAbsolutePath().getParent();
        return Stream.of(directory, directory.getParent())
                .filter(Objects::nonNull)
                .map(candidate -> candidate.resolve(name))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** Git leaves a pointer in place of a large file if a repository is cloned without Git LFS. */
    private static void rejectGitLfsPointer(Path file) {
        try {
            if (Files.size(file) < MAX_GIT_LFS_POINTER_BYTES
                    && new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                            .startsWith(GIT_LFS)) {
                throw new ModelException(
                        file.toAbsolutePath()
                                + " is a Git LFS pointer, not the file itself; run git lfs pull in"
                                + " that repository");
            }
        } catch (IOException e) {
            throw new ModelException(
                    file.toAbsolutePath() + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /**
     * Copies a model's tokenizer and token limits to the directory of a derived graph.
     *
     * @throws ModelException if the directory cannot be written
     */
    public static void copyCompanions(ModelFiles files, Path directory) {
        try {
            Files.copy(
                    files.tokenizer(),
                    directory.resolve(TOKENIZER),
                    StandardCopyOption.REPLACE_EXISTING);
            new SpladeConfig(files.documentTokens(), files.queryTokens()).write(directory);
        } catch (IOException e) {
            throw new ModelException(directory + " cannot be written: " + FileErrors.reason(e), e);
        }
    }
}
