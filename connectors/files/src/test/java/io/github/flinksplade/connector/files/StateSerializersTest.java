package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bytes of version 1: what an old checkpoint holds must stay readable. */
class StateSerializersTest {

    private static final FileSplit SPLIT = new FileSplit("/d/a.txt", "a.txt", 258, 3);
    private static final String SPLIT_BYTES =
            "0008"
                    + "2f642f612e747874"
                    + "0005"
                    + "612e747874"
                    + "0000000000000102"
                    + "0000000000000003";

    private static final FileEnumeratorState STATE =
            new FileEnumeratorState(true, List.of(SPLIT), List.of("/d/b", "/d/a"));
    private static final String STATE_BYTES =
            "01"
                    + "00000001"
                    + SPLIT_BYTES
                    + "00000002"
                    + "0004"
                    + "2f642f61"
                    + "0004"
                    + "2f642f62";

    private static final DeadLetterSink.Written WRITTEN = new DeadLetterSink.Written("/d/l", 513);
    private static final String WRITTEN_BYTES = "0004" + "2f642f6c" + "0000000000000201";

    @Test
    void writeWhatTheyWrote() throws IOException {
        assertThat(hex(new FileSplit.Serializer().serialize(SPLIT))).isEqualTo(SPLIT_BYTES);
        assertThat(hex(new FileEnumeratorState.Serializer().serialize(STATE)))
                .isEqualTo(STATE_BYTES);
        assertThat(hex(new DeadLetterSink.Serializer().serialize(WRITTEN)))
                .isEqualTo(WRITTEN_BYTES);
    }

    @Test
    void readWhatTheyWrote() throws IOException {
        assertThat(new FileSplit.Serializer().deserialize(1, bytes(SPLIT_BYTES))).isEqualTo(SPLIT);
        assertThat(new FileEnumeratorState.Serializer().deserialize(1, bytes(STATE_BYTES)))
                .isEqualTo(STATE);
        assertThat(new DeadLetterSink.Serializer().deserialize(1, bytes(WRITTEN_BYTES)))
                .isEqualTo(WRITTEN);
    }

    @Test
    void refuseWhatANewerProgramWrote() {
        assertThatThrownBy(() -> new FileSplit.Serializer().deserialize(2, bytes(SPLIT_BYTES)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("version 2")
                .hasMessageContaining("knows version 1");
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }
}
