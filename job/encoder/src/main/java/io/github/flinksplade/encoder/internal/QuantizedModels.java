package io.github.flinksplade.encoder.internal;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Models with integer products, each made once and kept under the hash of its model. */
public final class QuantizedModels {

    /** Changes when {@link IntegerQuantizer} makes something else of the same model. */
    private static final int VERSION = 3;

    private QuantizedModels() {}

    /**
     * The ONNX file of a model with integer products.
     *
     * @param directory where such files are kept
     * @throws ModelException when it cannot be made or kept
     */
    public static Path provide(Path graph, String sha256, Path directory, Progress progress) {
        Path made = directory.resolve("int8-" + VERSION + "-" + sha256.substring(0, 32) + ".onnx");
        if (!Files.isRegularFile(made)) {
            write(graph, made, progress);
        }
        return made;
    }

    /**
     * Writes a model with integer products. The file appears whole, or not at all.
     *
     * @throws ModelException when it cannot be made or written
     */
    public static void write(Path graph, Path made, Progress progress) {
        OnnxFile file = OnnxFile.read(graph);
        ModelProto quantized =
                IntegerQuantizer.quantize(new GraphIndex(file.model()), file::data)
                        .map(file::whole)
                        .orElseThrow(
                                () ->
                                        new ModelException(
                                                graph
                                                        + " has no products with constant matrices of"
                                                        + " 32-bit floats that could be made"
                                                        + " products of 8-bit integers; use it"
                                                        + " without --precision int8"));
        String what = "quantising " + graph.getFileName();
        long size = quantized.getSerializedSize();
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
                    quantized.writeTo(out);
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
                    "the quantised model cannot be written to "
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
