package io.github.flinksplade.encoder.architecture;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The activation functions of the transformers library, by the names that it gives them. */
enum ActivationFunction {
    GELU("gelu", "gelu_python") {
        @Override
        String apply(String x, GraphParts parts) {
            String erf = parts.node("Erf", parts.node("Div", x, parts.scalar(Math.sqrt(2))));
            return parts.node(
                    "Mul",
                    parts.node("Mul", x, parts.node("Add", erf, parts.scalar(1))),
                    parts.scalar(.5));
        }
    },
    GELU_TANH("gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate") {
        @Override
        String apply(String x, GraphParts parts) {
            String cube = parts.node("Mul", x, parts.node("Mul", x, x));
            String inner = parts.node("Add", x, parts.node("Mul", cube, parts.scalar(.044715)));
            String tanh =
                    parts.node(
                            "Tanh", parts.node("Mul", inner, parts.scalar(Math.sqrt(2 / Math.PI))));
            return parts.node(
                    "Mul",
                    parts.node("Mul", x, parts.node("Add", tanh, parts.scalar(1))),
                    parts.scalar(.5));
        }
    },
    QUICK_GELU("quick_gelu") {
        @Override
        String apply(String x, GraphParts parts) {
            return parts.node(
                    "Mul", x, parts.node("Sigmoid", parts.node("Mul", x, parts.scalar(1.702))));
        }
    },
    SILU("silu", "swish") {
        @Override
        String apply(String x, GraphParts parts) {
            return parts.node("Mul", x, parts.node("Sigmoid", x));
        }
    },
    RELU("relu") {
        @Override
        String apply(String x, GraphParts parts) {
            return parts.node("Relu", x);
        }
    },
    TANH("tanh") {
        @Override
        String apply(String x, GraphParts parts) {
            return parts.node("Tanh", x);
        }
    },
    MISH("mish") {
        @Override
        String apply(String x, GraphParts parts) {
            return parts.node("Mul", x, parts.node("Tanh", parts.node("Softplus", x)));
        }
    };

    private final List<String> names;

    ActivationFunction(String... names) {
        this.names = List.of(names);
    }

    /** Adds the function of a value; returns the result's name. */
    abstract String apply(String x, GraphParts parts);

    /**
     * The function that a configuration names.
     *
     * @throws io.github.flinksplade.encoder.ModelException if it is unknown
     */
    static ActivationFunction of(ModelConfig config, String key) {
        String name = config.text(key, "gelu");
        return Arrays.stream(values())
                .filter(function -> function.names.contains(name))
                .findFirst()
                .orElseThrow(
                        () -> {
                            List<String> all = new ArrayList<>();
                            for (ActivationFunction function : values()) {
                                all.addAll(function.names);
                            }
                            return config.unsupported(key, all);
                        });
    }
}
