package io.github.flinksplade.pipeline.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;

/** Hashes of the values that the state compares. */
final class Hashes {

    private static final String NO_FIELDS = "{}";
    private static final byte[] OF_NO_FIELDS = Arrays.copyOf(sha256(NO_FIELDS), 16);

    private Hashes() {}

    /** The first 16 bytes of the SHA-256 of the text's UTF-8. */
    static byte[] of(String text) {
        return text.equals(NO_FIELDS) ? OF_NO_FIELDS.clone() : Arrays.copyOf(sha256(text), 16);
    }

    /** Hashes of names, ascending. */
    static long[] ofNames(Collection<String> names) {
        return names.stream()
                .mapToLong(name -> ByteBuffer.wrap(sha256(name)).getLong())
                .sorted()
                .toArray();
    }

    /** Whether an ascending array contains all these values. */
    static boolean contains(long[] ascending, long[] values) {
        for (long value : values) {
            if (Arrays.binarySearch(ascending, value) < 0) {
                return false;
            }
        }
        return true;
    }

    /** A hash of a passage's text, to tell apart the passages of one document. */
    static long ofPassage(String text) {
        return ofBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The first 8 bytes of the SHA-256. */
    static long ofBytes(byte[] bytes) {
        return ByteBuffer.wrap(sha256(bytes)).getLong();
    }

    /**
     * Identifies what a vector depends on besides its text.
     *
     * @param encoder {@link io.github.flinksplade.connector.Provenance#fingerprint()}
     * @param longDocuments {@link io.github.flinksplade.encoder.LongDocuments#fingerprint(int)}
     */
    static long fingerprint(String encoder, String longDocuments) {
        long fingerprint = Long.parseUnsignedLong(encoder, 16);
        return longDocuments.isEmpty()
                ? fingerprint
                : fingerprint ^ ByteBuffer.wrap(sha256(longDocuments)).getLong();
    }

    private static byte[] sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
