package io.github.flinksplade.encoder.model;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.graph.ConvertToHalfPrecision;
import io.github.flinksplade.encoder.graph.GraphIndex;
import io.github.flinksplade.encoder.graph.OnnxFile;
import io.github.flinksplade.encoder.graph.QuantizeToInt8;
import io.github.flinksplade.encoder.platform.AtomicFile;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Models in another precision, each made once and kept under the hash of its model. A kept file
 * carries a CRC-32C, which is compared whenever the file is used: 13 ms for 100 MB on any CPU,
 * where a SHA-256 takes 75 ms with and 430 ms without the CPU's instructions for it.
 */
public final class DerivedModels {

    private static final Logger LOG = LoggerFactory.getLogger(DerivedModels.class);

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
        if (Files.isRegularFile(made)) {
            if (isWhole(made)) {
                return made;
            }
            String message = made + " is damaged and is made again from " + graph;
            LOG.warn(message);
            progress.warn(message);
        }
        write(graph, precision, made, true, progress);
        return made;
    }

    /** Whether a file ends with the checksum of what is before it. */
    private static boolean isWhole(Path made) {
        try (FileChannel channel = FileChannel.open(made)) {
            long length = channel.size() - checksum(0).length;
            if (length <= 0) {
                return false;
            }
            CRC32C crc = new CRC32C();
            ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 18);
            for (long left = length; left > 0; ) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), left));
                int read = channel.read(buffer);
                if (read < 0) {
                    return false;
                }
                left -= read;
                crc.update(buffer.flip());
            }
            byte[] expected = checksum(crc.getValue());
            ByteBuffer end = ByteBuffer.allocate(expected.length);
            while (end.hasRemaining() && channel.read(end) >= 0) {}
            return Arrays.equals(end.array(), expected);
        } catch (IOException e) {
            throw new ModelException(made + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /**
     * A CRC-32C as an entry of the model's metadata. Protobuf allows to append it to the serialized
     * model, so the file remains an ONNX file and carries its checksum with it.
     */
    private static byte[] checksum(long crc) {
        return ModelProto.newBuilder()
                .addMetadataProps(
                        StringStringEntryProto.newBuilder()
                                .setKey("flink-splade.crc32c")
                                .setValue(HexFormat.of().toHexDigits((int) crc)))
                .build()
                .toByteArray();
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
                    case INT8 -> QuantizeToInt8.apply(index, file::data);
                    case FP16 -> ConvertToHalfPrecision.apply(index, file::data);
                };
        return made.map(file::embed)
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
        write(graph, precision, made, false, progress);
    }

    private static void write(
            Path graph, Precision precision, Path made, boolean checksum, Progress progress) {
        OnnxFile file = OnnxFile.read(graph);
        ModelProto derived = made(graph, precision, file);
        String what = "making " + graph.getFileName() + " " + label(precision);
        long size = derived.getSerializedSize();
        progress.report(what, 0, size);
        try {
            Files.createDirectories(made.toAbsolutePath().getParent());
            AtomicFile.write(
                    made,
                    out -> {
                        CheckedOutputStream checked = new CheckedOutputStream(out, new CRC32C());
                        derived.writeTo(checked);
                        if (checksum) {
                            out.write(checksum(checked.getChecksum().getValue()));
                        }
                    });
        } catch (IOException e) {
            throw new ModelException(
                    "the model in "
                            + label(precision)
                            + " cannot be written to "
                            + made
                            + ": "
                            + FileErrors.reason(e)
                            + "; it needs "
                            + (size >> 20)
                            + " MB there; free some space, change the directory's permissions, or"
                            + " choose another model cache",
                    e);
        }
        progress.report(what, size, size);
    }
}
