package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OnnxJavaType;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.WireFormat;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An ONNX file, parsed where it lies: the file is mapped into memory and so are the files that hold
 * external weights, and no weight is copied to the heap. Like ONNX Runtime's own mapping of
 * external weights, it asks that the files are not changed in place while the model is open.
 */
public final class OnnxFile {

    /** A weight of this many bytes or more is read by the session where it lies. */
    private static final int LARGE_BYTES = 1 << 16;

    private final Path path;
    private final ModelProto model;

    /** Where in the file the bytes of a weight begin; by the very object, not by its content. */
    private final Map<ByteString, Long> positions;

    private final Map<Path, ByteBuffer> mapped = new HashMap<>();

    private OnnxFile(Path path, ModelProto model, Map<ByteString, Long> positions) {
        this.path = path;
        this.model = model;
        this.positions = positions;
    }

    /**
     * @throws ModelException when it is no whole ONNX file
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
            ByteString bytes =
                    UnsafeByteOperations.unsafeWrap(
                            channel.map(FileChannel.MapMode.READ_ONLY, 0, size));
            CodedInputStream in = bytes.newCodedInput();
            in.enableAliasing(true);
            ModelProto model = ModelProto.parseFrom(in);
            if (model.getGraph().getNodeCount() == 0) {
                throw new ModelException(
                        path + " is not an ONNX model: it holds no graph; export it again");
            }
            return new OnnxFile(path, model, positions(model, bytes.newCodedInput()));
        } catch (InvalidProtocolBufferException e) {
            throw new ModelException(
                    path
                            + " is not an ONNX model, or is cut off or damaged ("
                            + e.getMessage()
                            + "); fetch or export it again",
                    e);
        } catch (NoSuchFileException e) {
            throw new ModelException("there is no file " + path, e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    public Path path() {
        return path;
    }

    public ModelProto model() {
        return model;
    }

    /** Finds the raw data of the graph's initializers, which the parser does not tell. */
    private static Map<ByteString, Long> positions(ModelProto model, CodedInputStream in)
            throws IOException {
        List<Long> found = new ArrayList<>();
        eachField(
                in,
                ModelProto.GRAPH_FIELD_NUMBER,
                () ->
                        eachField(
                                in,
                                GraphProto.INITIALIZER_FIELD_NUMBER,
                                () -> {
                                    long[] position = {-1};
                                    eachField(
                                            in,
                                            TensorProto.RAW_DATA_FIELD_NUMBER,
                                            () -> {
                                                position[0] = in.getTotalBytesRead();
                                                in.skipRawBytes(in.getBytesUntilLimit());
                                            });
                                    found.add(position[0]);
                                }));
        Map<ByteString, Long> positions = new IdentityHashMap<>();
        for (int i = 0; i < found.size(); i++) {
            positions.put(model.getGraph().getInitializer(i).getRawData(), found.get(i));
        }
        return positions;
    }

    private interface Reader {
        void read() throws IOException;
    }

