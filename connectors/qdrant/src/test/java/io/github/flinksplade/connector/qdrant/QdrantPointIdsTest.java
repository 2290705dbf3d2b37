package io.github.flinksplade.connector.qdrant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class QdrantPointIdsTest {

    @Test
    void keepsUnsignedIntegers() {
        assertThat(QdrantPointIds.of("0").getNum()).isZero();
        assertThat(QdrantPointIds.of("42").getNum()).isEqualTo(42);
        assertThat(QdrantPointIds.of("18446744073709551615").getNum()).isEqualTo(-1L);
    }

    @Test
    void keepsUuids() {
        String id = "550e8400-e29b-41d4-a716-446655440000";
        assertThat(QdrantPointIds.of(id).getUuid()).isEqualTo(id);
    }

    /** The same as Python's {@code uuid.uuid5(uuid.NAMESPACE_URL, "flink-splade:" + id)}. */
    @Test
    void hashesAnyOtherId() {
        assertThat(QdrantPointIds.of("a/b").getUuid())
                .isEqualTo("ad30b7a9-835d-5c10-a21b-f0ac9d3efc19");
        assertThat(QdrantPointIds.of("\uD83D\uDE00 emoji").getUuid())
                .isEqualTo("091205a2-fa6e-51c8-9233-f8b54b4bdddd");
    }

    /** Ids that Qdrant would parse to the same number or UUID must stay different. */
    @Test
    void hashesOtherFormatsOfNumbersAndUuids() {
        assertThat(QdrantPointIds.of("00042").getUuid())
                .isEqualTo("8f1d9d16-0eb2-52e5-98f4-431d3fa57852");
        assertThat(QdrantPointIds.of("+42").hasUuid()).isTrue();
        assertThat(QdrantPointIds.of("18446744073709551616").hasUuid()).isTrue();
        String upper = "550E8400-E29B-41D4-A716-446655440000";
        assertThat(QdrantPointIds.of(upper))
                .isNotEqualTo(QdrantPointIds.of(upper.toLowerCase(Locale.ROOT)));
        assertThat(QdrantPointIds.of(upper.replace("-", "").toLowerCase(Locale.ROOT)))
                .isNotEqualTo(QdrantPointIds.of(upper.toLowerCase(Locale.ROOT)));
    }
}
