package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A memory-mapped ONNX file, or a model in memory. The files with external weights are mapped too,
 * and no weight is copied to the heap. As with ONNX Runtime's own mapping of external weights, the
 * files must not change while the model is open.
 */
public final class OnnxFile {

    /** Min bytes of a weight that the session maps itself. */
    private static final int MIN_MAPPED_BYTES = OnnxParser.MIN_REFERENCED_BYTES;

    private final Path path;
    private final ModelProto model;

    private final Map<Path, ByteBuffer> mapped = new HashMap<>();

    private OnnxFile(Path path, ModelProto model) {
        this.path = path;
        this.model = model;
    }

    /**
     * @throws ModelException if it is not a complete ONNX model
     */
    public static OnnxFile read(Path path) {
        try (FileChannel channel = FileChannel.open(path)) {
            long size = channel.size();
            if (size == 0) {
                throw new ModelException(path + " is empty; fetch or export it again");
            }
            if (size > Integer.MAX_VALUE) {
                throw new ModelException(
                        path
                                + " is larger than 2 GB, which an ONNX file cannot be; export it with"
                                + " its weights in an external file");
            }
            ModelProto model = OnnxParser.parse(path);
            if (model.getGraph().getNodeCount() == 0) {
                throw new ModelException(
                        path + " is not an ONNX model: it contains no graph; export it again");
            }
            return new OnnxFile(path, model);
        } catch (InvalidProtocolBufferException e) {
            throw new ModelException(
                    path
                            + " is not an ONNX model, or is truncated or damaged ("
                            + e.getMessage()
                            + "); fetch or export it again",
                    e);
        } catch (NoSuchFileException e) {
            throw new ModelException("the file " + path + " does not exist", e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * A model that exists in memory only, whose weights are in files next to it.
     *
     * @param path the file from which the model was made, to which the weights' files are relative
     */
    public static OnnxFile of(Path path, ModelProto model) {
        return new OnnxFile(path, model);
    }

    public Path path() {
        return path;
    }

    public ModelProto model() {
        return model;
    }

    /**
     * Replaces the large weights of a model derived from this one with references to file and
     * position, relative to {@link #root()}. The session then maps them itself, and releases those
     * that it copies into another layout.
     */
    public ModelProto detach(ModelProto changed) {
        ModelProto.Builder builder = changed.toBuilder();
        GraphProto.Builder graph = builder.getGraphBuilder();
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            TensorProto tensor = graph.getInitializer(i);
            Optional<Range> range = locate(tensor);
            graph.setInitializer(
                    i, range.isPresent() ? external(tensor, range.get()) : embedded(tensor));
        }
        embedNodes(graph.getNodeBuilderList());
        for (FunctionProto.Builder function : builder.getFunctionsBuilderList()) {
            embedNodes(function.getNodeBuilderList());
        }
        return builder.build();
    }

    /** The directory to which the references of {@link #detach} are relative. */
    public Path root() {
        return path.toAbsolutePath().getRoot();
    }

    private record Range(Path file, long offset, long length) {}

    /** The location of a large weight that is stored in a file. */
    private Optional<Range> locate(TensorProto tensor) {
        if (!hasBytes(tensor)) {
            return Optional.empty();
        }
        // also checks the number of bytes
        long bytes = data(tensor).remaining();
        if (bytes < MIN_MAPPED_BYTES || !isExternal(tensor)) {
            return Optional.empty();
        }
        Map<String, String> entries = entries(tensor);
        return Optional.of(
                new Range(
                        resolve(entries.getOrDefault("location", "")),
                        Long.parseLong(entries.getOrDefault("offset", "0").strip()),
                        bytes));
    }

    /** Whether {@link #data} supports a tensor; its values may also be encoded as numbers. */
    static boolean hasBytes(TensorProto tensor) {
        return elementBytes(tensor.getDataType()).isPresent()
                && (isExternal(tensor) || tensor.hasRawData());
    }

    /**
     * Consecutive rows of a matrix as a weight that shares their bytes.
     *
     * @param from the first row
     * @param to the row after the last
     */
    TensorProto rows(TensorProto matrix, String name, long from, long to) {
        long row = data(matrix).remaining() / matrix.getDims(0);
        TensorProto.Builder rows =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(matrix.getDataType())
                        .addDims(to - from)
                        .addDims(matrix.getDims(1));
        Optional<Range> range = locate(matrix);
        if (range.isEmpty()) {
            ByteBuffer part = data(matrix).slice((int) (from * row), (int) ((to - from) * row));
            return rows.setRawData(UnsafeByteOperations.unsafeWrap(part)).build();
        }
        return rows.setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", entries(matrix).get("location")))
                .addExternalData(entry("offset", Long.toString(range.get().offset() + from * row)))
                .addExternalData(entry("length", Long.toString((to - from) * row)))
                .build();
    }

    private TensorProto external(TensorProto tensor, Range range) {
        Path file;
        try {
            // a cache may link to files outside the model's directory, which the runtime rejects
            file = range.file().toRealPath();
        } catch (IOException e) {
            throw new ModelException(range.file() + " cannot be read: " + e.getMessage(), e);
        }
        return TensorProto.newBuilder()
                .setName(tensor.getName())
                .setDataType(tensor.getDataType())
                .addAllDims(tensor.getDimsList())
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", root().relativize(file).toString()))
                .addExternalData(entry("offset", Long.toString(range.offset())))
                .addExternalData(entry("length", Long.toString(range.length())))
                .build();
    }

    private static Map<String, String> entries(TensorProto tensor) {
        Map<String, String> entries = new HashMap<>();
        tensor.getExternalDataList().forEach(e -> entries.put(e.getKey(), e.getValue()));
        return entries;
    }

    /** Embeds all external weights into a model derived from this one. */
    public ModelProto embed(ModelProto changed) {
        ModelProto.Builder builder = changed.toBuilder();
        embedGraph(builder.getGraphBuilder());
        for (FunctionProto.Builder function : builder.getFunctionsBuilderList()) {
            embedNodes(function.getNodeBuilderList());
        }
        return builder.build();
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    /** Weights of nodes and of subgraphs cannot be passed as references. */
    private void embedNodes(List<NodeProto.Builder> nodes) {
        for (NodeProto.Builder node : nodes) {
            for (AttributeProto.Builder attribute : node.getAttributeBuilderList()) {
                if (attribute.hasT()) {
                    attribute.setT(embedded(attribute.getT()));
                }
                for (int i = 0; i < attribute.getTensorsCount(); i++) {
                    attribute.setTensors(i, embedded(attribute.getTensors(i)));
                }
                if (attribute.hasG()) {
                    embedGraph(attribute.getGBuilder());
                }
                attribute.getGraphsBuilderList().forEach(this::embedGraph);
            }
        }
    }

    private void embedGraph(GraphProto.Builder graph) {
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            graph.setInitializer(i, embedded(graph.getInitializer(i)));
        }
        embedNodes(graph.getNodeBuilderList());
    }

    private TensorProto embedded(TensorProto tensor) {
        if (!isExternal(tensor)) {
            return tensor;
        }
        return tensor.toBuilder()
                .clearDataLocation()
                .clearExternalData()
                .setRawData(UnsafeByteOperations.unsafeWrap(data(tensor)))
                .build();
    }

    private static boolean isExternal(TensorProto tensor) {
        return tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
    }

    /**
     * The bytes of a tensor with raw or external data.
     *
     * @throws ModelException if their number does not match the tensor's shape, or their file is
     *     missing
     */
    public ByteBuffer data(TensorProto tensor) {
        ByteBuffer data;
        String where;
        if (isExternal(tensor)) {
            Map<String, String> entries = entries(tensor);
            where = entries.getOrDefault("location", "");
            data = external(tensor, entries);
        } else {
            where = path.toString();
            data = tensor.getRawData().asReadOnlyByteBuffer();
        }
        long expected = bytes(tensor);
        if (expected >= 0 && data.remaining() != expected) {
            throw new ModelException(
                    path
                            + " is damaged: its weight "
                            + tensor.getName()
                            + " should have "
                            + expected
                            + " bytes but has "
                            + data.remaining()
                            + " in "
                            + where
                            + "; fetch or export it again");
        }
        return data;
    }

    private ByteBuffer external(TensorProto tensor, Map<String, String> entries) {
        String location = entries.getOrDefault("location", "");
        Path file = resolve(location);
        try {
            long size = Files.size(file);
            long offset = Long.parseLong(entries.getOrDefault("offset", "0").strip());
            String declared = entries.getOrDefault("length", "").strip();
            long expected = bytes(tensor);
            long length =
                    !declared.isEmpty()
                            ? Long.parseLong(declared)
                            : expected >= 0 ? expected : size - offset;
            if (offset < 0 || length < 0 || length > size || offset > size - length) {
                throw new ModelException(
                        "the external weights file "
                                + file
                                + " is truncated: it has "
                                + size
                                + " bytes, but "
                                + path.getFileName()
                                + " expects "
                                + length
                                + " bytes at "
                                + offset
                                + "; fetch or export it again");
            }
            if (length > Integer.MAX_VALUE) {
                throw new ModelException(
                        "the weight "
                                + tensor.getName()
                                + " of "
                                + path
                                + " is larger than 2 GB, which is not supported");
            }
            if (size > Integer.MAX_VALUE) {
                return map(file, offset, length);
            }
            ByteBuffer whole = mapped.get(file);
            if (whole == null) {
                whole = map(file, 0, size);
                mapped.put(file, whole);
            }
            return whole.slice((int) offset, (int) length);
        } catch (NumberFormatException e) {
            throw new ModelException(
                    path
                            + " is damaged: the position of its weight "
                            + tensor.getName()
                            + " in "
                            + location
                            + " is not a number; export it again",
                    e);
        } catch (NoSuchFileException e) {
            throw new ModelException(
                    "the external weights file "
                            + file
                            + " is missing; copy it next to "
                            + path.getFileName(),
                    e);
        } catch (IOException e) {
            throw new ModelException(
                    "the external weights file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static ByteBuffer map(Path file, long offset, long length) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
        }
    }

    private Path resolve(String location) {
        Path relative;
        try {
            relative = Path.of(location).normalize();
        } catch (InvalidPathException e) {
            relative = Path.of("..");
        }
        if (location.isEmpty() || relative.isAbsolute() || relative.startsWith("..")) {
            throw new ModelException(
                    path
                            + " refers to the external weights file '"
                            + location
                            + "', which is outside its directory; export it again");
        }
        return path.resolveSibling(relative);
    }

    /** The number of bytes that matches a tensor's shape, or -1 if its type is not supported. */
    private static long bytes(TensorProto tensor) {
        OptionalInt elementBytes = elementBytes(tensor.getDataType());
        if (elementBytes.isEmpty()) {
            return -1;
        }
        long bytes = elementBytes.getAsInt();
        for (long size : tensor.getDimsList()) {
            bytes = Math.multiplyExact(bytes, size);
        }
        return bytes;
    }

    /** Bytes of an element; empty for strings, complex numbers and types below a byte. */
    private static OptionalInt elementBytes(int elementType) {
        TensorProto.DataType type = TensorProto.DataType.forNumber(elementType);
        if (type == null) {
            return OptionalInt.empty();
        }
        return switch (type) {
            case INT8, UINT8, BOOL -> OptionalInt.of(1);
            case FLOAT16, BFLOAT16, INT16 -> OptionalInt.of(2);
            case FLOAT, INT32 -> OptionalInt.of(4);
            case DOUBLE, INT64 -> OptionalInt.of(8);
            default -> OptionalInt.empty();
        };
    }
}
