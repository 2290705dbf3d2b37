package io.github.flinksplade.encoder.architecture;

import ai.onnxruntime.platform.Fp16Conversions;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The header of a safetensors file: eight bytes with its length in little-endian order, a JSON
 * object with the type, shape and position of each tensor, then the tensors' values.
 *
 * @param path the file
 * @param tensors by name, in the order of the header
 */
public record SafetensorsFile(Path path, Map<String, Tensor> tensors) {

    /** The format's own limit. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private static final String METADATA = "__metadata__";

    /** Types of values that are read. */
    public enum Type {
        F32(4),
        F16(2),
        BF16(2);

        final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }
    }

    /**
     * A tensor.
     *
     * @param file the file that contains it
     * @param type the name of its type in the header, such as {@code F32}
     * @param shape its sizes
     * @param offset position of its first byte in the file
     * @param length number of its bytes
     */
    public record Tensor(Path file, String type, long[] shape, long offset, long length) {

        /** Number of values. */
        public long size() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }

        /**
         * The values, converted to fp32, which is exact.
         *
         * @throws ModelException if they are of another type, or cannot be read
         */
        public float[] floats() {
            float[] values = new float[Math.toIntExact(size())];
            try (FileChannel channel = FileChannel.open(file)) {
                convert(channel, 0, values, values.length);
            } catch (IOException e) {
                throw new ModelException(file + " cannot be read: " + FileErrors.reason(e), e);
            }
            return values;
        }

        /**
         * Converts some of the values to fp32.
         *
         * @param channel the open file
         * @param first index of the first value
         * @param values receives them
         * @param count number of values
         */
        void convert(FileChannel channel, long first, float[] values, int count)
                throws IOException {
            Type known = floatType();
            ByteBuffer bytes =
                    channel.map(
                                    FileChannel.MapMode.READ_ONLY,
                                    offset + first * known.bytes,
                                    (long) count * known.bytes)
                            .order(ByteOrder.LITTLE_ENDIAN);
            switch (known) {
                case F32 -> bytes.asFloatBuffer().get(values, 0, count);
                case F16 -> {
                    for (int i = 0; i < count; i++) {
                        values[i] = Fp16Conversions.fp16ToFloat(bytes.getShort(2 * i));
                    }
                }
                case BF16 -> {
                    for (int i = 0; i < count; i++) {
                        values[i] = Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
                    }
                }
            }
        }

        /**
         * The type.
         *
         * @throws ModelException if {@link Type} does not contain it
         */
        public Type floatType() {
            try {
                return Type.valueOf(type);
            } catch (IllegalArgumentException e) {
                throw new ModelException(
                        file
                                + " has weights of the type "
                                + type
                                + "; supported are "
                                + Arrays.toString(Type.values())
                                + ": save the model in float32",
                        e);
            }
        }
    }

    /**
     * Reads a header.
     *
     * @throws ModelException if the file cannot be read, or is truncated or damaged
     */
    public static SafetensorsFile read(Path path) {
        try (FileChannel channel = FileChannel.open(path)) {
            long size = channel.size();
            long length = read(channel, 0, Long.BYTES).getLong();
            if (length < 2 || length > MAX_HEADER_BYTES || length > size - Long.BYTES) {
                throw damaged(path, "its header has " + length + " of " + size + " bytes", null);
            }
            JsonNode json =
                    new ObjectMapper()
                            .readTree(read(channel, Long.BYTES, Math.toIntExact(length)).array());
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : json.properties()) {
                if (!entry.getKey().equals(METADATA)) {
                    tensors.put(
                            entry.getKey(),
                            tensor(
                                    path,
                                    entry.getKey(),
                                    entry.getValue(),
                                    Long.BYTES + length,
                                    size));
                }
            }
            return new SafetensorsFile(path, tensors);
        } catch (JsonProcessingException e) {
            throw damaged(path, "its header is not JSON", e);
        } catch (EOFException e) {
            throw damaged(path, "it has no header", e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    private static Tensor tensor(Path path, String name, JsonNode json, long start, long size) {
        JsonNode offsets = json.path("data_offsets");
        JsonNode shape = json.path("shape");
        long from = offsets.path(0).asLong(-1);
        long to = offsets.path(1).asLong(-1);
        boolean isValid =
                json.path("dtype").isTextual()
                        && shape.isArray()
                        && offsets.size() == 2
                        && from >= 0
                        && to >= from
                        && to <= size - start;
        long[] sizes = new long[shape.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = shape.path(i).asLong(-1);
            isValid &= sizes[i] >= 0;
        }
        if (!isValid) {
            throw damaged(path, "its tensor " + name + " is " + json, null);
        }
        Tensor tensor =
                new Tensor(path, json.path("dtype").asText(), sizes, start + from, to - from);
        for (Type type : Type.values()) {
            if (type.name().equals(tensor.type()) && tensor.size() * type.bytes != to - from) {
                throw damaged(path, "its tensor " + name + " is " + json, null);
            }
        }
        return tensor;
    }

    private static ByteBuffer read(FileChannel channel, long position, int length)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException();
            }
        }
        return buffer.flip();
    }

    private static ModelException damaged(Path path, String found, Exception cause) {
        return new ModelException(
                path
                        + " is not a safetensors file, or is truncated or damaged ("
                        + found
                        + "); fetch it again",
                cause);
    }
}
