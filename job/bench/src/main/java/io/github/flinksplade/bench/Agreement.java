package io.github.flinksplade.bench;

import io.github.flinksplade.vector.SparseVector;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Compares two vectors of one text. */
public final class Agreement {

    private Agreement() {}

    /** The max difference of a term's weights; a missing term has weight 0. */
    public static double maxDifference(SparseVector one, SparseVector other) {
        double max = 0;
        int i = 0;
        int j = 0;
        while (i < one.size() || j < other.size()) {
            int left = i < one.size() ? one.indices()[i] : Integer.MAX_VALUE;
            int right = j < other.size() ? other.indices()[j] : Integer.MAX_VALUE;
            double a = left <= right ? one.values()[i++] : 0;
            double b = right <= left ? other.values()[j++] : 0;
            max = Math.max(max, Math.abs(a - b));
        }
        return max;
    }

    /** The share of one's largest terms that are also among the other's; 1 if it has no terms. */
    public static double topOverlap(SparseVector one, SparseVector other, int count) {
        Set<Integer> largest = Set.copyOf(largest(one, count));
        if (largest.isEmpty()) {
            return 1;
        }
        long shared = largest(other, count).stream().filter(largest::contains).count();
        return (double) shared / largest.size();
    }

    private static List<Integer> largest(SparseVector vector, int count) {
        return IntStream.range(0, vector.size())
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -vector.values()[i]))
                .limit(count)
                .map(i -> vector.indices()[i])
                .collect(Collectors.toList());
    }
}
