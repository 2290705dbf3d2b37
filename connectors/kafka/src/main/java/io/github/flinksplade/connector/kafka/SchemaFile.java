package io.github.flinksplade.connector.kafka;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import io.github.flinksplade.connector.ConnectorException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The schema of a file, which is read where the job is submitted and shipped with the job.
 *
 * @param name the path, for messages
 * @param type the type of the schema
 * @param content the schema of Avro as text; for Protobuf a set of descriptors
 * @param message the full name of the message; null for Avro
 */
record SchemaFile(String name, SchemaType type, byte[] content, String message)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Reads a schema of Avro.
     *
     * @throws ConnectorException if the file is missing or does not contain one
     */
    static SchemaFile avro(String name) {
        return new SchemaFile(name, SchemaType.AVRO, read(name, path(name)), null).checked();
    }

    /**
     * Reads a {@code .proto} file or a set of descriptors that {@code protoc --include_imports
     * --descriptor_set_out} wrote.
     *
     * @param message the name of the message, with or without its package; null if the file has
     *     only one
     * @throws ConnectorException if the file is missing, is invalid or does not contain the message
     */
    static SchemaFile protobuf(String name, String message) {
        Path path = path(name);
        byte[] content = read(name, path);
        try {
            List<FileDescriptor> files =
                    name.endsWith(".proto")
                            ? List.of(compile(path, content))
                            : List.copyOf(files(content).values());
            Descriptor descriptor = message(name, files, message);
            return new SchemaFile(
                    name, SchemaType.PROTOBUF, set(descriptor.getFile()), descriptor.getFullName());
        } catch (InvalidSchemaException e) {
            throw invalid(name, e);
        }
    }

    private static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new ConnectorException("the schema file '" + name + "' is not a valid path", e);
        }
    }

    private static byte[] read(String name, Path path) {
        if (!Files.isRegularFile(path)) {
            throw new ConnectorException("the schema file '" + name + "' does not exist");
        }
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new ConnectorException("the schema file '" + name + "' cannot be read", e);
        }
    }

    private static ConnectorException invalid(String name, InvalidSchemaException e) {
        return new ConnectorException(
                "the schema file '" + name + "' cannot be used: " + e.getMessage(), e);
    }

    /** The imports of a file are in its folder. */
    private static FileDescriptor compile(Path path, byte[] content) throws InvalidSchemaException {
        Path folder = path.toAbsolutePath().getParent();
        ProtoFiles files =
                new ProtoFiles(
                        imported -> {
                            Path file = folder.resolve(imported);
                            return Files.isRegularFile(file) ? text(read(imported, file)) : null;
                        });
        return files.compile(path.getFileName().toString(), text(content));
    }

    private static String text(byte[] content) {
        return new String(content, StandardCharsets.UTF_8);
    }

    /** The files of a set by name; a set contains a file after those that it imports. */
    private static Map<String, FileDescriptor> files(byte[] set) throws InvalidSchemaException {
        Map<String, FileDescriptor> files = new LinkedHashMap<>();
        try {
            for (FileDescriptorProto file : FileDescriptorSet.parseFrom(set).getFileList()) {
                List<FileDescriptor> imported = new ArrayList<>();
                for (String path : file.getDependencyList()) {
                    if (!files.containsKey(path)) {
                        throw new InvalidSchemaException(
                                "it does not contain "
                                        + path
                                        + ". Run protoc with --include_imports",
                                null);
                    }
                    imported.add(files.get(path));
                }
                files.put(
                        file.getName(),
                        FileDescriptor.buildFrom(file, imported.toArray(FileDescriptor[]::new)));
            }
        } catch (InvalidProtocolBufferException | DescriptorValidationException e) {
            throw new InvalidSchemaException(
                    "it is neither a .proto file nor a set of descriptors", e);
        }
        if (files.isEmpty()) {
            throw new InvalidSchemaException("it contains no descriptors", null);
        }
        return files;
    }

    private static Descriptor message(String name, List<FileDescriptor> files, String message)
            throws InvalidSchemaException {
        List<Descriptor> all = new ArrayList<>();
        // the last file of a set is the one that was compiled
        files.get(files.size() - 1).getMessageTypes().forEach(type -> addNested(type, all));
        if (message == null) {
            List<Descriptor> candidates =
                    all.stream().filter(type -> type.getContainingType() == null).toList();
            if (candidates.size() != 1) {
                throw new InvalidSchemaException(
                        "it has several messages. Name one with the option message: " + names(all),
                        null);
            }
            return candidates.get(0);
        }
        if (files.size() > 1) {
            all.clear();
            files.forEach(file -> file.getMessageTypes().forEach(type -> addNested(type, all)));
        }
        return all.stream()
                .filter(
                        type ->
                                type.getFullName().equals(message)
                                        || type.getFullName().endsWith("." + message))
                .findFirst()
                .orElseThrow(
                        () ->
                                new InvalidSchemaException(
                                        "it has no message " + message + ". It has " + names(all),
                                        null));
    }

    private static void addNested(Descriptor type, List<Descriptor> all) {
        if (!type.getOptions().getMapEntry()) {
            all.add(type);
            type.getNestedTypes().forEach(nested -> addNested(nested, all));
        }
    }

    private static List<String> names(List<Descriptor> messages) {
        return messages.stream().map(Descriptor::getFullName).limit(20).toList();
    }

    private static byte[] set(FileDescriptor file) {
        Map<String, FileDescriptorProto> files = new LinkedHashMap<>();
        add(file, files);
        return FileDescriptorSet.newBuilder().addAllFile(files.values()).build().toByteArray();
    }

    private static void add(FileDescriptor file, Map<String, FileDescriptorProto> files) {
        if (!files.containsKey(file.getFullName())) {
            file.getDependencies().forEach(imported -> add(imported, files));
            files.put(file.getFullName(), file.toProto());
        }
    }

    private SchemaFile checked() {
        try {
            open();
        } catch (InvalidSchemaException e) {
            throw invalid(name, e);
        }
        return this;
    }

    /** A decoder of payloads with this schema. */
    PayloadDecoder decoder() {
        try {
            return open();
        } catch (InvalidSchemaException e) {
            throw new IllegalStateException("the schema was valid at submission", e);
        }
    }

    private PayloadDecoder open() throws InvalidSchemaException {
        return switch (type) {
            case AVRO -> AvroDecoder.of(text(content), List.of());
            case PROTOBUF ->
                    ProtobufDecoder.of(
                            message(name, List.copyOf(files(content).values()), message));
        };
    }
}
