package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.DescriptorProtos;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Int64Value;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.StringValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.InvalidRecordException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Payloads are written by Protobuf's encoder, field by field, or by generated classes. */
class ProtobufDecoderTest {

    private static final String PROTO =
            """
            syntax = "proto3";
            package shop;
            import "google/protobuf/timestamp.proto";
            import "google/protobuf/duration.proto";
            import "google/protobuf/wrappers.proto";
            import "google/protobuf/struct.proto";
            import "google/type/date.proto";
            import "confluent/meta.proto";
            import "confluent/type/decimal.proto";
            option (confluent.file_meta) = {doc: "products"};
            message Product {
              option (confluent.message_meta) = {doc: "a product"};
              int64 id = 1 [(confluent.field_meta).doc = "its id"];
              string product_name = 2;
              optional string note = 3;
              uint64 views = 4;
              float weight = 5;
              bytes image = 6;
              State state = 7;
              repeated int32 sizes = 8;
              map<string, Price> prices = 9;
              oneof origin { string country = 10; Price import_price = 11; }
              google.protobuf.Timestamp created = 12;
              google.protobuf.Duration warranty = 13;
              google.protobuf.Int64Value stock = 14;
              google.protobuf.Struct attributes = 15;
              google.protobuf.StringValue label = 16;
              google.type.Date released = 17;
              confluent.type.Decimal cost = 18;
              map<int32, bool> flags = 19;
              uint32 limit = 20;
              double ratio = 21;
              enum State { UNKNOWN = 0; NEW = 1; }
              message Price { double amount = 1; .shop.Currency currency = 2; }
            }
            message Other { reserved 1, 5 to 9; bool flag = 2; message Inner { string text = 1; } }
            enum Currency { EUR = 0; USD = 1; }
            """;

    private static FileDescriptor compile(String proto) throws InvalidSchemaException {
        return new ProtoFiles(path -> null).compile("test.proto", proto);
    }

    private static String decode(FileDescriptor file, String message, byte[] payload)
            throws IOException, InvalidRecordException {
        return ProtobufDecoder.of(file.findMessageTypeByName(message)).decode(payload, 0).toJson();
    }

    interface Writer {
        void write(CodedOutputStream out) throws IOException;
    }

