package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.core.io.NumberOutput;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Values that JSON has no type for, as JSON. The same for Avro and Protobuf. */
final class JsonValues {

    /** Longer numbers are written with an exponent. */
    private static final int MAX_DIGITS = 1_000;

    private JsonValues() {}

    static JsonValue bool(boolean value) {
        return value ? JsonLiteral.TRUE : JsonLiteral.FALSE;
    }

    static JsonValue integer(long value) {
        return new JsonNumber(Long.toString(value));
    }

    /** The fewest digits that parse to the same float; a string for NaN and infinities. */
    static JsonValue number(float value) {
        return Float.isFinite(value)
                ? new JsonNumber(NumberOutput.toString(value, true))
                : new JsonString(Float.toString(value));
    }

    /** The fewest digits that parse to the same double; a string for NaN and infinities. */
    static JsonValue number(double value) {
        return Double.isFinite(value)
                ? new JsonNumber(NumberOutput.toString(value, true))
                : new JsonString(Double.toString(value));
    }

    /**
     * A decimal with all its digits.
     *
     * @param unscaled big-endian, in two's complement
     */
    static JsonValue decimal(byte[] unscaled, int scale) throws IOException {
        if (unscaled.length == 0) {
            throw new IOException("a decimal has no bytes");
        }
        BigDecimal decimal = new BigDecimal(new BigInteger(unscaled), scale);
        return new JsonNumber(
                Math.abs((long) scale) > MAX_DIGITS ? decimal.toString() : decimal.toPlainString());
    }

    static JsonValue base64(byte[] bytes) {
        return new JsonString(Base64.getEncoder().encodeToString(bytes));
    }

    static JsonValue date(long daysSinceEpoch) {
        return new JsonString(LocalDate.ofEpochDay(daysSinceEpoch).toString());
    }

    /** A time of day: {@code 10:00:00.123}. */
    static JsonValue time(long value, TimeUnit unit) throws IOException {
        if (value < 0 || value >= unit.convert(1, TimeUnit.DAYS)) {
            throw new IOException("a time of day is " + value + " " + name(unit));
        }
        String instant = instant(value, unit);
        return new JsonString(instant.substring(instant.indexOf('T') + 1, instant.length() - 1));
    }

    /** A point in time, in UTC: {@code 2024-05-01T10:00:00.123Z}. */
    static JsonValue timestamp(long sinceEpoch, TimeUnit unit) {
        return new JsonString(instant(sinceEpoch, unit));
    }

    /** As {@link #timestamp(long, TimeUnit)}, of Protobuf. */
    static JsonValue timestamp(long seconds, int nanos) throws IOException {
        try {
            return new JsonString(Instant.ofEpochSecond(seconds, nanos).toString());
        } catch (DateTimeException | ArithmeticException e) {
            throw new IOException("a timestamp is " + seconds + " seconds", e);
        }
    }

    /** A date and a time without a time zone: {@code 2024-05-01T10:00:00.123}. */
    static JsonValue localTimestamp(long sinceEpoch, TimeUnit unit) {
        String instant = instant(sinceEpoch, unit);
        return new JsonString(instant.substring(0, instant.length() - 1));
    }

    /** Every long is a valid number of milliseconds or less. */
    private static String instant(long sinceEpoch, TimeUnit unit) {
        long unitsPerSecond = unit.convert(1, TimeUnit.SECONDS);
        return Instant.ofEpochSecond(
                        Math.floorDiv(sinceEpoch, unitsPerSecond),
                        unit.toNanos(Math.floorMod(sinceEpoch, unitsPerSecond)))
                .toString();
    }

    private static String name(TimeUnit unit) {
        return unit.name().toLowerCase(Locale.ROOT);
    }
}
