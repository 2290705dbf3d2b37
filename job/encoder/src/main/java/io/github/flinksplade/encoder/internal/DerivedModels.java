package io.github.flinksplade.encoder.internal;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;

/** Models in another precision, each made once and kept under the hash of its model. */
public final class DerivedModels {

    private DerivedModels() {}

    /**
     * The ONNX file of a model in a precision other than its own.
     *
     * @param directory where such files are kept
     * @throws ModelException when it cannot be made or kept
     */
    public static Path provide(
            Path graph, Precision precision, String sha256, Path directory, Progress progress) {
        Path made =
                directory.resolve(
                        label(precision)
                                + "-"
                                + version(precision)
                                + "-"
                                + sha256.substring(0, 32)
                                + ".onnx");
        if (!Files.isRegularFile(made)) {
            write(graph, precision, made, progress);
        }
        return made;
    }

    private static String label(Precision precision) {
        return precision.name().toLowerCase(Locale.ROOT);
    }

    /** Changes when something else is made of the same model. */
    private static int version(Precision precision) {
        return switch (precision) {
            case FP32 -> throw new IllegalArgumentException("nothing is made for fp32");
            case INT8 -> 3;
            case FP16 -> 1;
        };
    }

    private static ModelProto made(Path graph, Precision precision, OnnxFile file) {
        GraphIndex index = new GraphIndex(file.model());
        Optional<ModelProto> made =
                switch (precision) {
                    case FP32 -> Optional.empty();
                    case INT8 -> IntegerQuantizer.quantize(index, file::data);
                    case FP16 -> HalfPrecision.convert(index, file::data);
                };
        return made.map(file::whole)
                .orElseThrow(
                        () ->
                                new ModelException(
                                        graph
                                                + (precision == Precision.INT8
                                                        ? " has no products with constant matrices"
                                                                + " of 32-bit floats that could be"
                                                                + " made products of 8-bit integers"
                                                        : " is no plain graph of 32-bit floats that"
                                                                + " could be made one of 16-bit"
                                                                + " floats")
                                                + "; use it without --precision "
                                                + label(precision)));
    }

    /**
     * Writes a model in another precision. The file appears whole, or not at all.
     *
     * @throws ModelException when it cannot be made or written
     */
    public static void write(Path graph, Precision precision, Path made, Progress progress) {
        OnnxFile file = OnnxFile.read(graph);
        ModelProto derived = made(graph, precision, file);
        String what = "making " + graph.getFileName() + " " + label(precision);
        long size = derived.getSerializedSize();
        progress.report(what, 0, size);
        try {
            Files.createDirectories(made.toAbsolutePath().getParent());
            Path part =
                    Files.createTempFile(
                            made.toAbsolutePath().getParent(),
                            made.getFileName().toString(),
                            ".part");
            try {
                try (OutputStream out =
                        new BufferedOutputStream(Files.newOutputStream(part), 1 << 16)) {
                    derived.writeTo(out);
                }
                Files.move(
                        part,
                        made,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new ModelException(
                    "the model in "
                            + label(precision)
                            + " cannot be written to "
                            + made
                            + ": "
                            + e.getMessage()
                            + "; it needs "
                            + (size >> 20)
                            + " MB there",
                    e);
        }
        progress.report(what, size, size);
    }
}
