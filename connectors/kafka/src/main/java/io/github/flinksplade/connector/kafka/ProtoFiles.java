package io.github.flinksplade.connector.kafka;

import com.google.protobuf.AnyProto;
import com.google.protobuf.ApiProto;
import com.google.protobuf.DescriptorProtos;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DurationProto;
import com.google.protobuf.EmptyProto;
import com.google.protobuf.FieldMaskProto;
import com.google.protobuf.SourceContextProto;
import com.google.protobuf.StructProto;
import com.google.protobuf.TimestampProto;
import com.google.protobuf.TypeProto;
import com.google.protobuf.WrappersProto;
import com.squareup.wire.Syntax;
import com.squareup.wire.schema.Field;
import com.squareup.wire.schema.Location;
import com.squareup.wire.schema.internal.parser.EnumConstantElement;
import com.squareup.wire.schema.internal.parser.EnumElement;
import com.squareup.wire.schema.internal.parser.FieldElement;
import com.squareup.wire.schema.internal.parser.GroupElement;
import com.squareup.wire.schema.internal.parser.MessageElement;
import com.squareup.wire.schema.internal.parser.OneOfElement;
import com.squareup.wire.schema.internal.parser.ProtoFileElement;
import com.squareup.wire.schema.internal.parser.ProtoParser;
import com.squareup.wire.schema.internal.parser.TypeElement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles {@code .proto} files to the descriptors of Protobuf. Wire's parser reads a file, and
 * Protobuf resolves the names in it. Options and extensions are not needed to decode a message and
 * are ignored.
 */
final class ProtoFiles {

    /** Files that every compiler of Protobuf contains. */
    private static final Map<String, FileDescriptor> WELL_KNOWN = new HashMap<>();

    static {
        for (FileDescriptor file :
                List.of(
                        AnyProto.getDescriptor(),
                        ApiProto.getDescriptor(),
                        DescriptorProtos.getDescriptor(),
                        DurationProto.getDescriptor(),
                        EmptyProto.getDescriptor(),
                        FieldMaskProto.getDescriptor(),
                        SourceContextProto.getDescriptor(),
                        StructProto.getDescriptor(),
                        TimestampProto.getDescriptor(),
                        TypeProto.getDescriptor(),
                        WrappersProto.getDescriptor())) {
            WELL_KNOWN.put(file.getFullName(), file);
        }
    }

    /** Files that schema registries resolve without a reference. */
    private static final Pattern BUNDLED =
            Pattern.compile("google/type/\\w+\\.proto|confluent/(meta|type/decimal)\\.proto");

    private static final Pattern MAP = Pattern.compile("map\\s*<\\s*([^,]+?)\\s*,\\s*(.+?)\\s*>");

    private static final Map<String, Type> SCALARS = new HashMap<>();

    static {
        for (Type type : Type.values()) {
            if (type != Type.TYPE_MESSAGE && type != Type.TYPE_ENUM && type != Type.TYPE_GROUP) {
                String name = type.name().substring("TYPE_".length()).toLowerCase(Locale.ROOT);
                SCALARS.put(name, type);
            }
        }
    }

    private final UnaryOperator<String> imports;
    private final Map<String, FileDescriptor> compiled = new HashMap<>();
    private final Set<String> compiling = new HashSet<>();

    /**
     * @param imports returns the text of an imported file, or null
     */
    ProtoFiles(UnaryOperator<String> imports) {
        this.imports = imports;
    }

    /**
     * Compiles a file and those that it imports.
     *
     * @param path the path of the file, for messages and for imports of it
     * @throws InvalidSchemaException if it is not valid, or imports an unknown file
     */
    FileDescriptor compile(String path, String text) throws InvalidSchemaException {
        if (!compiling.add(path)) {
            throw new InvalidSchemaException(path + " imports itself", null);
        }
        ProtoFileElement file = parse(path, text);
        FileDescriptorProto.Builder proto = FileDescriptorProto.newBuilder().setName(path);
        if (file.getPackageName() != null) {
            proto.setPackage(file.getPackageName());
        }
        boolean isProto3 = file.getSyntax() == Syntax.PROTO_3;
        proto.setSyntax(isProto3 ? "proto3" : "proto2");
        // rejects invalid UTF-8 in the strings of proto2, too, instead of replacing it
        proto.getOptionsBuilder().setJavaStringCheckUtf8(true);
        List<FileDescriptor> dependencies = new ArrayList<>();
        addImports(file.getImports(), false, proto, dependencies);
        addImports(file.getWeakImports(), false, proto, dependencies);
        addImports(file.getPublicImports(), true, proto, dependencies);
        for (TypeElement type : file.getTypes()) {
            if (type instanceof MessageElement message) {
                proto.addMessageType(message(message, isProto3));
            } else if (type instanceof EnumElement enumeration) {
                proto.addEnumType(enumeration(enumeration));
            }
        }
        FileDescriptor descriptor;
        try {
            descriptor =
                    FileDescriptor.buildFrom(
                            proto.build(), dependencies.toArray(FileDescriptor[]::new));
        } catch (DescriptorValidationException e) {
            throw new InvalidSchemaException("it is not valid: " + e.getMessage(), e);
        }
        compiled.put(path, descriptor);
        compiling.remove(path);
        return descriptor;
    }

    private static ProtoFileElement parse(String path, String text) throws InvalidSchemaException {
        try {
            return ProtoParser.Companion.parse(Location.get(path), text);
        } catch (RuntimeException e) {
            // the parser declares none; a syntax error is an IllegalStateException
            throw new InvalidSchemaException("it is not a .proto file: " + e.getMessage(), e);
        }
    }