    /** Reads each field of that number, limited to its length, and skips all others. */
    private static void eachField(CodedInputStream in, int number, Reader reader)
            throws IOException {
        int wanted = number << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == wanted) {
                int outer = in.pushLimit(in.readRawVarint32());
                reader.read();
                in.popLimit(outer);
            } else {
                in.skipField(tag);
            }
        }
    }

    /**
     * A model made from this one, small enough for the heap: its large weights are named by file
     * and position, seen from {@link #root()}, so that the session maps them itself and lets go of
     * those that it copies into another order.
     */
    public ModelProto detach(ModelProto changed) {
        ModelProto.Builder builder = changed.toBuilder();
        GraphProto.Builder graph = builder.getGraphBuilder();
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            TensorProto tensor = graph.getInitializer(i);
            Optional<Range> range = large(tensor);
            graph.setInitializer(
                    i, range.isPresent() ? external(tensor, range.get()) : embedded(tensor));
        }
        embedNodes(graph.getNodeBuilderList());
        for (FunctionProto.Builder function : builder.getFunctionsBuilderList()) {
            embedNodes(function.getNodeBuilderList());
        }
        return builder.build();
    }

    /** The folder from which {@link #detach} names files. */
    public Path root() {
        return path.toAbsolutePath().getRoot();
    }

    private record Range(Path file, long offset, long length) {}

    /** Where a weight lies, if it is a large one that lies in a file. */
    private Optional<Range> large(TensorProto tensor) {
        if (!hasBytes(tensor)) {
            return Optional.empty();
        }
        long bytes = data(tensor).remaining();
        if (bytes < LARGE_BYTES) {
            return Optional.empty();
        }
        if (isExternal(tensor)) {
            Map<String, String> entries = entries(tensor);
            return Optional.of(
                    new Range(
                            inside(entries.getOrDefault("location", "")),
                            Long.parseLong(entries.getOrDefault("offset", "0").strip()),
                            bytes));
        }
        return Optional.ofNullable(positions.get(tensor.getRawData()))
                .map(position -> new Range(path, position, bytes));
    }

    /** Whether {@link #data} can give a weight's numbers, which may also be spelt out as such. */
    static boolean hasBytes(TensorProto tensor) {
        return javaType(tensor.getDataType()).isPresent()
                && (isExternal(tensor) || tensor.hasRawData());
    }

    /**
     * Rows of a matrix as a weight of its own, which lies where they lie.
     *
     * @param from the first of the rows
     * @param to the one after the last
     */
    TensorProto rows(TensorProto matrix, String name, long from, long to) {
        long row = data(matrix).remaining() / matrix.getDims(0);
        TensorProto.Builder rows =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(matrix.getDataType())
                        .addDims(to - from)
                        .addDims(matrix.getDims(1));
        Optional<Range> range = large(matrix);
        if (range.isEmpty()) {
            ByteBuffer part = data(matrix).slice((int) (from * row), (int) ((to - from) * row));
            return rows.setRawData(UnsafeByteOperations.unsafeWrap(part)).build();
        }
        String location =
                isExternal(matrix)
                        ? entries(matrix).get("location")
                        : path.getFileName().toString();
        return rows.setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", location))
                .addExternalData(entry("offset", Long.toString(range.get().offset() + from * row)))
                .addExternalData(entry("length", Long.toString((to - from) * row)))
                .build();
    }

    private TensorProto external(TensorProto tensor, Range range) {
        Path file;
        try {
            // links of a cache may lead out of the model's folder, which the runtime refuses
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

    /** A model made from this one, with what lies in further files taken into it. */
    public ModelProto whole(ModelProto changed) {
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

    /** Weights of nodes and of graphs within nodes cannot be handed over by name. */
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
     * The bytes of a tensor that has raw data or external data.
     *
     * @throws ModelException when there are more or fewer than its shape asks for, or their file is
     *     not there
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
        Path file = inside(location);
        try {
            long size = Files.size(file);
            long offset = Long.parseLong(entries.getOrDefault("offset", "0").strip());
            String given = entries.getOrDefault("length", "").strip();
            long wanted = bytes(tensor);
            long length =
                    !given.isEmpty() ? Long.parseLong(given) : wanted >= 0 ? wanted : size - offset;
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
                            + " is damaged: where its weight "
                            + tensor.getName()
                            + " lies in "
                            + location
                            + " is not a number; export it again",
                    e);
        } catch (NoSuchFileException e) {
            throw new ModelException(
                    "the external weights file "
                            + file
                            + " is missing; put it beside "
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

    private Path inside(String location) {
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

    /** How many bytes a tensor's shape asks for, or -1 where its type has no whole bytes. */
    private static long bytes(TensorProto tensor) {
        Optional<OnnxJavaType> type = javaType(tensor.getDataType());
        if (type.isEmpty()) {
            return -1;
        }
        long bytes = type.get().size;
        for (long size : tensor.getDimsList()) {
            bytes = Math.multiplyExact(bytes, size);
        }
        return bytes;
    }

    /** The runtime's name of an ONNX element type that can be handed over in a buffer. */
    static Optional<OnnxJavaType> javaType(int elementType) {
        TensorProto.DataType type = TensorProto.DataType.forNumber(elementType);
        if (type == null) {
            return Optional.empty();
        }
        return switch (type) {
            case FLOAT -> Optional.of(OnnxJavaType.FLOAT);
            case DOUBLE -> Optional.of(OnnxJavaType.DOUBLE);
            case FLOAT16 -> Optional.of(OnnxJavaType.FLOAT16);
            case BFLOAT16 -> Optional.of(OnnxJavaType.BFLOAT16);
            case INT8 -> Optional.of(OnnxJavaType.INT8);
            case UINT8 -> Optional.of(OnnxJavaType.UINT8);
            case INT16 -> Optional.of(OnnxJavaType.INT16);
            case INT32 -> Optional.of(OnnxJavaType.INT32);
            case INT64 -> Optional.of(OnnxJavaType.INT64);
            case BOOL -> Optional.of(OnnxJavaType.BOOL);
            default -> Optional.empty();
        };
    }
}
