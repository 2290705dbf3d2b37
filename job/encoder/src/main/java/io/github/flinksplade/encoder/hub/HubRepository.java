package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.graph.ExternalWeights;
import io.github.flinksplade.encoder.layout.ModelLayout;
import io.github.flinksplade.encoder.platform.AtomicFile;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A repository in the cache that all of the hub's tools share:
 *
 * <pre>
 * models--owner--name/refs/main                     the commit of a branch or tag when last fetched
 * models--owner--name/snapshots/COMMIT/onnx/...     links to blobs, named as the files
 * models--owner--name/.no_exist/COMMIT/...          empty, named as files that a commit lacks
 * models--owner--name/blobs/ETAG                    contents, see {@link BlobStore}
 * </pre>
 */
final class HubRepository {

    private static final Logger LOG = LoggerFactory.getLogger(HubRepository.class);
    private static final String DIRECTORY_PREFIX = "models--";

    /** Some of these exist in every model: the commit of a mirror without an API is theirs. */
    private static final List<String> PROBED =
            List.of(
                    "modules.json",
                    "tokenizer.json",
                    "config.json",
                    "model.onnx",
                    "onnx/model.onnx");

    private final String name;
    private final Path directory;
    private final BlobStore blobs;

    /**
     * @param cache the cache directory
     * @param name {@code owner/name}
     */
    HubRepository(Path cache, String name) {
        String directoryName = DIRECTORY_PREFIX + name.replace("/", "--");
        this.name = name;
        this.directory = cache.toAbsolutePath().resolve(directoryName);
        this.blobs =
                new BlobStore(
                        directory.resolve("blobs"),
                        cache.toAbsolutePath().resolve(".locks").resolve(directoryName));
    }

    Path directory() {
        return directory;
    }

    Path snapshot(String commit) {
        return directory.resolve("snapshots").resolve(commit);
    }

    /**
     * The snapshot of a revision if the cache contains the whole model.
     *
     * @param graph the file that the user names
     */
    Optional<Path> cachedModel(String revision, Optional<String> graph) {
        Optional<String> commit = cachedCommit(revision);
        if (commit.isEmpty()) {
            return Optional.empty();
        }
        CachedFolder folder = new CachedFolder(this, commit.get(), false);
        try {
            return isComplete(ModelLayout.read(folder, graph))
                    ? Optional.of(snapshot(commit.get()))
                    : Optional.empty();
        } catch (CachedFolder.UnknownFileException e) {
            LOG.debug("the cache does not contain {}", e.name());
            return Optional.empty();
        }
    }

    /**
     * As {@link #cachedModel}, but files that the cache does not contain are taken for missing in
     * the repository, with a warning that names them.
     */
    Optional<Path> incompleteModel(String revision, Optional<String> graph, Progress progress) {
        Optional<String> commit = cachedCommit(revision);
        if (commit.isEmpty()) {
            return Optional.empty();
        }
        CachedFolder folder = new CachedFolder(this, commit.get(), true);
        try {
            if (!isComplete(ModelLayout.read(folder, graph))) {
                return Optional.empty();
            }
        } catch (ModelException e) {
            if (folder.unknown().isEmpty()) {
                throw e;
            }
            LOG.debug("the cache is not complete", e);
            return Optional.empty();
        }
        String message =
                "hf:"
                        + name
                        + " is used without "
                        + String.join(", ", folder.unknown())
                        + ": the cache "
                        + directory
                        + " does not contain them, and because of HF_HUB_OFFLINE it is unknown"
                        + " whether the repository does";
        LOG.warn(message);
        progress.warn(message);
        return Optional.of(snapshot(commit.get()));
    }

    /** Whether the external files of all graphs exist. */
    private static boolean isComplete(ModelLayout layout) {
        return layout.graphs().values().stream()
                .allMatch(
                        graph ->
                                externalWeights(graph).stream()
                                        .map(graph::resolveSibling)
                                        .allMatch(Files::isRegularFile));
    }

