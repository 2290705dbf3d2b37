package io.github.flinksplade.encoder.model;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.architecture.ModelGraph;
import io.github.flinksplade.encoder.architecture.ModelWeights;
import io.github.flinksplade.encoder.architecture.WideWeights;
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
import java.util.function.LongFunction;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * Graphs and weights converted to another precision, each once, and stored under the digest of the
 * original. A stored file ends with a CRC-32C, which is checked whenever the file is used: this
 * takes 13 ms for 100 MB on any CPU; a SHA-256 takes 75 ms with and 430 ms without the CPU's
 * instructions for it.
 */
public final class DerivedModels {

    private DerivedModels() {}

    /**
     * Returns a model in a precision. Name and digests are those of the original.
     *
     * @param directory where such files are stored
     * @throws ModelException if it cannot be converted or stored
     */
    public static ModelFiles provide(
            ModelFiles original, Precision precision, Path directory, Progress progress) {
        Path graph = wide(original.graph(), original.sha256(), directory, progress);
        if (precision != Precision.FP32) {
            Path file = directory.resolve(name(precision, original.sha256()) + ".onnx");
            byte[] none = checksum(0);
            if (!isValid(file, none.length, DerivedModels::checksum, original.graph(), progress)) {
                write(graph, precision, file, true, progress);
            }
            graph = file;
        }
        return original.withGraph(graph);
    }

    /** A graph whose weights are in fp32 or wherever an ONNX file has them. */
    private static Path wide(Path graph, String sha256, Path directory, Progress progress) {
        if (!WideWeights.areNeeded(graph)) {
            return graph;
        }
        Path wide = directory.resolve(name(Precision.FP32, sha256));
        Path weights = wide.resolve(ModelWeights.FILE);
        Path config = wide.resolve(ModelGraph.CONFIG);
        if (Files.isRegularFile(config)
                && isValid(weights, Integer.BYTES, WideWeights::checksum, graph, progress)) {
            return config;
        }
        String what = "converting the weights to fp32";
        progress.report(what, 0, 1);
        try {
            Files.createDirectories(wide);
            AtomicFile.write(weights, out -> WideWeights.write(graph, out));
            AtomicFile.write(config, out -> Files.copy(graph, out));
        } catch (IOException e) {
            throw new ModelException(
                    "the weights in fp32 cannot be written to "
                            + wide
                            + ": "
                            + FileErrors.reason(e)
                            + "; free some space, change the directory's permissions, or choose"
                            + " another model cache",
                    e);
        }
        progress.report(what, 1, 1);
        return config;
    }

    private static String name(Precision precision, String sha256) {
        return label(precision) + "-" + version(precision) + "-" + sha256.substring(0, 32);
    }

    /** Whether a file exists and is undamaged. */
    private static boolean isValid(
            Path file,
            int checksumBytes,
            LongFunction<byte[]> checksum,
            Path original,
            Progress progress) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        if (hasValidChecksum(file, checksumBytes, checksum)) {
            return true;
        }
        String message = file + " is damaged and is created again from " + original;
        progress.warn(message);
        return false;
    }

    /** Whether a file ends with the checksum of the bytes before it. */
    private static boolean hasValidChecksum(
            Path file, int checksumBytes, LongFunction<byte[]> checksum) {
        try (FileChannel channel = FileChannel.open(file)) {
            long length = channel.size() - checksumBytes;
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
            byte[] expected = checksum.apply(crc.getValue());
            ByteBuffer end = ByteBuffer.allocate(expected.length);
            while (end.hasRemaining() && channel.read(end) >= 0) {}
            return Arrays.equals(end.array(), expected);
        } catch (IOException e) {
            throw new ModelException(file + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /**
     * A CRC-32C as an entry of the model's metadata. Protobuf permits appending it to the
     * serialized model, so the file remains a valid ONNX file.
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

    /** Must be increased whenever a conversion yields another graph. */
    private static int version(Precision precision) {
        return switch (precision) {
            case FP32, FP16 -> 1;
            case INT8 -> 4;
        };
    }

    private static ModelProto converted(Path graph, Precision precision, OnnxFile file) {
        GraphIndex index = new GraphIndex(file.model());
        Optional<ModelProto> converted =
                switch (precision) {
                    case FP32 -> Optional.of(file.model());
                    case INT8 -> QuantizeToInt8.apply(index, file::data);
                    case FP16 -> ConvertToHalfPrecision.apply(index, file::data);
                };
        return converted
                .map(file::embed)
                .orElseThrow(
                        () ->
                                new ModelException(
                                        graph
                                                + (precision == Precision.INT8
                                                        ? " has no matrix multiplications with"
                                                                + " constant fp32 matrices to"
                                                                + " quantize"
                                                        : " cannot be converted: it is not a plain"
                                                                + " fp32 graph")
                                                + "; use it without --precision "
                                                + label(precision)));
    }

    /**
     * Writes a graph in another precision as {@code model.onnx}. The file appears completely or not
     * at all.
     *
     * @throws ModelException if it cannot be converted or written
     */
    public static void write(Path graph, Precision precision, Path directory, Progress progress) {
        write(graph, precision, directory.resolve("model.onnx"), false, progress);
    }

    private static void write(
            Path graph, Precision precision, Path target, boolean checksum, Progress progress) {
        OnnxFile file = ModelGraph.read(graph);
        ModelProto converted = converted(graph, precision, file);
        String what = "creating the " + label(precision) + " model";
        long size = converted.getSerializedSize();
        progress.report(what, 0, size);
        try {
            Files.createDirectories(target.toAbsolutePath().getParent());
            AtomicFile.write(
                    target,
                    out -> {
                        CheckedOutputStream checked = new CheckedOutputStream(out, new CRC32C());
                        converted.writeTo(checked);
                        if (checksum) {
                            out.write(checksum(checked.getChecksum().getValue()));
                        }
                    });
        } catch (IOException e) {
            throw new ModelException(
                    "the "
                            + label(precision)
                            + " model cannot be written to "
                            + target
                            + ": "
                            + FileErrors.reason(e)
                            + "; it needs "
                            + (size >> 20)
                            + " MB; free some space, change the directory's permissions, or"
                            + " choose another model cache",
                    e);
        }
        progress.report(what, size, size);
    }
}
