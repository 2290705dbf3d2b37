package io.github.flinksplade.encoder.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.graph.ExternalWeights;
import io.github.flinksplade.encoder.hub.CachedBlob;
import io.github.flinksplade.encoder.platform.AtomicFile;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SHA-256 digests of a model's files. They are stored in the cache directory by path, size and
 * modification time, so that a large model is not read at every start; if the cache is not writable
 * they are computed every time.
 */
public final class ModelDigests {

    private static final Logger LOG = LoggerFactory.getLogger(ModelDigests.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A file modified more recently could change again within the resolution of its time. */
    private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Path cache;
    private final boolean trustUnchanged;
    private final Progress progress;

    /**
     * A stored digest.
     *
     * @param path the file's real path
     * @param size in bytes
     * @param modifiedNanos modification time
     * @param sha256 the digest
     * @param external for a graph, the files to which it refers; else empty
     */
    private record Entry(
            String path, long size, long modifiedNanos, String sha256, List<String> external) {}

    /**
     * @param cache the cache directory, which may not exist
     * @param trustUnchanged whether to use the stored digest of a file whose size and time are
     *     unchanged
     * @param progress notified while a file is read
     */
    public ModelDigests(Path cache, boolean trustUnchanged, Progress progress) {
        this.cache = cache.resolve("digests");
        this.trustUnchanged = trustUnchanged;
        this.progress = progress;
    }

    /**
     * Returns a file's digest.
     *
     * @throws ModelException if it cannot be read, or is a blob of the hub's cache that does not
     *     match its name
     */
    public String file(Path file) {
        return entry(file, false).sha256();
    }

    /**
     * Returns a model's digest; see {@code ModelFiles.sha256}.
     *
     * @param graph an ONNX file, whose external files are included; or a config.json
     * @param others the safetensors files of a config.json and other weights, by name
     * @param statements what other files state on the vectors of documents
     * @throws ModelException as {@link #file}, and if it is not a complete ONNX model
     */
    public String model(Path graph, SortedMap<String, Path> others, List<String> statements) {
        Entry entry = entry(graph, !graph.endsWith("config.json"));
        if (entry.external().isEmpty() && others.isEmpty() && statements.isEmpty()) {
            return entry.sha256();
        }
        StringBuilder listing = new StringBuilder();
        listing.append(entry.sha256()).append("  ").append(graph.getFileName()).append('\n');
        for (String location : entry.external()) {
            Path file = graph.resolveSibling(location);
            if (!Files.isRegularFile(file)) {
                throw new ModelException(
                        "the weights of "
                                + graph.toAbsolutePath()
                                + " are in "
                                + location
                                + ", which is not next to it; copy it there");
            }
            listing.append(file(file)).append("  ").append(location).append('\n');
        }
        others.forEach(
                (name, file) -> listing.append(file(file)).append("  ").append(name).append('\n'));
        statements.forEach(statement -> listing.append(statement).append('\n'));
        return HexFormat.of()
                .formatHex(sha256().digest(listing.toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** The digest of an ONNX file with its external files. */
    public String model(Path graph) {
        return model(graph, Collections.emptySortedMap(), List.of());
    }

    private static String repair(Path graph) {
        return CachedBlob.repairHint(graph).orElse("download or export it again");
    }

    private Entry entry(Path file, boolean isGraph) {
        try {
            // the real path, so that a blob that several snapshots share is read once
            Path real = file.toRealPath();
            BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
            long modified = attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
            Path entryFile = entryFile(real, isGraph);
            Entry cached = trustUnchanged ? read(entryFile) : null;
            if (cached != null
                    && cached.path().equals(real.toString())
                    && cached.size() == attributes.size()
                    && cached.modifiedNanos() == modified) {
                return cached;
            }
            // first, so that a file that is not a model is not read in full
            List<String> external =
                    isGraph
                            ? List.copyOf(ExternalWeights.locations(file, repair(file)))
                            : List.of();
            String sha256 = digest(real, file.getFileName(), attributes.size());
            Optional<String> damage = CachedBlob.damage(file, real, sha256);
            if (damage.isPresent()) {
                throw new ModelException(real + " is damaged: " + damage.get());
            }
            Entry entry = new Entry(real.toString(), attributes.size(), modified, sha256, external);
            long now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
            if (now - modified > SETTLED_NANOS) {
                write(entryFile, entry);
            }
            return entry;
        } catch (IOException e) {
            throw new ModelException(
                    file.toAbsolutePath() + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    private Path entryFile(Path real, boolean isGraph) {
        byte[] name = (real + (isGraph ? "|graph" : "")).getBytes(StandardCharsets.UTF_8);
        return cache.resolve(HexFormat.of().formatHex(sha256().digest(name), 0, 16) + ".json");
    }

    private String digest(Path file, Path name, long size) throws IOException {
        String what = "checking " + name;
        MessageDigest digest = sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 20];
            long done = 0;
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                done += read;
                if (size > buffer.length) {
                    progress.report(what, done, size);
                }
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The entry in a file; null if it is missing or damaged. */
    private static Entry read(Path entryFile) {
        if (!Files.isRegularFile(entryFile)) {
            return null;
        }
        try {
            Entry entry = JSON.readValue(Files.readAllBytes(entryFile), Entry.class);
            boolean isComplete =
                    entry != null
                            && entry.path() != null
                            && entry.sha256() != null
                            && entry.external() != null;
            return isComplete ? entry : null;
        } catch (IOException e) {
            LOG.debug("{} is damaged and will be written again", entryFile, e);
            return null;
        }
    }

    private static void write(Path entryFile, Entry entry) {
        try {
            Files.createDirectories(entryFile.getParent());
            byte[] json = JSON.writeValueAsBytes(entry);
            AtomicFile.write(entryFile, out -> out.write(json));
        } catch (IOException e) {
            // the next start computes it again
            LOG.debug("the digest of {} cannot be stored in {}", entry.path(), entryFile, e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