    /** The commit of a revision when it was last fetched; a commit is its own. */
    private Optional<String> cachedCommit(String revision) {
        if (revision.matches("[0-9a-f]{40}")) {
            return Optional.of(revision);
        }
        Path ref = directory.resolve("refs").resolve(revision);
        if (!Files.isRegularFile(ref)) {
            return Optional.empty();
        }
        try {
            String commit = Files.readString(ref).strip();
            return commit.matches("[0-9A-Za-z]+") ? Optional.of(commit) : Optional.empty();
        } catch (IOException e) {
            throw new ModelException(ref + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /**
     * Downloads the files of a model that are missing or damaged; returns its snapshot.
     *
     * @param graph the file that the user names
     * @param reference the model as the user wrote it, for messages
     * @throws ModelException if the repository lacks a file, or states something that is not
     *     supported, or the hub or the cache is unavailable
     */
    Path fetchModel(
            HubClient client,
            String revision,
            Optional<String> graph,
            String reference,
            Progress progress) {
        HubClient.Listing listing = client.list(reference, revision, PROBED);
        String commit = listing.commit();
        RemoteFolder folder = new RemoteFolder(this, client, listing, reference, progress);
        ModelLayout layout = ModelLayout.read(folder, graph);
        layout.graphs()
                .forEach(
                        (name, file) ->
                                externalWeights(file)
                                        .forEach(
                                                location ->
                                                        folder.file(
                                                                ModelFolder.sibling(
                                                                        name, location))));
        writeMissing(commit, folder.missing());
        // last, so that a branch never points to an incomplete snapshot
        writeRef(revision, commit);
        return snapshot(commit);
    }

    /**
     * Where the cache records that a commit does not have a file, as other tools do too: an empty
     * file.
     */
    Path missingFile(String commit, String file) {
        return directory.resolve(".no_exist").resolve(commit).resolve(file);
    }

    /** Without these records, the next start contacts the hub again. */
    private void writeMissing(String commit, Collection<String> files) {
        try {
            for (String file : files) {
                Path record = missingFile(commit, file);
                if (Files.notExists(record)) {
                    Files.createDirectories(record.getParent());
                    Files.write(record, new byte[0]);
                }
            }
        } catch (IOException e) {
            LOG.warn(
                    "{} cannot be written ({}); the next start contacts the hub again",
                    directory.resolve(".no_exist"),
                    FileErrors.reason(e));
        }
    }

    private static SortedSet<String> externalWeights(Path graph) {
        return ExternalWeights.locations(graph, repairHint(graph).orElse("download it again"));
    }

    Path fetch(HubClient client, String commit, String file, Progress progress) {
        HubClient.RemoteFile remote = client.head(commit, file);
        Path link = snapshot(commit).resolve(file);
        try {
            blobs.fetch(client, remote, link, progress);
        } catch (IOException e) {
            throw new ModelException(
                    "the model is not complete in the cache "
                            + directory
                            + ", which cannot be written: "
                            + FileErrors.reason(e)
                            + "; free some space, change its permissions, or set HF_HOME to another"
                            + " directory",
                    e);
        }
        return link;
    }

    /**
     * Records the commit of a branch or tag. A cache that is not writable is not an error: the next
     * start contacts the hub again. Only an outdated record that cannot be replaced is an error,
     * because the next start would use it.
     */
    private void writeRef(String revision, String commit) {
        Path ref = directory.resolve("refs").resolve(revision);
        if (revision.equals(commit) || cachedCommit(revision).equals(Optional.of(commit))) {
            return;
        }
        try {
            Files.createDirectories(ref.getParent());
            // the temporary file is not in refs/, where other tools take every file for a branch
            AtomicFile.write(
                    ref, directory, out -> out.write(commit.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            if (Files.exists(ref)) {
                throw new ModelException(
                        ref
                                + " names another commit than "
                                + commit
                                + " and cannot be written: "
                                + FileErrors.reason(e)
                                + "; change its permissions, or set HF_HOME to another directory",
                        e);
            }
            LOG.warn(
                    "{} cannot be written ({}); the next start contacts the hub again",
                    ref,
                    FileErrors.reason(e));
        }
    }

    /**
     * How to repair a file; empty if it is not in the hub's cache.
     *
     * @param file a file of a snapshot or a blob
     */
    static Optional<String> repairHint(Path file) {
        Path path = file.toAbsolutePath().normalize();
        for (Path parent = path.getParent(); parent != null; parent = parent.getParent()) {
            String directoryName =
                    parent.getFileName() == null ? "" : parent.getFileName().toString();
            if (directoryName.startsWith(DIRECTORY_PREFIX)) {
                String repository =
                        directoryName.substring(DIRECTORY_PREFIX.length()).replaceFirst("--", "/");
                Path inside = parent.relativize(path);
                boolean isSnapshot = inside.startsWith("snapshots") && inside.getNameCount() > 2;
                boolean isMain = !isSnapshot || isMain(parent, inside);
                // a graph of another name is downloaded only if the user names it
                boolean isNamed =
                        isSnapshot
                                && path.toString().endsWith(".onnx")
                                && !path.endsWith("model.onnx");
                return Optional.of(
                        "download it again with flink-splade model pull hf:"
                                + repository
                                + (isMain ? "" : "@" + inside.getName(1))
                                + (isNamed ? "#" + inside.subpath(2, inside.getNameCount()) : ""));
            }
        }
        return Optional.empty();
    }

    private static boolean isMain(Path directory, Path inside) {
        try {
            return Files.readString(directory.resolve("refs/main"))
                    .strip()
                    .equals(inside.getName(1).toString());
        } catch (IOException e) {
            return false; // the commit identifies the snapshot just as well
        }
    }
}
