package io.github.flinksplade.encoder.model;

import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.ModelMetadata;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.layout.LocalFolder;
import io.github.flinksplade.encoder.layout.ModelLayout;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the files of a model in a directory and checks them. */
public final class ModelDirectory {

    private static final String GIT_LFS = "version https://git-lfs.github.com/spec/";
    private static final int MAX_GIT_LFS_POINTER_BYTES = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(ModelDirectory.class);

    private final ModelDigests digests;
    private final Optional<String> pinnedSha256;
    private final Progress progress;

    /**
     * @param pinnedSha256 the SHA-256 that the model must have, or null for any
     * @param progress receives warnings about what a model states
     * @throws ModelException if it is not a valid SHA-256
     */
    public ModelDirectory(ModelDigests digests, String pinnedSha256, Progress progress) {
        this.digests = digests;
        this.progress = progress;
        this.pinnedSha256 = Optional.ofNullable(pinnedSha256).map(ModelDirectory::validated);
    }

    /**
     * Returns the files of a model.
     *
     * @param name the reference of the model
     * @param location a directory, or an ONNX file or a model.safetensors in one
     * @throws ModelException if a file is missing, damaged or invalid, states something that is not
     *     supported, or the SHA-256 differs
     */
    public ModelFiles files(String name, Path location) {
        ModelRoot root = ModelRoot.find(location);
        ModelLayout layout = ModelLayout.read(new LocalFolder(root.directory()), root.graph());
        for (String warning : layout.warnings()) {
            LOG.warn(warning);
            progress.warn(warning);
        }
        ModelFiles files = files(name, layout);
        if (pinnedSha256.isPresent() && !pinnedSha256.get().equals(files.sha256())) {
            throw new ModelException(
                    "the model "
                            + name
                            + " has the SHA-256 "
                            + files.sha256()
                            + " but "
                            + pinnedSha256.get()
                            + " is pinned; use the pinned model, or pin this one");
        }
        return files;
    }

    private ModelFiles files(String name, ModelLayout layout) {
        rejectGitLfsPointer(layout.graph());
        layout.weights().values().forEach(ModelDirectory::rejectGitLfsPointer);
        layout.tokenHead().ifPresent(ModelDirectory::rejectGitLfsPointer);
        rejectGitLfsPointer(layout.tokenizer());
        SortedMap<String, Path> others = new TreeMap<>(layout.weights());
        layout.tokenHead().ifPresent(head -> others.put(head.getFileName().toString(), head));
        String sha256 = digests.model(layout.graph(), others, statements(layout));
        layout.limits().ifPresent(digests::file);
        SpladeConfig config = layout.limits().map(SpladeConfig::read).orElse(SpladeConfig.NONE);
        List<String> notes = new ArrayList<>(layout.notes());
        if (config.documentTokens() > 0) {
            notes.add("max document tokens: " + config.documentTokens() + " (splade.json)");
        }
        if (config.queryTokens() > 0) {
            notes.add("max query tokens: " + config.queryTokens() + " (splade.json)");
        }
        return new ModelFiles(
                name,
                layout.graph(),
                layout.tokenizer(),
                sha256,
                digests.file(layout.tokenizer()),
                config.documentTokens() > 0 ? config.documentTokens() : layout.documentTokens(),
                config.queryTokens() > 0 ? config.queryTokens() : layout.queryTokens(),
                new ModelMetadata(
                        layout.formula(),
                        layout.prompts(),
                        layout.lowerCase(),
                        layout.strip(),
                        layout.tokenHead(),
                        layout.query().map(query -> querySide(name, query)),
                        notes));
    }

    private ModelMetadata.QuerySide querySide(String name, ModelLayout.Query query) {
        if (query instanceof ModelLayout.Query.TokenWeights table) {
            rejectGitLfsPointer(table.weights());
            rejectGitLfsPointer(table.tokenizer());
            // checks a file of the hub's cache
            digests.file(table.weights());
            return new ModelMetadata.QuerySide.TokenWeights(
                    table.weights(), table.tokenizer(), table.withSpecialTokens());
        }
        ModelLayout model = ((ModelLayout.Query.Model) query).layout();
        return new ModelMetadata.QuerySide.Model(files(name, model));
    }

    /** What determines the vectors of documents, other than weights and tokenizer. */
    private static List<String> statements(ModelLayout layout) {
        List<String> statements = new ArrayList<>();
        if (layout.tokenHead().isEmpty() && !layout.formula().equals(Formula.STANDARD)) {
            statements.add("formula: " + layout.formula());
        }
        if (!layout.prompts().document().isEmpty()) {
            statements.add("document prompt: " + layout.prompts().document());
        }
        if (layout.lowerCase()) {
            statements.add("lower case");
        }
        if (layout.strip()) {
            statements.add("strip");
        }
        return statements;
    }

    /** Whether a directory contains a model that can be opened, by its metadata alone. */
    public static boolean contains(Path directory) {
        ModelFolder folder = new LocalFolder(directory);
        try {
            ModelLayout layout = ModelLayout.read(folder, Optional.empty());
            // without modules.json, safetensors could be those of any model
            return layout.weights().isEmpty()
                    || folder.contains("modules.json")
                    || Files.readString(layout.graph()).contains("ForMaskedLM\"");
        } catch (ModelException | IOException e) {
            LOG.debug("{} contains no model", directory, e);
            return false;
        }
    }

    private static String validated(String sha256) {
        String pin = sha256.strip().toLowerCase(Locale.ROOT);
        if (!pin.matches("[0-9a-f]{64}")) {
            throw new ModelException(
                    "the pinned SHA-256 '" + sha256 + "' is invalid; write 64 hexadecimal digits");
        }
        return pin;
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
}
