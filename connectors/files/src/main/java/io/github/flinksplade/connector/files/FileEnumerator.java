package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;

/** Finds the files, once or again and again, and hands them to the readers in their order. */
final class FileEnumerator implements SplitEnumerator<FileSplit, FileEnumeratorState> {

    private final SplitEnumeratorContext<FileSplit> context;
    private final LineSource source;

    private final ArrayDeque<FileSplit> waiting;
    private final Set<Integer> idleReaders = new LinkedHashSet<>();
    private Set<String> known;
    private boolean listed;

    FileEnumerator(
            SplitEnumeratorContext<FileSplit> context,
            LineSource source,
            FileEnumeratorState restored) {
        this.context = context;
        this.source = source;
        this.waiting = new ArrayDeque<>(restored.waiting());
        this.known = restored.known();
        this.listed = restored.listed();
    }

    @Override
    public void start() {
        if (source.watches()) {
            context.callAsync(source::list, this::found, 0, source.intervalMillis());
        } else if (!listed) {
            context.callAsync(source::list, this::found);
        }
    }

    private void found(List<FilePattern.Found> files, Throwable failure) {
        if (failure != null) {
            throw failure instanceof RuntimeException e
                    ? e
                    : new ConnectorException("cannot list files: " + failure.getMessage(), failure);
        }
        for (FilePattern.Found file : files) {
            if (!known.contains(file.path())) {
                waiting.add(FileSplit.whole(file.path(), file.name()));
            }
        }
        listed = true;
        if (source.watches()) {
            known = files.stream().map(FilePattern.Found::path).collect(Collectors.toSet());
        }
        assign();
    }

    @Override
    public void handleSplitRequest(int subtask, String host) {
        idleReaders.add(subtask);
        assign();
    }

    private void assign() {
        idleReaders.retainAll(context.registeredReaders().keySet());
        for (Iterator<Integer> readers = idleReaders.iterator(); readers.hasNext(); ) {
            int reader = readers.next();
            FileSplit next = waiting.poll();
            if (next != null) {
                context.assignSplit(next, reader);
            } else if (listed && !source.watches()) {
                context.signalNoMoreSplits(reader);
            } else {
                return;
            }
            readers.remove();
        }
    }

    @Override
    public void addSplitsBack(List<FileSplit> splits, int subtask) {
        for (int i = splits.size() - 1; i >= 0; i--) {
            waiting.addFirst(splits.get(i));
        }
        assign();
    }

    @Override
    public void addReader(int subtask) {
        // a reader without a file asks for one
    }

    @Override
    public FileEnumeratorState snapshotState(long checkpointId) {
        return new FileEnumeratorState(listed, waiting, known);
    }

    @Override
    public void close() {
        // the context ends what it runs
    }
}
