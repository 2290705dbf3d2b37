package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.connector.source.Source;

/** Reads documents from files; see the package description. */
class FilesDocuments implements DocumentSource {

    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(1);

    /** Values of the option {@code format}. */
    enum Format {
        AUTO,
        JSON,
        CSV,
        TSV,
        TEXT,
        FILE
    }

    private static final ConnectorOption<Format> FORMAT =
            ConnectorOption.choice(
                    "format",
                    Format.class,
                    Format.AUTO,
                    "`json` (`.jsonl`, `.ndjson`, `.json`): JSON lines, objects that span lines,"
                            + " or one array of objects; `csv` (`.csv`); `tsv` (`.tsv`):"
                            + " `id<TAB>text`, or cells under a header; `text` (`.txt`): one"
                            + " document per line, whose id is `<file name>:<line number>`; `file`"
                            + " (`.md`, `.markdown`, `.html`, `.htm`): one document per file,"
                            + " including `.txt` and subfolders; `auto` decides by the file name");
    private static final ConnectorOption<Boolean> HEADER =
            ConnectorOption.flag(
                            "header",
                            false,
                            "of `csv` and `tsv`: whether the first row contains the names of the"
                                    + " fields; without it they are `c1`, `c2` and so on, and a"
                                    + " `tsv` has lines of `id<TAB>text`")
                    .withDefaultText("true for `csv`, false for `tsv`");
    private static final ConnectorOption<String> DELIMITER =
            ConnectorOption.text(
                            "delimiter",
                            "a character, tab",
                            ",",
                            "of `csv`: the character between cells; write `tab` for a tab, and"
                                    + " `%26` for `&`",
                            FilesDocuments::delimiter)
                    .withDefaultText("`,`");
    private static final ConnectorOption<Boolean> QUOTES =
            ConnectorOption.flag(
                    "quotes",
                    true,
                    "of `csv`, and `tsv` with a header: whether a cell that starts with a"
                            + " quotation mark is quoted, so that it may contain delimiters, line"
                            + " feeds and doubled quotation marks");
    private static final ConnectorOption<String> CHARSET =
            ConnectorOption.text(
                    "charset",
                    "a name",
                    "UTF-8",
                    "the encoding of files without a byte order mark, such as `windows-1252`; with"
                            + " `format=file`, of pages that do not declare one",
                    FileCharset::validated);
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
                    "max size of a record (a line, an object, a row of cells or a file); a larger"
                            + " one goes to the dead-letter queue");

    static final List<ConnectorOption<?>> OPTIONS =
            List.of(FORMAT, HEADER, DELIMITER, QUOTES, CHARSET, WATCH, INTERVAL, MAX_LINE);

    /** The options of one file whose format is known. */
    static final List<ConnectorOption<?>> ONE_FILE_OPTIONS =
            List.of(HEADER, DELIMITER, QUOTES, CHARSET, MAX_LINE);

    private final ConnectorUri uri;
    private final FilePattern pattern;
    private final Format format;
    private final long intervalMillis;
    private final boolean hasHeader;
    private final boolean hasQuotes;
    private final String delimiter;
    private final String charset;
    private final int maxLine;

    FilesDocuments(ConnectorUri uri) {
        this(uri.allowOptions(OPTIONS), FORMAT.get(uri));
    }

    FilesDocuments(ConnectorUri uri, Format format) {
        this(uri, format, intervalMillis(uri));
    }

    private FilesDocuments(ConnectorUri uri, Format format, long intervalMillis) {
        this.uri = uri;
        this.format = format;
        this.intervalMillis = intervalMillis;
        this.hasHeader = HEADER.get(uri);
        this.hasQuotes = QUOTES.get(uri);
        this.delimiter = DELIMITER.get(uri);
        this.charset = CHARSET.get(uri);
        this.maxLine = MAX_LINE.get(uri).intValue();
        this.pattern = FilePattern.of(uri);
    }

    private static String delimiter(String text) {
        if (text.equals("tab")) {
            return "\t";
        }
        boolean isOneCharacter = text.codePointCount(0, text.length()) == 1;
        if (!isOneCharacter || "\"\r\n".contains(text)) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is not a delimiter. Write one character other than a quotation"
                            + " mark, or tab");
        }
        return text;
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
        return pattern.mayBeMissing() ? pattern.location() : "file:" + pattern.location();
    }

    @Override
    public void check() {
        List<FilePattern.ListedFile> files = list(pattern);
        ReadSettings settings = settings(files);
        if (settings.format() == FileFormat.FILE) {
            files = list(pattern.withSubfolders());
        }
        for (FilePattern.ListedFile file : files) {
            if (!pattern.storage().isReadable(file.path())) {
                throw new ConnectorException("cannot read " + file.path() + ": permission denied");
            }
        }
        if (settings.hasHeader() && !files.isEmpty()) {
            checkHeader(settings, files.get(0).path());
        }
        if (settings.format() == FileFormat.FILE && intervalMillis == 0 && !pattern.isOneFile()) {
            requireDocuments(files);
        }
    }

    /** The headers of the other files are checked when they are read. */
    private static void checkHeader(ReadSettings settings, String path) {
        try {
            byte[] header = settings.headerRow(path);
            if (header == null) {
                throw new ConnectorException(
                        path + " is empty: it has no header. Add header=false if it needs none");
            }
            new CsvDecoder(settings.dialect()).names(header);
        } catch (InvalidRecordException e) {
            throw new ConnectorException("cannot read " + path + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw FileSplitReader.failure(path, e, false);
        }
    }

    private void requireDocuments(List<FilePattern.ListedFile> files) {
        if (files.stream().noneMatch(file -> DocumentType.ofSuffix(file.name()) != null)) {
            throw new ConnectorException(
                    "no file of "
                            + uri
                            + " has a name that ends with .txt, .md, .markdown, .html or .htm");
        }
    }

    @Override
    public DocumentSource bounded() {
        return intervalMillis == 0 ? this : new FilesDocuments(uri, format, 0);
    }

    @Override
    public RecordFormat format() {
        return settings(list(pattern)).records();
    }

    /** The current files; none if they are watched and their folder may be created later. */
    private List<FilePattern.ListedFile> list(FilePattern listed) {
        return intervalMillis > 0 && listed.mayBeMissing() && listed.isMissing()
                ? List.of()
                : listed.list();
    }

    private ReadSettings settings(List<FilePattern.ListedFile> files) {
        FileFormat resolved = format(files);
        boolean isCsv = resolved == FileFormat.CSV;
        boolean isTsv = resolved == FileFormat.TSV;
        boolean isHeaderSet = uri.option(HEADER.name()) != null;
        CsvDialect dialect =
                new CsvDialect(
                        isTsv ? "\t" : delimiter, isHeaderSet ? hasHeader : isCsv, hasQuotes);
        ReadSettings settings = new ReadSettings(resolved, dialect, charset, maxLine);
        if (isHeaderSet && !isCsv && !isTsv) {
            throw notApplicable(HEADER, "csv or tsv");
        }
        if (uri.option(DELIMITER.name()) != null && !isCsv) {
            throw notApplicable(DELIMITER, "csv");
        }
        if (uri.option(QUOTES.name()) != null && !settings.isTable()) {
            throw notApplicable(QUOTES, "csv, or tsv with header=true");
        }
        return settings;
    }

    private ConnectorException notApplicable(ConnectorOption<?> option, String formats) {
        return new ConnectorException(
                option.name()
                        + "="
                        + uri.option(option.name())
                        + " in "
                        + uri
                        + " requires format="
                        + formats);
    }

    private FileFormat format(List<FilePattern.ListedFile> files) {
        if (files.isEmpty() && intervalMillis == 0 && format != Format.FILE) {
            throw new ConnectorException(
                    (pattern.glob() == null
                                    ? "no file in " + pattern.root()
                                    : "no file matches " + uri)
                            + " (names that start with . or _ are ignored)");
        }
        return switch (format) {
            case JSON -> FileFormat.JSON;
            case CSV -> FileFormat.CSV;
            case TSV -> FileFormat.TSV;
            case TEXT -> FileFormat.TEXT;
            case FILE -> FileFormat.FILE;
            case AUTO -> formatByNames(files);
        };
    }

    private FileFormat formatByNames(List<FilePattern.ListedFile> files) {
        if (files.isEmpty()) {
            throw new ConnectorException(
                    "there is no file yet from which the format of "
                            + uri
                            + " can be detected. Add format=json, or another format");
        }
        FilePattern.ListedFile first = files.get(0);
        for (FilePattern.ListedFile file : files) {
            if (FileFormat.of(file.name()) == null) {
                throw new ConnectorException(
                        "cannot detect the format of "
                                + file.path()
                                + " from its name. Add format=json, csv, tsv, text or file"
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
        ReadSettings settings = settings(list(pattern));
        return new FilesSource(
                settings.format() == FileFormat.FILE ? pattern.withSubfolders() : pattern,
                settings,
                format == Format.AUTO && intervalMillis > 0,
                intervalMillis);
    }
}
