package io.github.flinksplade.bench;

import io.github.flinksplade.vector.SparseVector;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** How far two vectors of one text agree. */
final class Agreement {

    private Agreement() {}

    /** The greatest difference of a term's weights; a term that is missing has weight 0. */
    static double worst(SparseVector one, SparseVector other) {
        double worst = 0;
        int i = 0;
        int j = 0;
        while (i < one.size() || j < other.size()) {
            int left = i < one.size() ? one.indices()[i] : Integer.MAX_VALUE;
            int right = j < other.size() ? other.indices()[j] : Integer.MAX_VALUE;
            double a = left <= right ? one.values()[i++] : 0;
            double b = right <= left ? other.values()[j++] : 0;
            worst = Math.max(worst, Math.abs(a - b));
        }
        return worst;
    }

    /** The share of one's largest terms that are among the other's largest; 1 where it has none. */
    static double topOverlap(SparseVector one, SparseVector other, int most) {
        Set<Integer> largest = Set.copyOf(largest(one, most));
        if (largest.isEmpty()) {
            return 1;
        }
        long shared = largest(other, most).stream().filter(largest::contains).count();
        return (double) shared / largest.size();
    }

    private static List<Integer> largest(SparseVector vector, int most) {
        return IntStream.range(0, vector.size())
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -vector.values()[i]))
                .limit(most)
                .map(i -> vector.indices()[i])
                .collect(Collectors.toList());
    }
}
