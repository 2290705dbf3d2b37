package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.SourceRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A source of the lines of files. Each file is one split. */
final class LineSource
        implements Source<SourceRecord, FileSplit, FileEnumeratorState>,
                ResultTypeQueryable<SourceRecord> {

    private static final long serialVersionUID = 1L;

    private final FilePattern pattern;
    private final FileFormat format;
    private final boolean skipsOtherFormats;
    private final boolean isOneFile;
    private final long intervalMillis;
    private final int maxLine;

    /**
     * @param pattern the files
     * @param format of all files
     * @param skipsOtherFormats whether files whose names imply another format are skipped
     * @param intervalMillis time between two listings of the files; 0 to list them once
     * @param maxLine max size of a line in bytes
     */
    LineSource(
            FilePattern pattern,
            FileFormat format,
            boolean skipsOtherFormats,
            long intervalMillis,
            int maxLine) {
        this.pattern = pattern;
        this.format = format;
        this.skipsOtherFormats = skipsOtherFormats;
        this.isOneFile = pattern.isOneFile();
        this.intervalMillis = intervalMillis;
        this.maxLine = maxLine;
    }

    boolean isWatched() {
        return intervalMillis > 0;
    }

    long intervalMillis() {
        return intervalMillis;
    }

    /** The files to read that exist now. */
    List<FilePattern.ListedFile> list() {
        if (isOneFile && isWatched() && !Files.exists(Path.of(pattern.root()))) {
            return List.of(); // it is being replaced
        }
        return pattern.list().stream()
                .filter(file -> !skipsOtherFormats || FileFormat.of(file.name()) == format)
                .toList();
    }

    @Override
    public Boundedness getBoundedness() {
        return isWatched() ? Boundedness.CONTINUOUS_UNBOUNDED : Boundedness.BOUNDED;
    }

    @Override
    public SourceReader<SourceRecord, FileSplit> createReader(SourceReaderContext context) {
        return new LineSourceReader(
                () -> new LineSplitReader(format, maxLine, isWatched()), context);
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
