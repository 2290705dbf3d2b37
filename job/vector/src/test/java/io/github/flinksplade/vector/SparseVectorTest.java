package io.github.flinksplade.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SparseVectorTest {

    private static void assertInvalid(String message, int[] indices, float... values) {
        assertThatThrownBy(() -> new SparseVector(indices, values))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void rejectsInvalidArrays() {
        assertInvalid("2 indices but 1 values", new int[] {1, 2}, 1);
        assertInvalid("indices must ascend, but 4 follows 4", new int[] {4, 4}, 1, 1);
        assertInvalid("indices must ascend, but 3 follows 4", new int[] {4, 3}, 1, 1);
        assertInvalid("index -1 is negative", new int[] {-1}, 1);
        for (float value : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertInvalid("index 7 has " + value, new int[] {7}, value);
        }
    }

    @Test
    void computesDotProductOfSharedTerms() {
        SparseVector one = new SparseVector(new int[] {1, 3, 5}, new float[] {1, 2, 3});
        SparseVector other = new SparseVector(new int[] {0, 3, 5, 9}, new float[] {9, .5f, 2, 9});
        assertThat(one.dot(other)).isEqualTo(7).isEqualTo(other.dot(one));
        assertThat(one.dot(SparseVector.EMPTY)).isZero();
    }

    @Test
    void ordersByWeightDescendingAndStable() {
        SparseVector vector =
                new SparseVector(new int[] {1, 2, 3, 4}, new float[] {1, 2, Float.MIN_VALUE, 2});
        assertThat(vector.byWeight()).containsExactly(1, 3, 0, 2);
    }
}