    private static byte[] payload(Writer writer) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        writer.write(out);
        out.flush();
        return bytes.toByteArray();
    }

    private static byte[] product() throws IOException {
        byte[] price =
                payload(
                        out -> {
                            out.writeDouble(1, 9.5);
                            out.writeEnum(2, 1);
                        });
        byte[] entry =
                payload(
                        out -> {
                            out.writeString(1, "list");
                            out.writeByteArray(2, price);
                        });
        byte[] flag =
                payload(
                        out -> {
                            out.writeInt32(1, -7);
                            out.writeBool(2, true);
                        });
        return payload(
                out -> {
                    out.writeInt64(1, 9_007_199_254_740_993L);
                    out.writeString(2, "lamp");
                    out.writeString(3, "");
                    out.writeUInt64(4, -1L);
                    out.writeFloat(5, 0.1f);
                    out.writeByteArray(6, new byte[] {0, -1});
                    out.writeEnum(7, 1);
                    out.writeInt32(8, 1); // not packed
                    out.writeByteArray(8, new byte[] {2, 3}); // packed
                    out.writeByteArray(9, entry);
                    out.writeByteArray(11, price);
                    out.writeMessage(
                            12,
                            Timestamp.newBuilder()
                                    .setSeconds(1_714_557_600)
                                    .setNanos(123_000_000)
                                    .build());
                    out.writeMessage(
                            13,
                            Duration.newBuilder().setSeconds(-3).setNanos(-500_000_000).build());
                    out.writeMessage(14, Int64Value.of(5));
                    out.writeMessage(
                            15,
                            Struct.newBuilder()
                                    .putFields("n", Value.newBuilder().setNumberValue(7).build())
                                    .putFields(
                                            "l",
                                            Value.newBuilder()
                                                    .setListValue(
                                                            ListValue.newBuilder()
                                                                    .addValues(
                                                                            Value.newBuilder()
                                                                                    .setBoolValue(
                                                                                            true))
                                                                    .addValues(
                                                                            Value.newBuilder()
                                                                                    .setNullValue(
                                                                                            NullValue
                                                                                                    .NULL_VALUE)))
                                                    .build())
                                    .build());
                    out.writeMessage(16, StringValue.of(""));
                    out.writeMessage(
                            17,
                            com.google.type.Date.newBuilder()
                                    .setYear(2024)
                                    .setMonth(5)
                                    .setDay(1)
                                    .build());
                    out.writeByteArray(
                            18,
                            payload(
                                    decimal -> {
                                        decimal.writeByteArray(1, new byte[] {4, -50});
                                        decimal.writeInt32(3, 2);
                                    }));
                    out.writeByteArray(19, flag);
                    out.writeFixed32(20, 0); // another wire type: an unknown field
                    out.writeDouble(21, Double.NaN);
                });
    }

    @Test
    void decodesEveryType() throws Exception {
        assertThat(decode(compile(PROTO), "Product", product()))
                .isEqualTo(
                        "{\"import_price\":{\"amount\":9.5,\"currency\":\"USD\"},"
                                + "\"id\":9007199254740993,\"product_name\":\"lamp\",\"note\":\"\","
                                + "\"views\":18446744073709551615,\"weight\":0.1,"
                                + "\"image\":\"AP8=\",\"state\":\"NEW\",\"sizes\":[1,2,3],"
                                + "\"prices\":{\"list\":{\"amount\":9.5,\"currency\":\"USD\"}},"
                                + "\"created\":\"2024-05-01T10:00:00.123Z\","
                                + "\"warranty\":\"-3.5s\",\"stock\":5,"
                                + "\"attributes\":{\"n\":7,\"l\":[true,null]},\"label\":\"\","
                                + "\"released\":{\"year\":2024,\"month\":5,\"day\":1},"
                                + "\"cost\":12.30,\"flags\":{\"-7\":true},\"limit\":0,"
                                + "\"ratio\":\"NaN\"}");
    }

    @Test
    void leavesOutWhatIsAbsent() throws Exception {
        assertThat(decode(compile(PROTO), "Product", new byte[0]))
                .isEqualTo(
                        "{\"id\":0,\"product_name\":\"\",\"views\":0,\"weight\":0.0,\"image\":\"\","
                                + "\"state\":\"UNKNOWN\",\"sizes\":[],\"prices\":{},\"flags\":{},"
                                + "\"limit\":0,\"ratio\":0.0}");
    }

    @Test
    void decodesProto2() throws Exception {
        FileDescriptor file =
                compile(
                        """
                        syntax = "proto2";
                        message M {
                          required int32 id = 1;
                          optional string name = 2 [default = "x"];
                          repeated group Item = 3 { optional sint64 n = 4; }
                          extensions 100 to max;
                        }
                        extend M { optional int32 more = 100; }
                        """);
        byte[] group =
                payload(
                        out -> {
                            out.writeInt32(1, 5);
                            out.writeTag(3, 3);
                            out.writeSInt64(4, -2);
                            out.writeTag(3, 4);
                            out.writeInt32(100, 1);
                        });
        assertThat(decode(file, "M", group)).isEqualTo("{\"id\":5,\"item\":[{\"n\":-2}]}");
        assertInvalid(file, "M", new byte[0], "it is not a valid M");
        byte[] invalidUtf8 =
                payload(
                        out -> {
                            out.writeInt32(1, 5);
                            out.writeByteArray(2, new byte[] {-1});
                        });
        assertInvalid(file, "M", invalidUtf8, "it is not a valid M");
    }

    @Test
    void writesUnknownEnumValuesAsNumbers() throws Exception {
        assertThat(decode(compile(PROTO), "Product", payload(out -> out.writeEnum(7, 5))))
                .contains("\"state\":5");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    00        | {"id":0
                    02 00     | {"id":0
                    02 02     | {"flag":false}
                    04 02 00  | {"text":""}
                    04 00 00  | {"amount":0.0
                    02 04     | its schema has no message with index 2
                    02 01     | its schema has no message with index -1
                    04 02 02  | its schema has no message with index 1
                    01        | its message index has -1 levels
                    80        | its message index is invalid
                    """)
    void readsTheMessageIndex(String index, String result) throws Exception {
        byte[] payload = java.util.HexFormat.of().parseHex(index.replace(" ", ""));
        PayloadDecoder decoder = ProtobufDecoder.indexed(compile(PROTO));
        String actual;
        try {
            actual = decoder.decode(payload, 0).toJson();
        } catch (IOException e) {
            actual = e.getMessage();
        }
        assertThat(actual).startsWith(result);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    syntax = "proto3"; message M { Missing m = 1; }  | "Missing" is not defined
                    syntax = "proto3"; import "a.proto";             | it imports a.proto, which is missing
                    syntax = "proto3"; message M { int32 x = ; }     | it is not a .proto file: Syntax error
                    edition = "2023"; message M { int32 x = 1; }     | edition is not currently supported
                    {"type":"record"}                                | it is not a .proto file
                    syntax = "proto3"; message M { int32 x = 1; int32 y = 1; } | 1
                    """)
    void rejectsInvalidFiles(String proto, String message) {
        assertThatThrownBy(() -> compile(proto))
                .isInstanceOf(InvalidSchemaException.class)
                .hasMessageContaining(message);
    }

    @Test
    void resolvesImports() throws Exception {
        Map<String, String> files =
                Map.of(
                        "a.proto",
                        "syntax = \"proto3\"; package a; import public \"b/b.proto\";",
                        "b/b.proto",
                        "syntax = \"proto3\"; package a.b; message B { int32 n = 1; }",
                        "loop.proto",
                        "syntax = \"proto3\"; import \"loop.proto\";");
        FileDescriptor file =
                new ProtoFiles(files::get)
                        .compile(
                                "main.proto",
                                "syntax = \"proto3\"; package a; import \"a.proto\";"
                                        + " message M { b.B b = 1; }");
        assertThat(decode(file, "M", new byte[] {10, 2, 8, 3})).isEqualTo("{\"b\":{\"n\":3}}");
        assertThatThrownBy(
                        () ->
                                new ProtoFiles(files::get)
                                        .compile(
                                                "main.proto",
                                                "syntax = \"proto3\"; import \"loop.proto\";"))
                .hasMessage("loop.proto imports itself");
    }

    /** The generated classes contain the descriptors that protoc wrote. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "google/protobuf/any.proto",
                "google/protobuf/api.proto",
                "google/protobuf/descriptor.proto",
                "google/protobuf/struct.proto",
                "google/protobuf/type.proto",
                "google/protobuf/wrappers.proto",
                "google/type/postal_address.proto",
                "google/type/money.proto",
                "google/type/datetime.proto",
                "google/type/dayofweek.proto"
            })
    void compilesAsProtocDoes(String path) throws Exception {
        String text;
        try (InputStream in = getClass().getResourceAsStream("/" + path)) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        assertThat(describe(new ProtoFiles(imported -> null).compile(path, text)))
                .isNotEmpty()
                .containsExactlyInAnyOrderElementsOf(describe(generated(path)));
    }

    private static FileDescriptor generated(String path) {
        return switch (path) {
            case "google/protobuf/any.proto" -> com.google.protobuf.AnyProto.getDescriptor();
            case "google/protobuf/api.proto" -> com.google.protobuf.ApiProto.getDescriptor();
            case "google/protobuf/descriptor.proto" -> DescriptorProtos.getDescriptor();
            case "google/protobuf/struct.proto" -> com.google.protobuf.StructProto.getDescriptor();
            case "google/protobuf/type.proto" -> com.google.protobuf.TypeProto.getDescriptor();
            case "google/protobuf/wrappers.proto" ->
                    com.google.protobuf.WrappersProto.getDescriptor();
            case "google/type/postal_address.proto" ->
                    com.google.type.PostalAddressProto.getDescriptor();
            case "google/type/money.proto" -> com.google.type.MoneyProto.getDescriptor();
            case "google/type/datetime.proto" -> com.google.type.DateTimeProto.getDescriptor();
            default -> com.google.type.DayOfWeekProto.getDescriptor();
        };
    }

    private static List<String> describe(FileDescriptor file) {
        List<String> lines = new ArrayList<>();
        file.getMessageTypes().forEach(type -> describe(type, lines));
        file.getEnumTypes()
                .forEach(type -> lines.add(type.getFullName() + type.getValues().size()));
        return lines;
    }

    private static void describe(Descriptor type, List<String> lines) {
        for (FieldDescriptor field : type.getFields()) {
            lines.add(
                    field.getFullName()
                            + "="
                            + field.getNumber()
                            + " "
                            + field.getType()
                            + (field.isRepeated() ? " repeated" : "")
                            + (field.hasPresence() ? " presence" : "")
                            + (field.isMapField() ? " map" : "")
                            + (field.getRealContainingOneof() == null
                                    ? ""
                                    : " in " + field.getRealContainingOneof().getName())
                            + switch (field.getJavaType()) {
                                case MESSAGE -> " " + field.getMessageType().getFullName();
                                case ENUM -> " " + field.getEnumType().getFullName();
                                default -> "";
                            });
        }
        type.getEnumTypes().forEach(nested -> lines.add(nested.getFullName() + nested.getValues()));
        type.getNestedTypes().forEach(nested -> describe(nested, lines));
    }

    @Test
    void decodesWithCompiledAndGeneratedDescriptorsAlike() throws Exception {
        String text;
        try (InputStream in = getClass().getResourceAsStream("/google/protobuf/descriptor.proto")) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        FileDescriptorProto message =
                com.google.protobuf.StructProto.getDescriptor().toProto().toBuilder()
                        .clearOptions()
                        .build();
        assertThat(decode(compile(text), "FileDescriptorProto", message.toByteArray()))
                .isEqualTo(
                        ProtobufDecoder.of(FileDescriptorProto.getDescriptor())
                                .decode(message.toByteArray(), 0)
                                .toJson());
    }

    @Test
    void rejectsInvalidValues() throws Exception {
        FileDescriptor file = compile(PROTO);
        byte[] timestamp =
                payload(
                        out ->
                                out.writeMessage(
                                        12,
                                        Timestamp.newBuilder().setSeconds(Long.MAX_VALUE).build()));
        assertInvalid(file, "Product", timestamp, "a timestamp is 9223372036854775807 seconds");
        byte[] decimal = payload(out -> out.writeBytes(18, ByteString.EMPTY));
        assertInvalid(file, "Product", decimal, "a decimal has no bytes");
        assertInvalid(file, "Product", new byte[] {18, 5, 'a'}, "it is not a valid shop.Product");
    }

    private static void assertInvalid(
            FileDescriptor file, String type, byte[] payload, String message) {
        assertThatThrownBy(() -> decode(file, type, payload))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message);
    }

    @Test
    void corruptPayloadsAreInvalidOrDecoded() throws Exception {
        byte[] product = product();
        byte[] valid = new byte[product.length + 1]; // a zero byte: the first message
        System.arraycopy(product, 0, valid, 1, product.length);
        PayloadDecoder decoder = ProtobufDecoder.indexed(compile(PROTO));
        Random random = new Random(1);
        int decoded = 0;
        for (int i = 0; i < 50_000; i++) {
            byte[] payload = Fuzz.corrupt(valid, random);
            try {
                assertThat(decoder.decode(payload, 0)).isNotNull();
                decoded++;
            } catch (IOException | InvalidRecordException e) {
                assertThat(e).hasMessageNotContaining("java.");
            }
        }
        assertThat(decoded).isPositive();
    }
}
