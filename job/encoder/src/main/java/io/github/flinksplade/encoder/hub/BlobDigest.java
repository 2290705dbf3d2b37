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
 * What the name of a blob in the hub's cache, which is the file's ETag, says about its content: the
 * SHA-256 of a large file, the id of a git blob for a small one.
 */
public final class BlobDigest {

    private BlobDigest() {}

    /** Whether the name is a digest. */
    static boolean isDigest(String name) {
        return name.matches("[0-9a-f]{40}|[0-9a-f]{64}");
    }

    /**
     * What is wrong with a blob's content, as the end of a sentence that begins with "it"; empty if
     * it matches its name or the name is not a digest.
     */
    public static Optional<String> mismatch(Path file, String name) throws IOException {
        if (!isDigest(name)) {
            return Optional.empty();
        }
        if (name.length() == 64) {
            String found = digest(file, List.of(digest("SHA-256"))).get(0);
            return mismatch("SHA-256", found, name);
        }
        MessageDigest git = digest("SHA-1");
        git.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        // some mirrors answer with the SHA-1 of the content alone
        List<String> found = digest(file, List.of(git, digest("SHA-1")));
        return found.contains(name)
                ? Optional.empty()
                : mismatch("git blob id", found.get(0), name);
    }

    private static Optional<String> mismatch(String what, String found, String expected) {
        return found.equals(expected)
                ? Optional.empty()
                : Optional.of("has the " + what + " " + found + ", not " + expected);
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

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has " + algorithm, e);
        }
    }
}
