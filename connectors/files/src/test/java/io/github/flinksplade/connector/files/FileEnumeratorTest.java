package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.metrics.groups.SplitEnumeratorMetricGroup;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileEnumeratorTest {

    private static final int WATCHED = 1000;
    private static final int BOUNDED = 0;

    @TempDir Path folder;

    private Readers readers;

    @BeforeEach
    void reset() {
        readers = new Readers(1);
    }

    @Test
    void readsAWatchedFileWhenItStaysTheSame() throws IOException {
        write("old.txt", Duration.ofMinutes(1));
        write("new.txt", Duration.ZERO);
        FileEnumerator enumerator = start(WATCHED, FileEnumeratorState.initial());

        assertThat(readers.requestAll(enumerator)).containsExactly("old.txt");
        readers.list();
        assertThat(readers.requestAll(enumerator)).containsExactly("new.txt");
        readers.list();
        assertThat(readers.requestAll(enumerator)).isEmpty();

        append("new.txt");
        readers.list();
        assertThat(readers.requestAll(enumerator)).isEmpty();
        readers.list();
        assertThat(readers.requestAll(enumerator)).containsExactly("new.txt");
    }

    @Test
    void readsTheCompleteLinesOfAFileThatKeepsGrowing() throws IOException {
        write("log.txt", Duration.ZERO);
        write("log.txt.gz", Duration.ZERO);
        FileEnumerator enumerator = start(WATCHED, FileEnumeratorState.initial());
        List<FileSplit> assigned = new ArrayList<>();
        for (int listing = 1; listing <= 25; listing++) {
            append("log.txt");
            append("log.txt.gz");
            readers.list();
            assigned.addAll(readers.request(enumerator, 0));
        }
        assertThat(assigned)
                .hasSize(2)
                .allMatch(FileSplit::isGrowing)
                .allMatch(split -> split.name().equals("log.txt"));

        readers.list();
        assertThat(readers.requestAll(enumerator))
                .containsExactlyInAnyOrder("log.txt", "log.txt.gz");
        assertThat(readers.last).noneMatch(FileSplit::isGrowing);
    }

    @Test
    void forgetsAFileThatIsRemoved() throws IOException {
        Path file = write("a.txt", Duration.ofMinutes(1));
        FileVersion version = FileVersion.of(file);
        FileEnumerator enumerator = start(WATCHED, FileEnumeratorState.initial());
        assertThat(readers.requestAll(enumerator)).containsExactly("a.txt");

        Files.move(file, folder.resolve(".hidden"));
        readers.list();
        assertThat(enumerator.snapshotState(1).known()).isEmpty();
        Files.move(folder.resolve(".hidden"), file);
        readers.list();

        assertThat(FileVersion.of(file)).isEqualTo(version);
        assertThat(readers.requestAll(enumerator)).containsExactly("a.txt");
    }

    @Test
    void onlyOneReaderReadsTheVersionsOfAWatchedFile() throws IOException {
        readers = new Readers(4);
        FileEnumerator enumerator = start(WATCHED, FileEnumeratorState.initial());
        Map<String, Integer> first = new TreeMap<>();
        for (int version = 1; version <= 3; version++) {
            for (int file = 0; file < 20; file++) {
                write(file + ".txt", Duration.ofMinutes(10 - version));
            }
            readers.list();
            Map<String, Integer> readBy = new TreeMap<>();
            for (int reader = 3; reader >= 0; reader--) {
                for (FileSplit split : readers.request(enumerator, reader)) {
                    readBy.put(split.name(), reader);
                }
            }
            assertThat(readBy).hasSize(20);
            if (version == 1) {
                first.putAll(readBy);
            }
            assertThat(readBy).isEqualTo(first);
        }
        assertThat(first.values()).contains(0, 1, 2, 3);
    }

    @Test
    void readsAChangedWaitingFileOnce() throws IOException {
        write("a.txt", Duration.ofMinutes(1));
        FileEnumerator enumerator = start(WATCHED, FileEnumeratorState.initial());
        write("a.txt", Duration.ofMinutes(2));
        readers.list();

        assertThat(readers.requestAll(enumerator)).containsExactly("a.txt");

        // also if its reader fails
        readers.registered = false;
        enumerator.addSplitsBack(readers.last, 0);
        write("a.txt", Duration.ofMinutes(3));
        readers.list();
        readers.registered = true;
        assertThat(readers.requestAll(enumerator)).containsExactly("a.txt");
    }

    @Test
    void readsChangedFilesWhenABoundedJobResumes() throws IOException {
        write("a.txt", Duration.ZERO);
        write("b.txt", Duration.ZERO);
        write("c.txt", Duration.ZERO);
        FileEnumerator enumerator = start(BOUNDED, FileEnumeratorState.initial());
        assertThat(readers.requestOne(enumerator, 0)).isEqualTo("a.txt");
        assertThat(readers.requestOne(enumerator, 0)).isEqualTo("b.txt");
        FileEnumeratorState state = enumerator.snapshotState(1);
        append("b.txt");
        write("d.txt", Duration.ZERO);

        FileEnumerator restored = start(BOUNDED, state);

        assertThat(readers.requestAll(restored)).containsExactly("c.txt", "b.txt", "d.txt");
        assertThat(readers.finished).containsExactly(0);
    }

    @Test
    void deletesTheDocumentsOfDeletedFiles() throws IOException {
        Path a = write("x/a.md", Duration.ofMinutes(1));
        Path b = write("x/b.md", Duration.ofMinutes(1));
        write("c.html", Duration.ofMinutes(1));
        write("logo.png", Duration.ofMinutes(1));
        FileEnumerator enumerator = start(WATCHED, FileEnumeratorState.initial(), FileFormat.FILE);
        assertThat(readers.requestAll(enumerator)).containsExactly("c.html", "x/a.md", "x/b.md");

        // missing in one listing only, as a file that is being replaced
        Files.delete(a);
        readers.list();
        assertThat(readers.requestAll(enumerator)).isEmpty();
        write("x/a.md", Duration.ofMinutes(1));
        readers.list();
        assertThat(readers.requestAll(enumerator)).containsExactly("x/a.md");
        assertThat(readers.last).noneMatch(FileSplit::isDeleted);

        Files.delete(a);
        readers.list();
        readers.list();
        assertThat(readers.requestAll(enumerator)).containsExactly("x/a.md");
        assertThat(readers.last).allMatch(FileSplit::isDeleted);
        readers.list();
        assertThat(readers.requestAll(enumerator)).isEmpty();

        // while the job is stopped
        FileEnumeratorState state = enumerator.snapshotState(1);
        Files.move(b, b.resolveSibling("b.png"));
        FileEnumerator restored = start(WATCHED, state, FileFormat.FILE);
        readers.list();
        assertThat(readers.requestAll(restored)).containsExactly("x/b.md");
        assertThat(readers.last).allMatch(FileSplit::isDeleted);
        FileEnumerator bounded = start(BOUNDED, state, FileFormat.FILE);
        assertThat(readers.requestAll(bounded)).containsExactly("x/b.md");
        assertThat(readers.last).allMatch(FileSplit::isDeleted);

        // a file that is created again replaces its delete
        restored = start(WATCHED, state, FileFormat.FILE);
        readers.list();
        write("x/b.md", Duration.ofMinutes(1));
        readers.list();
        assertThat(readers.requestAll(restored)).containsExactly("x/b.md");
        assertThat(readers.last).noneMatch(FileSplit::isDeleted);
    }

    @Test
    void listsAgainWhenTheStorageWasUnreachable() throws IOException {
        write("a.txt", Duration.ofMinutes(1));
        FilePattern pattern = FilePattern.of(ConnectorUri.parse("flaky://host" + folder));
        ReadSettings settings = ReadSettings.of(FileFormat.TEXT, 1000);
        FilesSource watched = new FilesSource(pattern, settings, false, WATCHED);
        FilesSource bounded = new FilesSource(pattern, settings, false, BOUNDED);
        FileEnumerator enumerator =
                new FileEnumerator(readers, watched, FileEnumeratorState.initial());
        enumerator.start();
        RemoteFilesTest.Flaky.fail(new ConnectException("refused"));
        try {
            readers.list();
            assertThat(readers.requestAll(enumerator)).isEmpty();
            RemoteFilesTest.Flaky.fail(null);
            readers.list();
            assertThat(readers.requestAll(enumerator)).containsExactly("a.txt");

            RemoteFilesTest.Flaky.fail(new ConnectException("refused"));
            new FileEnumerator(readers, bounded, FileEnumeratorState.initial()).start();
            assertThatThrownBy(readers::list).isInstanceOf(UnreachableException.class);
        } finally {
            RemoteFilesTest.Flaky.fail(null);
        }
    }

    private FileEnumerator start(int intervalMillis, FileEnumeratorState state) {
        return start(intervalMillis, state, FileFormat.TEXT);
    }

    private FileEnumerator start(int intervalMillis, FileEnumeratorState state, FileFormat format) {
        FilePattern pattern = FilePattern.of(ConnectorUri.parse("file:" + folder));
        FilesSource source =
                new FilesSource(
                        format == FileFormat.FILE ? pattern.withSubfolders() : pattern,
                        ReadSettings.of(format, 1000),
                        false,
                        intervalMillis);
        FileEnumerator enumerator = new FileEnumerator(readers, source, state);
        enumerator.start();
        readers.list();
        return enumerator;
    }

    private Path write(String name, Duration age) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Path file = Files.writeString(folder.resolve(name), "x\n");
        return Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
    }

    private void append(String name) throws IOException {
        Files.writeString(folder.resolve(name), "x\n", StandardOpenOption.APPEND);
    }

    /** Readers that get the splits they request; the test triggers the listings. */
    private static final class Readers implements SplitEnumeratorContext<FileSplit> {

        private final int parallelism;
        private final List<Integer> finished = new ArrayList<>();
        private final Map<Integer, List<FileSplit>> assigned = new TreeMap<>();
        private List<FileSplit> last = List.of();
        private boolean registered = true;
        private Runnable list;

        Readers(int parallelism) {
            this.parallelism = parallelism;
        }

        void list() {
            list.run();
        }

        /** Requests splits for a reader until there are none. */
        List<FileSplit> request(FileEnumerator enumerator, int reader) {
            List<FileSplit> got = assigned.computeIfAbsent(reader, r -> new ArrayList<>());
            int before;
            do {
                before = got.size();
                enumerator.handleSplitRequest(reader, null);
            } while (got.size() > before);
            last = assigned.remove(reader);
            return last;
        }

        List<String> requestAll(FileEnumerator enumerator) {
            return request(enumerator, 0).stream().map(FileSplit::name).toList();
        }

        String requestOne(FileEnumerator enumerator, int reader) {
            enumerator.handleSplitRequest(reader, null);
            return assigned.remove(reader).get(0).name();
        }

        @Override
        public void assignSplits(SplitsAssignment<FileSplit> assignment) {
            assignment
                    .assignment()
                    .forEach(
                            (reader, splits) ->
                                    assigned.computeIfAbsent(reader, r -> new ArrayList<>())
                                            .addAll(splits));
        }

        @Override
        public void signalNoMoreSplits(int subtask) {
            finished.add(subtask);
        }

        @Override
        public int currentParallelism() {
            return parallelism;
        }

        @Override
        public Map<Integer, ReaderInfo> registeredReaders() {
            Map<Integer, ReaderInfo> all = new TreeMap<>();
            for (int reader = 0; registered && reader < parallelism; reader++) {
                all.put(reader, new ReaderInfo(reader, "host"));
            }
            return all;
        }

        @Override
        public <T> void callAsync(Callable<T> callable, BiConsumer<T, Throwable> handler) {
            list =
                    () -> {
                        T result;
                        try {
                            result = callable.call();
                        } catch (Exception e) {
                            handler.accept(null, e);
                            return;
                        }
                        handler.accept(result, null);
                    };
        }

        @Override
        public <T> void callAsync(
                Callable<T> callable,
                BiConsumer<T, Throwable> handler,
                long initialDelayMillis,
                long periodMillis) {
            callAsync(callable, handler);
        }

        @Override
        public SplitEnumeratorMetricGroup metricGroup() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void sendEventToSourceReader(int subtask, SourceEvent event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void runInCoordinatorThread(Runnable runnable) {
            throw new UnsupportedOperationException();
        }
    }
}
