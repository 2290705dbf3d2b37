package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.connector.source.Source;

/** Reads documents from the lines of files; see the package description. */
final class FilesDocuments implements DocumentSource {

    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(1);

    /** Values of the option {@code format}. */
    private enum Format {
        AUTO,
        JSON,
        TSV,
        TEXT
    }

    private static final ConnectorOption<Format> FORMAT =
            ConnectorOption.choice(
                    "format",
                    Format.class,
                    Format.AUTO,
                    "`json` (`.jsonl`, `.ndjson`, `.json`); `tsv` (`id<TAB>text`, `.tsv`); `text`"
                            + " (`.txt`: one document per line, whose id is `<file name>:<line"
                            + " number>`); `auto` decides by the file name");
    private static final ConnectorOption<Boolean> WATCH =
            ConnectorOption.flag(
                    "watch",
                    false,
                    "run without end: list the file, folder or pattern repeatedly, read new files,"
                            + " and read a file again from its start after it was replaced or"
                            + " written to");
    private static final ConnectorOption<Duration> INTERVAL =
            ConnectorOption.duration(
                            "interval",
                            null,
                            Duration.ofMillis(1),
                            Duration.ofDays(1),
                            "time between two listings with `watch=true`")
                    .withDefaultText(Quantities.format(DEFAULT_INTERVAL));
    private static final ConnectorOption<Long> MAX_LINE =
            ConnectorOption.size(
                    "max-line",
                    16 << 20,
                    1,
                    1 << 30,
                    "max size of a line; a longer one goes to the dead-letter queue");

    static final List<ConnectorOption<?>> OPTIONS = List.of(FORMAT, WATCH, INTERVAL, MAX_LINE);

    private final ConnectorUri uri;
    private final FilePattern pattern;
    private final Format format;
    private final long intervalMillis;
    private final int maxLine;

    FilesDocuments(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
        this.uri = uri;
        this.format = FORMAT.get(uri);
        this.intervalMillis = intervalMillis(uri);
        this.maxLine = MAX_LINE.get(uri).intValue();
        this.pattern = FilePattern.of(uri);
    }

    private static long intervalMillis(ConnectorUri uri) {
        Duration interval = INTERVAL.get(uri);
        if (!WATCH.get(uri)) {
            if (interval != null) {
                throw new ConnectorException(
                        INTERVAL.name()
                                + "="
                                + uri.option(INTERVAL.name())
                                + " in "
                                + uri
                                + " requires "
                                + WATCH.name()
                                + "=true");
            }
            return 0;
        }
        return (interval == null ? DEFAULT_INTERVAL : interval).toMillis();
    }

    @Override
    public String identity() {
        return "file:" + pattern.location();
    }

    @Override
    public void check() {
        List<FilePattern.ListedFile> files = pattern.list();
        for (FilePattern.ListedFile file : files) {
            if (!Files.isReadable(Path.of(file.path()))) {
                throw new ConnectorException("cannot read " + file.path() + ": permission denied");
            }
        }
        format(files);
    }

    @Override
    public RecordFormat format() {
        return format(pattern.list()).records();
    }

    private FileFormat format(List<FilePattern.ListedFile> files) {
        if (files.isEmpty() && intervalMillis == 0) {
            throw new ConnectorException(
                    (pattern.glob() == null
                                    ? "no file in " + pattern.root()
                                    : "no file matches " + uri)
                            + " (names that start with . or _ are ignored)");
        }
        return switch (format) {
            case JSON -> FileFormat.JSON;
            case TSV -> FileFormat.TSV;
            case TEXT -> FileFormat.TEXT;
            case AUTO -> formatByNames(files);
        };
    }

    private FileFormat formatByNames(List<FilePattern.ListedFile> files) {
        if (files.isEmpty()) {
            throw new ConnectorException(
                    "there is no file yet from which the format of "
                            + uri
                            + " can be detected. Add format=json, format=tsv or format=text");
        }
        FilePattern.ListedFile first = files.get(0);
        for (FilePattern.ListedFile file : files) {
            if (FileFormat.of(file.name()) == null) {
                throw new ConnectorException(
                        "cannot detect the format of "
                                + file.path()
                                + " from its name. Add format=json, format=tsv or format=text"
                                + (files.size() > 1 ? ", or select files with a pattern" : ""));
            }
            if (FileFormat.of(file.name()) != FileFormat.of(first.name())) {
                throw new ConnectorException(
                        uri
                                + " mixes formats: "
                                + first.name()
                                + " and "
                                + file.name()
                                + ". Add format=, or select files with a pattern");
            }
        }
        return FileFormat.of(first.name());
    }

    @Override
    public Source<SourceRecord, ?, ?> source() {
        return new LineSource(
                pattern,
                format(pattern.list()),
                format == Format.AUTO && intervalMillis > 0,
                intervalMillis,
                maxLine);
    }
}
