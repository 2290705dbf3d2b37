package io.github.flinksplade.app.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SmoothedRateTest {

    private static final long SECOND = 1_000_000_000L;

    @Test
    void isExactForASteadyRateFromTheSecondSample() {
        SmoothedRate rate = new SmoothedRate();
        rate.update(0, 100);
        assertThat(rate.perSecond()).isZero();
        for (int i = 1; i <= 100; i++) {
            rate.update(i * SECOND / 4, 100 + 5L * i);
            assertThat(rate.perSecond()).isCloseTo(20, within(1e-9));
        }
    }

    @Test
    void smoothsBurstsAndFollowsALastingChange() {
        SmoothedRate rate = new SmoothedRate();
        long count = 0;
        for (int second = 0; second <= 60; second++) {
            count += second % 5 == 0 ? 50 : 0; // 10 a second on average
            rate.update(second * SECOND, count);
        }
        assertThat(rate.perSecond()).isBetween(8.0, 13.0);
        for (int second = 61; second <= 121; second++) {
            count += 40;
            rate.update(second * SECOND, count);
        }
        assertThat(rate.perSecond()).isBetween(38.0, 40.0);
    }

    @Test
    void resetsWhenTheCountDecreases() {
        SmoothedRate rate = new SmoothedRate();
        rate.update(0, 0);
        rate.update(SECOND, 1_000);
        rate.update(2 * SECOND, 0);
        rate.update(3 * SECOND, 10);
        assertThat(rate.perSecond()).isCloseTo(10, within(1e-9));
    }
}
