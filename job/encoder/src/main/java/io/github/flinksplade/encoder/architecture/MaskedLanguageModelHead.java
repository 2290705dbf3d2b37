package io.github.flinksplade.encoder.architecture;

import io.github.flinksplade.encoder.ModelException;
import java.util.List;

/** The end of a masked language model: a value for each term. */
final class MaskedLanguageModelHead {

    private MaskedLanguageModelHead() {}

    /**
     * {@code h D' + bias}.
     *
     * @param h [batch, tokens, width]
     * @param matrix D, [vocabulary, width]
     * @param biases names of the bias, of which the first that exists is used; none for no bias
     * @throws ModelException if biases are given and none exists
     */
    static String decode(
            GraphParts parts,
            ModelWeights weights,
            String h,
            String matrix,
            List<String> biases,
            long vocabulary) {
        String product = parts.node("MatMul", h, parts.transposed(matrix));
        if (biases.isEmpty()) {
            return product;
        }
        String bias = biases.stream().filter(weights::has).findFirst().orElse(biases.get(0));
        return parts.node("Add", product, parts.weight(bias, vocabulary));
    }
}
