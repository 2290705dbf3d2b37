package io.github.flinksplade.connector;

/**
 * Writes floats in the fewest digits that give the same float when read again, in the form of
 * {@link Float#toString(float)} and several times as fast where weights are: from 0.001 to 1000.
 * Others are left to that method.
 *
 * <p>For one thread.
 */
final class FloatText {

    private static final float LEAST = 1e-3f;
    private static final float GREATEST = 1e3f;

    /** Every decimal of so many digits can be told from its neighbours as a float. */
    private static final int FEW_DIGITS = 6;

    /** So many digits tell every float from its neighbours. */
    private static final int MOST_DIGITS = 9;

    /** What a double below 10^9 can be off after a multiplication, doubled. */
    private static final double ROUNDING = 2.4e-7;

    private static final int MANTISSA = (1 << 23) - 1;
    private static final double[] POWERS = new double[MOST_DIGITS + 3];

    static {
        for (int i = 0; i < POWERS.length; i++) {
            POWERS[i] = Math.pow(10, i);
        }
    }

    private final char[] text = new char[20];

    void append(float number, StringBuilder to) {
        if (!(number >= LEAST && number < GREATEST)) {
            to.append(number);
            return;
        }
        int whole =
                number >= 100
                        ? 3
                        : number >= 10
                                ? 2
                                : number >= 1 ? 1 : number >= .1f ? 0 : number >= .01f ? -1 : -2;
        // of its two neighbours the one below is nearer where the number is a power of two
        boolean power = (Float.floatToRawIntBits(number) & MANTISSA) == 0;
        double half = Math.ulp(number) / (power ? 4.0 : 2.0);
        for (int digits = FEW_DIGITS; digits <= MOST_DIGITS; digits++) {
            int decimals = digits - whole;
            double exact = number * POWERS[decimals];
            double scaled = Math.rint(exact);
            if (Math.abs(scaled - exact) + ROUNDING < half * POWERS[decimals]) {
                write((int) scaled, decimals, to);
                return;
            }
        }
        to.append(number);
    }

    /** Writes a number that is {@code scaled} over 10 to the power of {@code decimals}. */
    private void write(int scaled, int decimals, StringBuilder to) {
        int rest = scaled;
        int position = text.length;
        boolean zeros = true;
        for (int i = decimals; i > 0; i--) {
            char digit = (char) ('0' + rest % 10);
            rest /= 10;
            zeros &= digit == '0' && i > 1;
            if (!zeros) {
                text[--position] = digit;
            }
        }
        text[--position] = '.';
        do {
            text[--position] = (char) ('0' + rest % 10);
            rest /= 10;
        } while (rest > 0);
        to.append(text, position, text.length - position);
    }
}
