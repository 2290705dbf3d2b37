package io.github.flinksplade.encoder.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Checks blobs of the hub's cache. The name of a blob is its ETag: the SHA-256 of a large file, the
 * git blob id of a small one.
 */
public final class CachedBlob {

    private CachedBlob() {}

    /**
     * Describes the damage of a file of the hub's cache and how to repair it; empty if its content
     * matches its blob's name, or if it is not in the cache.
     *
     * @param file a file of a snapshot
     * @param real its real path
     * @param sha256 the SHA-256 of its content, so that it need not be read again
     */
    public static Optional<String> damage(Path file, Path real, String sha256) throws IOException {
        Optional<String> repair = repairHint(file);
        String name = real.getFileName().toString();
        if (repair.isEmpty()
                || !real.getParent().endsWith("blobs")
                || name.length() == 64 && name.equals(sha256)) {
            return Optional.empty();
        }
        return mismatch(real, name).map(mismatch -> "it " + mismatch + "; " + repair.get());
    }

    /** How to repair a file; empty if it is not in the hub's cache. */
    public static Optional<String> repairHint(Path file) {
        return HubRepository.repairHint(file);
    }

    /**
     * How a blob's content differs from its name, as the end of a sentence that starts with "it";
     * empty if it matches, or if the name is not a digest.
     */
    static Optional<String> mismatch(Path file, String name) throws IOException {
        if (!name.matches("[0-9a-f]{40}|[0-9a-f]{64}")) {
            return Optional.empty();
        }
        if (name.length() == 64) {
            String sha256 = digest(file, List.of(newDigest("SHA-256"))).get(0);
            return mismatch("SHA-256", sha256, name);
        }
        MessageDigest git = newDigest("SHA-1");
        git.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        // some mirrors return the SHA-1 of the content alone
        List<String> digests = digest(file, List.of(git, newDigest("SHA-1")));
        return digests.contains(name)
                ? Optional.empty()
                : mismatch("git blob id", digests.get(0), name);
    }

    private static Optional<String> mismatch(String kind, String actual, String expected) {
        return actual.equals(expected)
                ? Optional.empty()
                : Optional.of("has the " + kind + " " + actual + ", not " + expected);
    }

    private static List<String> digest(Path file, List<MessageDigest> digests) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 18];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (MessageDigest digest : digests) {
                    digest.update(buffer, 0, read);
                }
            }
        }
        return digests.stream().map(d -> HexFormat.of().formatHex(d.digest())).toList();
    }

    private static MessageDigest newDigest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has " + algorithm, e);
        }
    }
}
