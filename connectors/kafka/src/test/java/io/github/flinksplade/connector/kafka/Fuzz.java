package io.github.flinksplade.connector.kafka;

import java.util.Arrays;
import java.util.Random;

/** Corrupt payloads. */
final class Fuzz {

    private Fuzz() {}

    /** Random bytes, or a payload that is truncated, extended or changed. */
    static byte[] corrupt(byte[] valid, Random random) {
        if (random.nextInt(4) == 0) {
            byte[] bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            return bytes;
        }
        byte[] bytes =
                Arrays.copyOf(
                        valid,
                        random.nextBoolean()
                                ? valid.length
                                : random.nextInt(valid.length + valid.length / 4 + 1));
        for (int changes = random.nextInt(4); changes > 0 && bytes.length > 0; changes--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return bytes;
    }
}