    private void addImports(
            List<String> paths,
            boolean arePublic,
            FileDescriptorProto.Builder proto,
            List<FileDescriptor> dependencies)
            throws InvalidSchemaException {
        for (String path : paths) {
            if (arePublic) {
                proto.addPublicDependency(proto.getDependencyCount());
            }
            proto.addDependency(path);
            dependencies.add(imported(path));
        }
    }

    private FileDescriptor imported(String path) throws InvalidSchemaException {
        FileDescriptor known = compiled.getOrDefault(path, WELL_KNOWN.get(path));
        if (known != null) {
            return known;
        }
        String text = imports.apply(path);
        if (text == null) {
            text = bundled(path);
        }
        if (text == null) {
            throw new InvalidSchemaException("it imports " + path + ", which is missing", null);
        }
        return compile(path, text);
    }

    private static String bundled(String path) {
        if (!BUNDLED.matcher(path).matches()) {
            return null;
        }
        // those of Google are in proto-google-common-protos, the others next to this class
        String resource = path.startsWith("google/") ? "/" + path : path;
        return ProtoFiles.class.getResource(resource) == null
                ? null
                : ValueWriter.resource(resource);
    }

    private static DescriptorProto message(MessageElement message, boolean isProto3) {
        DescriptorProto.Builder proto = DescriptorProto.newBuilder().setName(message.getName());
        for (TypeElement type : message.getNestedTypes()) {
            if (type instanceof MessageElement nested) {
                proto.addNestedType(message(nested, isProto3));
            } else if (type instanceof EnumElement enumeration) {
                proto.addEnumType(enumeration(enumeration));
            }
        }
        for (OneOfElement oneOf : message.getOneOfs()) {
            int index = proto.getOneofDeclCount();
            proto.addOneofDeclBuilder().setName(oneOf.getName());
            for (FieldElement field : oneOf.getFields()) {
                proto.addField(field(field).setOneofIndex(index));
            }
            for (GroupElement group : oneOf.getGroups()) {
                proto.addField(group(group, proto).setOneofIndex(index));
            }
        }
        // Synthetic oneofs follow the others.
        for (FieldElement field : message.getFields()) {
            FieldDescriptorProto.Builder added = field(field);
            Matcher map = MAP.matcher(field.getType());
            if (map.matches()) {
                proto.addNestedType(mapEntry(field, map.group(1), map.group(2)));
                added.setLabel(Label.LABEL_REPEATED)
                        .setTypeName(entryName(field))
                        .setType(Type.TYPE_MESSAGE);
            } else if (isProto3 && field.getLabel() == Field.Label.OPTIONAL) {
                added.setProto3Optional(true).setOneofIndex(proto.getOneofDeclCount());
                proto.addOneofDeclBuilder().setName("_" + field.getName());
            }
            proto.addField(added);
        }
        for (GroupElement group : message.getGroups()) {
            proto.addField(group(group, proto));
        }
        return proto.build();
    }

    private static FieldDescriptorProto.Builder field(FieldElement field) {
        FieldDescriptorProto.Builder proto =
                FieldDescriptorProto.newBuilder()
                        .setName(field.getName())
                        .setNumber(field.getTag())
                        .setLabel(label(field.getLabel()));
        setType(proto, field.getType());
        return proto;
    }

    /** Whether a name is a message or an enum is found out when it is resolved. */
    private static void setType(FieldDescriptorProto.Builder proto, String type) {
        Type scalar = SCALARS.get(type);
        if (scalar == null) {
            proto.setTypeName(type);
        } else {
            proto.setType(scalar);
        }
    }

    private static Label label(Field.Label label) {
        if (label == Field.Label.REPEATED) {
            return Label.LABEL_REPEATED;
        }
        return label == Field.Label.REQUIRED ? Label.LABEL_REQUIRED : Label.LABEL_OPTIONAL;
    }

    private static FieldDescriptorProto.Builder group(
            GroupElement group, DescriptorProto.Builder enclosing) {
        DescriptorProto.Builder message = enclosing.addNestedTypeBuilder().setName(group.getName());
        group.getFields().forEach(field -> message.addField(field(field)));
        return FieldDescriptorProto.newBuilder()
                .setName(group.getName().toLowerCase(Locale.ROOT))
                .setNumber(group.getTag())
                .setLabel(label(group.getLabel()))
                .setType(Type.TYPE_GROUP)
                .setTypeName(group.getName());
    }

    private static DescriptorProto mapEntry(FieldElement field, String key, String value) {
        DescriptorProto.Builder entry = DescriptorProto.newBuilder().setName(entryName(field));
        entry.getOptionsBuilder().setMapEntry(true);
        setType(
                entry.addFieldBuilder().setName("key").setNumber(1).setLabel(Label.LABEL_OPTIONAL),
                key);
        setType(
                entry.addFieldBuilder()
                        .setName("value")
                        .setNumber(2)
                        .setLabel(Label.LABEL_OPTIONAL),
                value);
        return entry.build();
    }

    /** The name that protoc generates. */
    private static String entryName(FieldElement field) {
        StringBuilder name = new StringBuilder();
        for (String word : field.getName().split("_")) {
            if (!word.isEmpty()) {
                name.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
            }
        }
        return name + "Entry";
    }

    private static EnumDescriptorProto enumeration(EnumElement enumeration) {
        EnumDescriptorProto.Builder proto =
                EnumDescriptorProto.newBuilder().setName(enumeration.getName());
        for (EnumConstantElement constant : enumeration.getConstants()) {
            proto.addValueBuilder().setName(constant.getName()).setNumber(constant.getTag());
        }
        return proto.build();
    }
}
