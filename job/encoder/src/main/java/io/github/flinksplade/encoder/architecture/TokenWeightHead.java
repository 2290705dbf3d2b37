package io.github.flinksplade.encoder.architecture;

import ai.onnxruntime.platform.Fp16Conversions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * BGE-M3's sparse head (Chen et al.: "BGE M3-Embedding", 2024): a token's weight is {@code
 * relu(weight . x + bias)} of its hidden state x, and a term's weight the largest one of the tokens
 * that are this term; there is no expansion and no logarithm.
 *
 * @param weight [width]
 * @param bias of the one output
 */
public record TokenWeightHead(float[] weight, float bias) {

    /** The file with the head's weights, at the root of the model. */
    public static final String FILE = "sparse_linear.pt";

    /**
     * Reads a head from PyTorch's format, a ZIP archive with the values of each tensor in an entry
     * of its own and their names and types in a serialized dictionary. Nothing in it is executed:
     * only the names are searched.
     *
     * @throws ModelException if the file is not that of such a head
     */
    public static TokenWeightHead read(Path file) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            String dictionary =
                    new String(bytes(zip, "data.pkl", file), StandardCharsets.ISO_8859_1);
            int weight = dictionary.indexOf("weight");
            int bias = dictionary.indexOf("bias");
            if (weight < 0 || bias < weight) {
                throw unexpected(file, "it does not contain a weight and then a bias", null);
            }
            String type =
                    List.of("BFloat16Storage", "HalfStorage", "FloatStorage").stream()
                            .filter(dictionary::contains)
                            .findFirst()
                            .orElseThrow(() -> unexpected(file, "its type is not known", null));
            float[] biases = floats(bytes(zip, "data/1", file), type);
            if (biases.length != 1) {
                throw unexpected(file, "it has " + biases.length + " outputs", null);
            }
            return new TokenWeightHead(floats(bytes(zip, "data/0", file), type), biases[0]);
        } catch (IOException e) {
            throw unexpected(file, FileErrors.reason(e), e);
        }
    }

    private static ModelException unexpected(Path file, String reason, Exception cause) {
        return new ModelException(
                file
                        + " is not the head of a model such as BAAI/bge-m3: "
                        + reason
                        + "; fetch it again",
                cause);
    }

    /** The content of the entry with a name, below the archive's own directory. */
    private static byte[] bytes(ZipFile zip, String name, Path file) throws IOException {
        for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
            ZipEntry entry = all.nextElement();
            if (entry.getName().endsWith("/" + name)) {
                try (InputStream in = zip.getInputStream(entry)) {
                    return in.readAllBytes();
                }
            }
        }
        throw unexpected(file, "it has no entry " + name, null);
    }

    private static float[] floats(byte[] bytes, String type) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean isFloat = type.equals("FloatStorage");
        float[] values = new float[bytes.length / (isFloat ? Float.BYTES : Short.BYTES)];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (type) {
                        case "FloatStorage" -> buffer.getFloat();
                        case "HalfStorage" -> Fp16Conversions.fp16ToFloat(buffer.getShort());
                        default -> Float.intBitsToFloat(buffer.getShort() << 16);
                    };
        }
        return values;
    }
}
