package io.github.flinksplade.connector.qdrant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class PointIdsTest {

    @Test
    void numbersOf64BitsStayNumbers() {
        assertThat(PointIds.of("0").getNum()).isZero();
        assertThat(PointIds.of("42").getNum()).isEqualTo(42);
        assertThat(PointIds.of("18446744073709551615").getNum()).isEqualTo(-1L);
    }

    @Test
    void uuidsStayUuids() {
        String id = "550e8400-e29b-41d4-a716-446655440000";
        assertThat(PointIds.of(id).getUuid()).isEqualTo(id);
    }

    /** As Python's {@code uuid.uuid5(uuid.NAMESPACE_URL, "flink-splade:" + id)} has them. */
    @Test
    void everythingElseIsNamed() {
        assertThat(PointIds.of("a/b").getUuid()).isEqualTo("ad30b7a9-835d-5c10-a21b-f0ac9d3efc19");
        assertThat(PointIds.of("\uD83D\uDE00 emoji").getUuid())
                .isEqualTo("091205a2-fa6e-51c8-9233-f8b54b4bdddd");
    }

    /** Two ids that Qdrant would take for one must not become one. */
    @Test
    void anotherWayToWriteANumberOrUuidIsAnotherId() {
        assertThat(PointIds.of("00042").getUuid())
                .isEqualTo("8f1d9d16-0eb2-52e5-98f4-431d3fa57852");
        assertThat(PointIds.of("+42").hasUuid()).isTrue();
        assertThat(PointIds.of("18446744073709551616").hasUuid()).isTrue();
        String upper = "550E8400-E29B-41D4-A716-446655440000";
        assertThat(PointIds.of(upper)).isNotEqualTo(PointIds.of(upper.toLowerCase(Locale.ROOT)));
        assertThat(PointIds.of(upper.replace("-", "").toLowerCase(Locale.ROOT)))
                .isNotEqualTo(PointIds.of(upper.toLowerCase(Locale.ROOT)));
    }
}
