package io.github.flinksplade.encoder.architecture;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * The weights of a model in one safetensors file in fp32, for models that are published in fp16 or
 * bf16: the rewrites of graphs, and ONNX Runtime's kernels for CPUs, require fp32. The conversion
 * is exact. The last tensor is a CRC-32C of the bytes before it.
 */
public final class WideWeights {

    /** After all names of weights in use. */
    private static final String CHECKSUM = "~crc32c";

    private static final int PART = 1 << 18;

    private WideWeights() {}

    /**
     * Whether a model has weights in 16 bits.
     *
     * @param graph an ONNX file, or a config.json
     * @throws ModelException if the weights' files cannot be read
     */
    public static boolean areNeeded(Path graph) {
        return ModelGraph.isWritten(graph)
                && weights(graph).values().stream()
                        .anyMatch(tensor -> tensor.floatType() != SafetensorsFile.Type.F32);
    }

    /** The weights in order of their names; tensors of integers, which are no weights, excluded. */
    private static Map<String, SafetensorsFile.Tensor> weights(Path config) {
        Map<String, SafetensorsFile.Tensor> weights =
                new TreeMap<>(ModelWeights.read(config.toAbsolutePath().getParent()).tensors());
        weights.values().removeIf(tensor -> tensor.type().matches("[IU]\\d+|BOOL"));
        return weights;
    }

    /**
     * Writes the file.
     *
     * @param config the model's config.json
     * @throws ModelException if the weights cannot be read, or are of a type that is not supported
     */
    public static void write(Path config, OutputStream out) throws IOException {
        Map<String, SafetensorsFile.Tensor> weights = weights(config);
        ObjectNode header = new ObjectMapper().createObjectNode();
        long end = 0;
        for (Map.Entry<String, SafetensorsFile.Tensor> entry : weights.entrySet()) {
            SafetensorsFile.Tensor tensor = entry.getValue();
            end =
                    describe(
                            header.putObject(entry.getKey()),
                            "F32",
                            tensor.shape(),
                            end,
                            tensor.size() * Float.BYTES);
        }
        describe(header.putObject(CHECKSUM), "I32", new long[] {1}, end, Integer.BYTES);
        byte[] json = new ObjectMapper().writeValueAsBytes(header);
        CheckedOutputStream checked = new CheckedOutputStream(out, new CRC32C());
        checked.write(number(Long.BYTES).putLong(json.length).array());
        checked.write(json);
        float[] values = new float[PART];
        ByteBuffer bytes = number(PART * Float.BYTES);
        for (SafetensorsFile.Tensor tensor : weights.values()) {
            try (FileChannel channel = FileChannel.open(tensor.file())) {
                for (long first = 0; first < tensor.size(); first += PART) {
                    int count = (int) Math.min(PART, tensor.size() - first);
                    tensor.convert(channel, first, values, count);
                    bytes.clear().asFloatBuffer().put(values, 0, count);
                    checked.write(bytes.array(), 0, count * Float.BYTES);
                }
            }
        }
        out.write(checksum(checked.getChecksum().getValue()));
    }

    private static ByteBuffer number(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long describe(
            ObjectNode tensor, String type, long[] shape, long start, long length) {
        tensor.put("dtype", type);
        ArrayNode sizes = tensor.putArray("shape");
        for (long size : shape) {
            sizes.add(size);
        }
        tensor.putArray("data_offsets").add(start).add(start + length);
        return start + length;
    }

    /** The bytes with which a file ends. */
    public static byte[] checksum(long crc) {
        return number(Integer.BYTES).putInt((int) crc).array();
    }
}
