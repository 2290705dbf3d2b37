package io.github.flinksplade.encoder;

/**
 * How logits become weights. With x the logits of a text, of which padding is excluded,
 *
 * <pre>
 * w[t] = pooling over the sequence of log(1 + activation(x[token, t]))
 * </pre>
 *
 * <p>This is SpladePooling of sentence-transformers.
 *
 * @param pooling over the sequence
 * @param activation of a logit
 * @param withoutSpecialTerms whether the weights of the tokenizer's special tokens are zero
 */
public record Formula(Pooling pooling, Activation activation, boolean withoutSpecialTerms) {

    /** SPLADE-max, SPLADE++ and all models without other metadata. */
    public static final Formula STANDARD = new Formula(Pooling.MAX, Activation.RELU, false);

    /** How the weights of a term over the sequence are combined. */
    public enum Pooling {
        /** The largest one. */
        MAX,
        /** Their sum (the first SPLADE). */
        SUM
    }

    /** What is applied to a logit before the logarithm. */
    public enum Activation {
        /** {@code max(0, x)}. */
        RELU,
        /** {@code log(1 + max(0, x))}: the weight has two logarithms (OpenSearch's v3 models). */
        LOG1P_RELU
    }

    /** How often {@code log(1 + x)} is applied to {@code relu(logit)}. */
    public int logarithms() {
        return switch (activation) {
            case RELU -> 1;
            case LOG1P_RELU -> 2;
        };
    }

    /**
     * The weight for a logit.
     *
     * @param logit positive
     */
    public float weight(float logit) {
        double weight = logit;
        for (int i = 0; i < logarithms(); i++) {
            weight = Math.log1p(weight);
        }
        return (float) weight;
    }

    /** For display, such as {@code max of log(1 + relu(logit))}. */
    @Override
    public String toString() {
        String weight =
                switch (activation) {
                    case RELU -> "log(1 + relu(logit))";
                    case LOG1P_RELU -> "log(1 + log(1 + relu(logit)))";
                };
        return switch (pooling) {
                    case MAX -> "max of ";
                    case SUM -> "sum of ";
                }
                + weight
                + (withoutSpecialTerms ? ", special tokens excluded" : "");
    }
}
