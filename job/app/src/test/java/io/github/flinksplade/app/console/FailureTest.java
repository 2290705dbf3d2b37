package io.github.flinksplade.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.pipeline.TooManyDeadLettersException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class FailureTest {

    private static Failure of(Throwable cause) {
        return Failure.of(
                new JobFailedException(new FlinkRuntimeException("Recovery is suppressed", cause)));
    }

    @Test
    void keepsMessagesOfThisProgram() {
        assertThat(of(new ConnectorException("the broker b:9 does not answer; start it")))
                .isEqualTo(new Failure(1, "the broker b:9 does not answer; start it"));
        assertThat(of(new ModelException("no tokenizer.json in dir", new IOException("x"))))
                .isEqualTo(new Failure(1, "no tokenizer.json in dir"));
        assertThat(of(new UserException("two\n  lines"))).isEqualTo(new Failure(1, "two lines"));
        assertThat(of(UserException.at(UserException.COMMAND_LINE, "wrong", null)))
                .isEqualTo(new Failure(2, "wrong"));
    }

    @Test
    void namesTheFileAndTheReason() {
        assertThat(of(new NoSuchFileException("/a/b")))
                .isEqualTo(new Failure(1, "/a/b does not exist"));
        assertThat(of(new AccessDeniedException("/a/b")))
                .isEqualTo(new Failure(1, "no permission for /a/b"));
        assertThat(of(new IOException("/a/b cannot be read")))
                .isEqualTo(new Failure(1, "/a/b cannot be read"));
    }

    @Test
    void advisesOnAFullDisk() {
        for (Throwable full :
                new Throwable[] {
                    new FileSystemException("/a/b", null, "No space left on device"),
                    new RuntimeException(
                            "rocksdb", new IOException("/a/b: No space left on device"))
                }) {
            assertThat(of(full))
                    .isEqualTo(
                            new Failure(
                                    1,
                                    "cannot write: /a/b: No space left on device. Free some space"
                                            + " and run it again, with the same --state to resume"));
        }
    }

    /** For any library, such as RocksDB; the encoder has its own messages. */
    @Test
    void namesADirectoryMountedNoexec() {
        assertThat(
                        of(
                                new UnsatisfiedLinkError(
                                        "/t/x1/librocks.so: /t/x1/librocks.so: failed to map"
                                                + " segment from shared object")))
                .isEqualTo(
                        new Failure(
                                1,
                                "a native library cannot be loaded: /t/x1 is on a file system"
                                        + " mounted noexec. Choose another directory with"
                                        + " FLINK_SPLADE_JAVA_OPTS=-Djava.io.tmpdir=DIR"));
    }

    @Test
    void reportsAnUnknownHomeDirectory() {
        assertThat(
                        Failure.of(
                                new UncheckedIOException(
                                        new FileNotFoundException("HOME is ''; set HOME"))))
                .isEqualTo(new Failure(1, "HOME is ''; set HOME"));
    }

    @Test
    void expiredCheckpointIsNotAnInternalError() {
        assertThat(
                        of(
                                new FlinkRuntimeException(
                                        "Exceeded checkpoint tolerable failure threshold. The latest"
                                                + " checkpoint failed due to Checkpoint expired"
                                                + " before completing., view the history")))
                .satisfies(
                        failure -> {
                            assertThat(failure.exitCode()).isEqualTo(1);
                            assertThat(failure.message())
                                    .startsWith(
                                            "a checkpoint took longer than"
                                                    + " execution.checkpointing.timeout: a sink is"
                                                    + " unavailable");
                        });
    }

    /** As Flink's Kafka writer throws it, when the brokers were unavailable for too long. */
    @Test
    void connectorExplainsTheExceptionOfItsLibrary() {
        assertThat(
                        of(
                                new FlinkRuntimeException(
                                        "Failed to send data to Kafka: [topic=vectors]",
                                        new TimeoutException(
                                                "Expiring 5 record(s) for vectors-0:600000 ms has"
                                                        + " passed since batch creation"))))
                .isEqualTo(
                        new Failure(
                                1,
                                "Kafka did not respond in time (Expiring 5 record(s) for"
                                        + " vectors-0:600000 ms has passed since batch creation)."
                                        + " Check that its brokers are running."));
    }

    @Test
    void otherExceptionsAreInternalErrors() {
        assertThat(of(new IllegalStateException("the vector is empty")))
                .isEqualTo(
                        new Failure(
                                70,
                                "internal error in flink-splade: the vector is empty. Run it again"
                                        + " with --verbose for the details"));
        assertThat(of(new NullPointerException()).message())
                .startsWith("internal error in flink-splade: ");
    }

    @Test
    void removesClassNamesAndJsonPaths() {
        assertThat(
                        of(new IOException(
                                        "org.apache.flink.util.FlinkException:"
                                                + " java.io.IOException: Unexpected character\n"
                                                + " at [Source: REDACTED"
                                                + " (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION`"
                                                + " disabled); line: 3, column: 7] (through"
                                                + " reference chain: io.x.Y[\"a\"])"))
                                .message())
                .isEqualTo("Unexpected character (line 3, column 7)");
        assertThat(
                        of(new IllegalStateException("no serializer for org.apache.flink.X$Y"))
                                .message())
                .startsWith("internal error in flink-splade: no serializer for Y. Run it again");
        assertThat(of(new NullPointerException()).message())
                .startsWith("internal error in flink-splade: no message. Run it again");
        // messages of this program are unchanged
        assertThat(of(new UserException("the topic com.acme.shop.Orders is missing")).message())
                .isEqualTo("the topic com.acme.shop.Orders is missing");
    }

    @Test
    void tooManyDeadLettersAreAnInputError() {
        assertThat(of(new JobFailedException(new TooManyDeadLettersException("4 of 5"))))
                .isEqualTo(new Failure(1, "4 of 5"));
    }

    @Test
    void endsOnCyclesOfCauses() {
        IOException first = new IOException("first");
        first.initCause(new RuntimeException("second", first));
        assertThat(of(first).message()).isEqualTo("first");
    }
}
