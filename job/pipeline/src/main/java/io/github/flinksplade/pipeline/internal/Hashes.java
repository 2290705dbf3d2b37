package io.github.flinksplade.pipeline.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;

/** Short forms of what the state compares. */
final class Hashes {

    private static final String NO_FIELDS = "{}";
    private static final byte[] OF_NO_FIELDS = Arrays.copyOf(sha256(NO_FIELDS), 16);

    private Hashes() {}

    /** The first 16 bytes of the SHA-256 of the text's UTF-8. */
    static byte[] of(String text) {
        return text.equals(NO_FIELDS) ? OF_NO_FIELDS.clone() : Arrays.copyOf(sha256(text), 16);
    }

    /** The names' hashes, ascending. */
    static long[] ofNames(Collection<String> names) {
        return names.stream()
                .mapToLong(name -> ByteBuffer.wrap(sha256(name)).getLong())
                .sorted()
                .toArray();
    }

    /** Whether all of these are among those, which ascend. */
    static boolean contains(long[] those, long[] these) {
        for (long one : these) {
            if (Arrays.binarySearch(those, one) < 0) {
                return false;
            }
        }
        return true;
    }

    /** {@link io.github.flinksplade.connector.Provenance#fingerprint()} as the number it is. */
    static long fingerprint(String hexadecimal) {
        return Long.parseUnsignedLong(hexadecimal, 16);
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
