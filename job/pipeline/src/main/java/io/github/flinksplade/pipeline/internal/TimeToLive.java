package io.github.flinksplade.pipeline.internal;

import java.time.Duration;
import java.util.Optional;
import org.apache.flink.api.common.state.StateTtlConfig;

/** How long state lives that is not written. */
final class TimeToLive {

    private TimeToLive() {}

    /** None when the duration is zero: for ever. */
    static Optional<StateTtlConfig> of(Duration duration) {
        return duration.isZero()
                ? Optional.empty()
                : Optional.of(
                        StateTtlConfig.newBuilder(duration)
                                .updateTtlOnCreateAndWrite()
                                .neverReturnExpired()
                                .build());
    }
}
