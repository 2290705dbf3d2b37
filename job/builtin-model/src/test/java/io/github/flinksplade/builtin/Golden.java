package io.github.flinksplade.builtin;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The vector of a text that training/golden.py computed with NumPy only, in double precision. */
record Golden(String text, int[] ids, int[] indices, float[] values) {

    /** Weights below this may be missing on one side: rounding can make them zero. */
    static final double TOLERANCE = 1e-3;

    static List<Golden> all() throws IOException {
        try (InputStream in = Golden.class.getResourceAsStream("golden.json")) {
            return List.of(new ObjectMapper().readValue(in, Golden[].class));
        }
    }

    /** The largest difference of any term's weight. */
    double difference(SparseVector vector) {
        Map<Integer, Double> left = new TreeMap<>();
        for (int i = 0; i < indices.length; i++) {
            left.put(indices[i], (double) values[i]);
        }
        for (int i = 0; i < vector.size(); i++) {
            left.merge(vector.indices()[i], -(double) vector.values()[i], Double::sum);
        }
        return left.values().stream().mapToDouble(Math::abs).max().orElse(0);
    }
}
