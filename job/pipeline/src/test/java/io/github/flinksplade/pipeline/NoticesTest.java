package io.github.flinksplade.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.pipeline.Notices.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class NoticesTest {

    private static Entry entry(String key, long count, String position) {
        return new Entry(true, key, "reason " + key, count, position, null, "Do " + key + ".");
    }

    @Test
    void countsByReasonAndKeepsFirst() {
        Notices notices = new Notices();
        notices.add(entry("a", 1, "t-0@1"));
        notices.add(entry("b", 1, "t-0@2"));
        notices.add(entry("b", 1, "t-0@3"));
        assertThat(notices.getLocalValue())
                .extracting(Entry::toString)
                .containsExactly(
                        "2 x reason b, first at t-0@2. Do b.",
                        "1 x reason a, first at t-0@1. Do a.");
        assertThat(notices.toString())
                .isEqualTo(
                        "1 x reason a, first at t-0@1. Do a.\n2 x reason b, first at t-0@2. Do b.");
        assertThat(new Entry(true, "k", "rejected", 1, "f line 3", "too long", null))
                .hasToString("1 x rejected, first at f line 3: too long");
    }

    @Test
    void mergesWithoutChangingOther() {
        Notices one = new Notices();
        one.add(entry("a", 2, "t-0@1"));
        Notices other = new Notices();
        other.add(entry("a", 3, "t-1@0"));
        other.add(entry("b", 1, "t-1@7"));
        Notices merged = one.clone();
        merged.merge(other);
        assertThat(merged.getLocalValue())
                .containsExactly(entry("a", 5, "t-0@1"), entry("b", 1, "t-1@7"));
        assertThat(one.getLocalValue()).containsExactly(entry("a", 2, "t-0@1"));
        merged.resetLocal();
        assertThat(merged.getLocalValue()).isEmpty();
    }

    @Test
    void limitsNumberOfReasons() {
        Notices notices = new Notices();
        for (int i = 0; i < Notices.MAX_REASONS + 7; i++) {
            notices.add(entry("r" + i, 1, "t-0@" + i));
        }
        List<Entry> entries = notices.getLocalValue();
        assertThat(entries).hasSize(Notices.MAX_REASONS + 1);
        assertThat(entries.get(0)).hasToString("7 x other reasons, first at t-0@50: reason r50");
        assertThat(entries.stream().mapToLong(Entry::count).sum())
                .isEqualTo(Notices.MAX_REASONS + 7);
    }

    @Test
    void isSerializableWhileTaskAdds() throws Exception {
        Notices notices = new Notices();
        AtomicBoolean stop = new AtomicBoolean();
        Thread task =
                new Thread(
                        () -> {
                            for (int i = 0; !stop.get(); i++) {
                                if (i % 40 == 0) {
                                    notices.resetLocal();
                                }
                                notices.add(entry("r" + i % 40, 1, "t-0@" + i));
                            }
                        });
        task.start();
        try {
            List<Integer> sizes = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                Notices copy = InstantiationUtil.clone(notices);
                sizes.add(copy.getLocalValue().size());
            }
            assertThat(sizes).allMatch(size -> size <= 40);
        } finally {
            stop.set(true);
            task.join();
        }
    }
}
