package io.github.flinksplade.pipeline.internal;

import java.io.Serializable;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Microseconds since the epoch. */
@FunctionalInterface
interface MicrosClock extends Serializable {

    MicrosClock SYSTEM = () -> ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());

    long micros();
}
