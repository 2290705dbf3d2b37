package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The bytes of the current versions, which later releases must read or reject by version. */
class StateSerializersTest {

    private static final FileSplit SPLIT =
            new FileSplit(
                    "/d/a.txt",
                    "a.txt",
                    FileSplit.Status.GROWING,
                    new Position(258, 3, true),
                    new FileContent(new FileVersion(259, 260, 261), "ab"));
    private static final String SPLIT_BYTES =
            "0008"
                    + "2f642f612e747874"
                    + "0005"
                    + "612e747874"
                    + "01"
                    + "0000000000000102"
                    + "0000000000000003"
                    + "01"
                    + "01"
                    + "0000000000000103"
                    + "0000000000000104"
                    + "0000000000000105"
                    + "0002"
                    + "6162";
    private static final FileSplit WHOLE = FileSplit.whole("/d/b", "b");
    private static final String WHOLE_BYTES =
            "0004"
                    + "2f642f62"
                    + "0001"
                    + "62"
                    + "00"
                    + "0000000000000000"
                    + "0000000000000000"
                    + "00"
                    + "00";

    private static final FileEnumeratorState STATE =
            new FileEnumeratorState(
                    List.of(SPLIT),
                    Map.of("/d/b", new FileVersion(1, 2, 3), "/d/a", new FileVersion(4, 5, 6)));
    private static final String STATE_BYTES =
            "00000001"
                    + SPLIT_BYTES
                    + "00000002"
                    + "0004"
                    + "2f642f61"
                    + "0000000000000004"
                    + "0000000000000005"
                    + "0000000000000006"
                    + "0004"
                    + "2f642f62"
                    + "0000000000000001"
                    + "0000000000000002"
                    + "0000000000000003";

    private static final DeadLetterSink.FileState FILE_STATE =
            new DeadLetterSink.FileState("/d/l", 513);
    private static final String FILE_STATE_BYTES = "0004" + "2f642f6c" + "0000000000000201";

    @Test
    void writeTheDocumentedBytes() throws IOException {
        assertThat(hex(new FileSplit.Serializer().serialize(SPLIT))).isEqualTo(SPLIT_BYTES);
        assertThat(hex(new FileSplit.Serializer().serialize(WHOLE))).isEqualTo(WHOLE_BYTES);
        assertThat(hex(new FileEnumeratorState.Serializer().serialize(STATE)))
                .isEqualTo(STATE_BYTES);
        assertThat(hex(new DeadLetterSink.Serializer().serialize(FILE_STATE)))
                .isEqualTo(FILE_STATE_BYTES);
    }

    @Test
    void readTheDocumentedBytes() throws IOException {
        assertThat(new FileSplit.Serializer().deserialize(3, bytes(SPLIT_BYTES))).isEqualTo(SPLIT);
        assertThat(new FileSplit.Serializer().deserialize(3, bytes(WHOLE_BYTES))).isEqualTo(WHOLE);
        assertThat(new FileEnumeratorState.Serializer().deserialize(3, bytes(STATE_BYTES)))
                .isEqualTo(STATE);
        assertThat(new DeadLetterSink.Serializer().deserialize(1, bytes(FILE_STATE_BYTES)))
                .isEqualTo(FILE_STATE);
    }

    @Test
    void rejectAnotherVersion() {
        assertThatThrownBy(() -> new FileSplit.Serializer().deserialize(2, bytes(SPLIT_BYTES)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("contains version 2")
                .hasMessageContaining("reads version 3");
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }
}
