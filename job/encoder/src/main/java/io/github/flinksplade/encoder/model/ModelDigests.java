package io.github.flinksplade.encoder.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.graph.ExternalWeights;
import io.github.flinksplade.encoder.hub.BlobDigest;
import io.github.flinksplade.encoder.hub.HubCache;
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
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SHA-256 digests of a model's files. They are kept in the cache directory by path, size and time
 * of last change, so that a large model is not read at every start; where the cache cannot be
 * written they are computed each time.
 */
public final class ModelDigests {

    private static final Logger LOG = LoggerFactory.getLogger(ModelDigests.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A file changed so recently could change again within the same tick of its clock. */
    private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Path cache;
    private final boolean trustUnchanged;
    private final Progress progress;

    /**
     * What is known of a file.
     *
     * @param path its real path
     * @param size in bytes
     * @param modifiedNanos time of last change
     * @param sha256 its digest
     * @param external where it is a graph, the files that it refers to; else empty
     */
    private record Known(
            String path, long size, long modifiedNanos, String sha256, List<String> external) {}

    /**
     * @param cache the product's directory, may not exist yet
     * @param trustUnchanged whether the digest of a file that seems unchanged may come from the
     *     cache
     * @param progress notified while a file is read
     */
    public ModelDigests(Path cache, boolean trustUnchanged, Progress progress) {
        this.cache = cache.resolve("digests");
        this.trustUnchanged = trustUnchanged;
        this.progress = progress;
    }

    /**
     * A file's digest.
     *
     * @throws ModelException when it cannot be read, or is a blob in the hub's cache that does not
     *     match its name
     */
    public String file(Path file) {
        return known(file, false).sha256();
    }

    /**
     * A graph's digest, its external files included; see {@code ModelFiles.sha256}.
     *
     * @throws ModelException as {@link #file}, and when it is not a complete ONNX model
     */
    public String model(Path graph) {
        Known known = known(graph, true);
        if (known.external().isEmpty()) {
            return known.sha256();
        }
        StringBuilder listing = new StringBuilder();
        listing.append(known.sha256()).append("  ").append(graph.getFileName()).append('\n');
        for (String location : known.external()) {
            Path file = graph.resolveSibling(location);
            if (!Files.isRegularFile(file)) {
                throw new ModelException(
                        "the weights of "
                                + graph.toAbsolutePath()
                                + " lie in "
                                + location
                                + ", which is not beside it; put it there");
            }
            listing.append(known(file, false).sha256()).append("  ").append(location).append('\n');
        }
        MessageDigest digest = sha256();
        return HexFormat.of()
                .formatHex(digest.digest(listing.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static String repair(Path graph) {
        return HubCache.repair(graph).orElse("fetch or export it again");
    }

    private Known known(Path file, boolean graph) {
        try {
            // the real path, so that one blob of a shared cache is read once
            Path real = file.toRealPath();
            BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
            long modified = attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
            Path entry = entry(real, graph);
            Known cached = trustUnchanged ? read(entry) : null;
            if (cached != null
                    && cached.path().equals(real.toString())
                    && cached.size() == attributes.size()
                    && cached.modifiedNanos() == modified) {
                return cached;
            }
            // first, so that what is no model is not read in full
            List<String> external =
                    graph ? List.copyOf(ExternalWeights.locations(file, repair(file))) : List.of();
            String sha256 = digest(real, file.getFileName(), attributes.size());
            checkBlob(file, real, sha256);
            Known known = new Known(real.toString(), attributes.size(), modified, sha256, external);
            long now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
            if (now - modified > SETTLED_NANOS) {
                write(entry, known);
            }
            return known;
        } catch (IOException e) {
            throw new ModelException(
                    file.toAbsolutePath() + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /** Compares a blob of the hub's cache with its name. */
    private static void checkBlob(Path file, Path real, String sha256) throws IOException {
        Optional<String> repair = HubCache.repair(file);
        String name = real.getFileName().toString();
        if (repair.isEmpty()
                || !real.getParent().endsWith("blobs")
                || name.length() == 64 && name.equals(sha256)) {
            return;
        }
        Optional<String> mismatch = BlobDigest.mismatch(real, name);
        if (mismatch.isPresent()) {
            throw new ModelException(
                    real + " is damaged: it " + mismatch.get() + "; " + repair.get());
        }
    }

    private Path entry(Path real, boolean graph) {
        byte[] name = (real + (graph ? "|graph" : "")).getBytes(StandardCharsets.UTF_8);
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

    /** What is kept, or null where there is nothing of use. */
    private static Known read(Path entry) {
        if (!Files.isRegularFile(entry)) {
            return null;
        }
        try {
            Known known = JSON.readValue(Files.readAllBytes(entry), Known.class);
            boolean whole =
                    known != null
                            && known.path() != null
                            && known.sha256() != null
                            && known.external() != null;
            return whole ? known : null;
        } catch (IOException e) {
            LOG.debug("{} is of no use and will be written again", entry, e);
            return null;
        }
    }

    private static void write(Path entry, Known known) {
        try {
            Files.createDirectories(entry.getParent());
            byte[] json = JSON.writeValueAsBytes(known);
            AtomicFile.write(entry, out -> out.write(json));
        } catch (IOException e) {
            // only costs the next start the time to compute it again
            LOG.debug("the digest of {} cannot be kept in {}", known.path(), entry, e);
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
