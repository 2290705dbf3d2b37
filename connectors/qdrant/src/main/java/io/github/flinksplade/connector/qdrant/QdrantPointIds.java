package io.github.flinksplade.connector.qdrant;

import io.qdrant.client.PointIdFactory;
import io.qdrant.client.grpc.Common.PointId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Converts document ids to Qdrant's ids, which are unsigned 64-bit integers and UUIDs. A document
 * id in the canonical format of one of these is used unchanged ({@code 7}, but not {@code 007});
 * any other is converted to the version 5 UUID of {@code flink-splade:ID} in the URL namespace: in
 * Python {@code uuid.uuid5(uuid.NAMESPACE_URL, "flink-splade:" + id)}.
 */
final class QdrantPointIds {

    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,19}");
    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    /** The URL namespace (RFC 4122, appendix C). */
    private static final UUID NAMESPACE = UUID.fromString("6ba7b811-9dad-11d1-80b4-00c04fd430c8");

    private static final String PREFIX = "flink-splade:";
    private static final String MAX_UNSIGNED = Long.toUnsignedString(-1);

    private QdrantPointIds() {}

    static PointId of(String id) {
        if (isUnsigned(id)) {
            return PointIdFactory.id(Long.parseUnsignedLong(id));
        }
        return PointIdFactory.id(UUID_TEXT.matcher(id).matches() ? UUID.fromString(id) : uuid5(id));
    }

    private static boolean isUnsigned(String id) {
        return NUMBER.matcher(id).matches()
                && (id.length() < MAX_UNSIGNED.length() || id.compareTo(MAX_UNSIGNED) <= 0);
    }

    /** A version 5 UUID (RFC 4122, section 4.3). */
    private static UUID uuid5(String id) {
        MessageDigest sha1;
        try {
            sha1 = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-1", e);
        }
        sha1.update(
                ByteBuffer.allocate(16)
                        .putLong(NAMESPACE.getMostSignificantBits())
                        .putLong(NAMESPACE.getLeastSignificantBits())
                        .array());
        ByteBuffer digest =
                ByteBuffer.wrap(sha1.digest((PREFIX + id).getBytes(StandardCharsets.UTF_8)));
        long high = digest.getLong() & ~0xF000L | 0x5000L;
        long low = digest.getLong() & ~(3L << 62) | 2L << 62;
        return new UUID(high, low);
    }
}
