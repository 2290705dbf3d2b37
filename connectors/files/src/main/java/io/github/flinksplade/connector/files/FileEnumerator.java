package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists the files and assigns them to the readers in the order of their names: once at each start,
 * or repeatedly if they are watched. A file whose version has changed since it was read is read
 * again from its start, even if it changed while the job was stopped.
 */
final class FileEnumerator implements SplitEnumerator<FileSplit, FileEnumeratorState> {

    private static final Logger LOG = LoggerFactory.getLogger(FileEnumerator.class);

    /** Max number of names in a message. */
    private static final int MAX_NAMES = 5;

    /** A watched file that has not been modified for this time is assumed to be complete. */
    private static final Duration COMPLETE_AFTER = Duration.ofSeconds(5);

    /** The max time between two reads of a watched file that changes continuously. */
    private static final Duration MAX_DELAY = Duration.ofSeconds(10);

    private final SplitEnumeratorContext<FileSplit> context;
    private final FilesSource source;

    /** Files that no reader has yet, by path. */
    private final Map<String, FileSplit> waiting = new LinkedHashMap<>();

    private final Set<Integer> idleReaders = new LinkedHashSet<>();

    private Map<String, FileVersion> known;
    private Map<String, ChangingFile> changing = new HashMap<>();

    /** Known files of documents that the last listing did not find. */
    private Set<String> missing = new HashSet<>();

    /** Names of skipped files that were logged. */
    private Set<String> skipped = Set.of();

    private boolean listed;

    /** Whether the last listing failed because the storage is unreachable. */
    private boolean isUnreachable;

    /**
     * A file that is still changing.
     *
     * @param version the version at the last listing
     * @param listings the number of listings since it was read
     */
    private record ChangingFile(FileVersion version, int listings) {}

    FileEnumerator(
            SplitEnumeratorContext<FileSplit> context,
            FilesSource source,
            FileEnumeratorState restored) {
        this.context = context;
        this.source = source;
        restored.waiting().forEach(split -> waiting.put(split.path(), split));
        this.known = restored.known();
    }

    @Override
    public void start() {
        if (source.isWatched()) {
            context.callAsync(source::list, this::onListed, 0, source.intervalMillis());
        } else {
            context.callAsync(source::list, this::onListed);
        }
    }

    private void onListed(FilesSource.Listing listing, Throwable failure) {
        if (failure instanceof UnreachableException && source.isWatched()) {
            if (!isUnreachable) {
                LOG.warn(
                        "{}. Listing the files again until it is available.", failure.getMessage());
            }
            isUnreachable = true;
            return;
        }
        isUnreachable = false;
        if (failure != null) {
            throw failure instanceof RuntimeException e
                    ? e
                    : new ConnectorException("cannot list files: " + failure.getMessage(), failure);
        }
        // Removed files are forgotten, and read if they are found again.
        Map<String, FileVersion> nowKnown = new HashMap<>();
        deleteMissing(listing.files(), nowKnown);
        logSkipped(listing.skipped());
        Map<String, ChangingFile> nowChanging = new HashMap<>();
        for (FilePattern.ListedFile file : listing.files()) {
            FileVersion read = known.get(file.path());
            if (file.version().equals(read)) {
                nowKnown.put(file.path(), read);
            } else if (isSettled(file)) {
                nowKnown.put(file.path(), file.version());
                waiting.put(file.path(), FileSplit.whole(file.path(), file.name()));
            } else {
                if (read != null) {
                    nowKnown.put(file.path(), read);
                }
                ChangingFile before = changing.get(file.path());
                int listings = before == null ? 1 : before.listings() + 1;
                if (listings > maxListings()
                        && !source.isDocumentPerFile()
                        && Compression.of(file.path()) == Compression.NONE
                        && !waiting.containsKey(file.path())) {
                    waiting.put(file.path(), FileSplit.completeRecords(file.path(), file.name()));
                    listings = 1;
                }
                nowChanging.put(file.path(), new ChangingFile(file.version(), listings));
            }
        }
        known = nowKnown;
        changing = nowChanging;
        listed = true;
        assign();
    }

    /**
     * Deletes the documents of files that were deleted, even if that happened while the job was
     * stopped. A watched file must be missing in two listings, because it may be being replaced.
     */
    private void deleteMissing(
            List<FilePattern.ListedFile> files, Map<String, FileVersion> nowKnown) {
        if (!source.isDocumentPerFile()) {
            return;
        }
        Map<String, FileVersion> notFound = new TreeMap<>(known);
        files.forEach(file -> notFound.remove(file.path()));
        notFound.forEach(
                (path, version) -> {
                    if (source.isWatched() && !missing.contains(path)) {
                        nowKnown.put(path, version);
                    } else {
                        waiting.put(path, FileSplit.deleted(path, source.nameOf(path)));
                    }
                });
        missing = new HashSet<>(notFound.keySet());
    }

    /** Logs each skipped file once. */
    private void logSkipped(List<String> names) {
        List<String> news = names.stream().filter(name -> !skipped.contains(name)).toList();
        if (!news.isEmpty()) {
            LOG.warn(
                    "Skipping {} in {}, because the name implies another format or none: {}{}.",
                    news.size() == 1 ? "1 file" : news.size() + " files",
                    source.uri(),
                    String.join(", ", news.subList(0, Math.min(MAX_NAMES, news.size()))),
                    news.size() > MAX_NAMES ? ", ..." : "");
        }
        skipped = Set.copyOf(names);
    }

    /** Whether the file is assumed to be complete, which unwatched files always are. */
    private boolean isSettled(FilePattern.ListedFile file) {
        if (!source.isWatched()) {
            return true;
        }
        ChangingFile before = changing.get(file.path());
        if (before != null && before.version().equals(file.version())) {
            return true;
        }
        long modifiedMillis = TimeUnit.NANOSECONDS.toMillis(file.version().modifiedNanos());
        return System.currentTimeMillis() - modifiedMillis >= COMPLETE_AFTER.toMillis();
    }

    private long maxListings() {
        return Math.max(1, MAX_DELAY.toMillis() / source.intervalMillis());
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
            FileSplit next = pollFor(reader);
            if (next != null) {
                context.assignSplit(next, reader);
                readers.remove();
            } else if (listed && !source.isWatched()) {
                context.signalNoMoreSplits(reader);
                readers.remove();
            }
        }
    }

    /**
     * The next file for a reader, or null. A watched file may be read many times, always by the
     * same reader, so that the documents of its versions remain in order.
     */
    private FileSplit pollFor(int reader) {
        for (Iterator<FileSplit> splits = waiting.values().iterator(); splits.hasNext(); ) {
            FileSplit split = splits.next();
            if (!source.isWatched()
                    || Math.floorMod(split.path().hashCode(), context.currentParallelism())
                            == reader) {
                splits.remove();
                return split;
            }
        }
        return null;
    }

    @Override
    public void addSplitsBack(List<FileSplit> splits, int subtask) {
        Map<String, FileSplit> others = new LinkedHashMap<>(waiting);
        waiting.clear();
        splits.forEach(split -> waiting.put(split.path(), split));
        waiting.putAll(others); // of the same file, the version that was found last
        assign();
    }

    @Override
    public void addReader(int subtask) {
        // a reader without a file requests one
    }

    @Override
    public FileEnumeratorState snapshotState(long checkpointId) {
        return new FileEnumeratorState(waiting.values(), known);
    }

    @Override
    public void close() {
        // the context stops its own tasks
    }
}
