package io.github.flinksplade.pipeline.internal;

import java.time.Duration;
import java.util.Optional;
import org.apache.flink.api.common.state.StateTtlConfig;

/** The time to live of state after its last update. */
final class TimeToLive {

    private TimeToLive() {}

    /** Empty if the duration is zero, which means unlimited. */
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
