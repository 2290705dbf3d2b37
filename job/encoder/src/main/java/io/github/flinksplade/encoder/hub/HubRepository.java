package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.graph.ExternalWeights;
import io.github.flinksplade.encoder.platform.AtomicFile;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A repository in the cache that all of the hub's tools share:
 *
 * <pre>
 * models--owner--name/refs/main                     the commit of a branch or tag when last fetched
 * models--owner--name/snapshots/COMMIT/onnx/...     links to blobs, named as the files
 * models--owner--name/blobs/ETAG                    contents, see {@link BlobStore}
 * </pre>
 */
final class HubRepository {

    private static final Logger LOG = LoggerFactory.getLogger(HubRepository.class);
    private static final String DIRECTORY_PREFIX = "models--";

    private static final List<String> GRAPHS = List.of("model.onnx", "onnx/model.onnx");
    private static final String TOKENIZER = "tokenizer.json";
    private static final List<String> OPTIONAL = List.of("config.json", "splade.json");
    private static final List<String> ALL =
            Stream.of(GRAPHS, List.of(TOKENIZER), OPTIONAL).flatMap(List::stream).toList();

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

    private Path snapshot(String commit) {
        return directory.resolve("snapshots").resolve(commit);
    }

    /** The snapshot of a revision if the cache contains the whole model. */
    Optional<Path> cachedModel(String revision) {
        Optional<Path> snapshot = cachedCommit(revision).map(this::snapshot);
        if (snapshot.isEmpty() || !Files.isRegularFile(snapshot.get().resolve(TOKENIZER))) {
            return Optional.empty();
        }
        for (String candidate : GRAPHS) {
            Path graph = snapshot.get().resolve(candidate);
            if (Files.isRegularFile(graph)) {
                boolean isComplete =
                        externalWeights(graph).stream()
                                .map(graph::resolveSibling)
                                .allMatch(Files::isRegularFile);
                return isComplete ? snapshot : Optional.empty();
            }
        }
        return Optional.empty();
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
     * @param reference the model as the user wrote it, for messages
     * @throws ModelException if the repository lacks a file, or the hub or the cache is unavailable
     */
    Path fetchModel(HubClient client, String revision, String reference, Progress progress) {
        HubClient.Listing listing = client.list(reference, revision, ALL);
        String commit = listing.commit();
        if (!listing.files().contains(TOKENIZER)) {
            throw new ModelException(
                    reference
                            + " has no tokenizer.json; use a repository that has the fast"
                            + " tokenizer, or export the model with it to a directory");
        }
        String graph =
                GRAPHS.stream()
                        .filter(listing.files()::contains)
                        .findFirst()
                        .orElseThrow(() -> noGraph(reference, listing.files()));
        fetch(client, commit, TOKENIZER, progress);
        for (String optional : OPTIONAL) {
            if (listing.files().contains(optional)) {
                fetch(client, commit, optional, progress);
            }
        }
        Path file = fetch(client, commit, graph, progress);
        String graphDirectory = graph.substring(0, graph.lastIndexOf('/') + 1);
        for (String location : externalWeights(file)) {
            fetch(client, commit, graphDirectory + location, progress);
        }
        // last, so that a branch never points to an incomplete snapshot
        writeRef(revision, commit);
        return snapshot(commit);
    }

    private static SortedSet<String> externalWeights(Path graph) {
        return ExternalWeights.locations(graph, repairHint(graph).orElse("download it again"));
    }

    private ModelException noGraph(String reference, Set<String> files) {
        SortedSet<String> graphs = new TreeSet<>(files);
        graphs.removeIf(file -> !file.endsWith(".onnx"));
        return new ModelException(
                reference
                        + " has no model.onnx or onnx/model.onnx"
                        + (graphs.isEmpty() ? "" : " (it has " + String.join(", ", graphs) + ")")
                        + "; export it to a directory, for example with optimum-cli export onnx"
                        + " --task fill-mask --model "
                        + name);
    }

    private Path fetch(HubClient client, String commit, String file, Progress progress) {
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
                boolean isMain = !inside.startsWith("snapshots") || isMain(parent, inside);
                return Optional.of(
                        "download it again with flink-splade model pull hf:"
                                + repository
                                + (isMain ? "" : "@" + inside.getName(1)));
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
