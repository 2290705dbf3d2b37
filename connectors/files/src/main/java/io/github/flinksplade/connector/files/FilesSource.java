package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.SourceRecord;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A source of the records of files. Each file is one split. */
final class FilesSource
        implements Source<SourceRecord, FileSplit, FileEnumeratorState>,
                ResultTypeQueryable<SourceRecord> {

    private static final long serialVersionUID = 1L;

    private final FilePattern pattern;
    private final ReadSettings settings;
    private final boolean skipsOtherFormats;
    private final boolean isOneFile;
    private final long intervalMillis;

    /**
     * @param pattern the files
     * @param skipsOtherFormats whether files whose names imply another format are skipped
     * @param intervalMillis time between two listings of the files; 0 to list them once
     */
    FilesSource(
            FilePattern pattern,
            ReadSettings settings,
            boolean skipsOtherFormats,
            long intervalMillis) {
        this.pattern = pattern;
        this.settings = settings;
        this.skipsOtherFormats = skipsOtherFormats;
        this.isOneFile = pattern.isOneFile();
        this.intervalMillis = intervalMillis;
    }

    boolean isWatched() {
        return intervalMillis > 0;
    }

    long intervalMillis() {
        return intervalMillis;
    }

    /** Whether each file is one document, which is deleted with the file. */
    boolean isDocumentPerFile() {
        return settings.format() == FileFormat.FILE;
    }

    /**
     * The files that exist now.
     *
     * @param files to read
     * @param skipped names of files whose names imply that they have another format
     */
    record Listing(List<FilePattern.ListedFile> files, List<String> skipped) {}

    /** Lists the files. */
    Listing list() {
        boolean mayBeMissing = isOneFile || pattern.mayBeMissing();
        if (isWatched() && mayBeMissing && pattern.isMissing()) {
            // it is being replaced, was deleted or will be created
            return new Listing(List.of(), List.of());
        }
        Map<Boolean, List<FilePattern.ListedFile>> isRead =
                pattern.list().stream().collect(Collectors.partitioningBy(this::isRead));
        return new Listing(
                isRead.get(true),
                isRead.get(false).stream().map(FilePattern.ListedFile::name).toList());
    }

    private boolean isRead(FilePattern.ListedFile file) {
        if (isDocumentPerFile()) {
            return isOneFile || DocumentType.ofSuffix(file.name()) != null;
        }
        return !skipsOtherFormats || FileFormat.of(file.name()) == settings.format();
    }

    /** The URI without options, for messages. */
    String uri() {
        return pattern.uri();
    }

    /** The name of a listed file. */
    String nameOf(String path) {
        return isOneFile
                ? pattern.storage().fileName(path)
                : pattern.storage().nameIn(pattern.root(), path);
    }

    @Override
    public Boundedness getBoundedness() {
        return isWatched() ? Boundedness.CONTINUOUS_UNBOUNDED : Boundedness.BOUNDED;
    }

    @Override
    public SourceReader<SourceRecord, FileSplit> createReader(SourceReaderContext context) {
        return new FilesSourceReader(() -> new FileSplitReader(settings, isWatched()), context);
    }

    @Override
    public SplitEnumerator<FileSplit, FileEnumeratorState> createEnumerator(
            SplitEnumeratorContext<FileSplit> context) {
        return restoreEnumerator(context, FileEnumeratorState.initial());
    }

    @Override
    public SplitEnumerator<FileSplit, FileEnumeratorState> restoreEnumerator(
            SplitEnumeratorContext<FileSplit> context, FileEnumeratorState state) {
        return new FileEnumerator(context, this, state);
    }

    @Override
    public SimpleVersionedSerializer<FileSplit> getSplitSerializer() {
        return new FileSplit.Serializer();
    }

    @Override
    public SimpleVersionedSerializer<FileEnumeratorState> getEnumeratorCheckpointSerializer() {
        return new FileEnumeratorState.Serializer();
    }

    @Override
    public TypeInformation<SourceRecord> getProducedType() {
        return TypeInformation.of(SourceRecord.class);
    }
}
