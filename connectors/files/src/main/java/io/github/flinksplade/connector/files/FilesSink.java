package io.github.flinksplade.connector.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.LocalPath;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorJson.Form;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.api.common.serialization.Encoder;
import org.apache.flink.api.connector.sink2.Sink;

/** Writes vectors as JSON lines to the part files of a folder; see the package description. */
final class FilesSink implements VectorSink {

    private static final long serialVersionUID = 1L;

    /**
     * Lucene's max term length in bytes. Anserini's indexer stops reading a file at a document with
     * a longer id, and reports success.
     */
    private static final int MAX_ANSERINI_ID_BYTES = 32_766;

    private static final ConnectorOption<Form> FORMAT =
            ConnectorOption.choice(
                    "format",
                    Form.class,
                    Form.INDICES,
                    Map.of("hybrid", Form.INDICES),
                    "`indices`: `{\"id\",\"version\",\"indices\",\"values\",...}`, indices ascending,"
                            + " weights unrounded; `lucene`: `\"vector\":{term: weight}`, rounded"
                            + " to 2 decimals, highest first; `anserini`:"
                            + " `{\"id\",\"contents\",\"vector\":{term:"
                            + " integer},\"version\",\"encoder\"}`, weights times 100, for a corpus"
                            + " that is indexed once");
    private static final ConnectorOption<Boolean> TEXT =
            ConnectorOption.flag("text", false, "write the text, too");
    private static final ConnectorOption<Boolean> APPEND =
            ConnectorOption.flag(
                    "append",
                    false,
                    "write next to the parts of an earlier run, which is rejected otherwise");

    static final List<ConnectorOption<?>> OPTIONS = List.of(FORMAT, TEXT, APPEND);

    private final ConnectorUri uri;
    private final String folder;
    private final Form form;
    private final boolean writesText;
    private final boolean appends;

    FilesSink(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
        this.uri = uri;
        this.folder = LocalPath.of(uri).toString();
        this.form = FORMAT.get(uri);
        this.writesText = TEXT.get(uri);
        this.appends = APPEND.get(uri);
        if (form == Form.ANSERINI && uri.option(TEXT.name()) != null) {
            throw new ConnectorException(
                    TEXT.name()
                            + "= in "
                            + uri
                            + ": format=anserini always contains the text. Remove the option");
        }
    }

    @Override
    public String identity() {
        return "file:" + folder;
    }

    @Override
    public PreparedSink prepare(SinkContext context, StartMode start) {
        createOrCheck(context, start);
        return new PreparedFolder(
                folder,
                form,
                new VectorJson(form, writesText, context.provenance(), context.vocabulary()),
                context.jobId());
    }

    private void createOrCheck(SinkContext context, StartMode start) {
        Path path = Path.of(folder);
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new ConnectorException(
                    folder
                            + " is a file, but "
                            + uri
                            + " is written as a folder of part files. Use another path, or remove"
                            + " the file");
        }
        if (!Files.exists(path)) {
            start.requireMayCreate("the folder " + folder);
        }
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new ConnectorException(
                    "cannot create the folder " + folder + ": " + FilePattern.reason(e), e);
        }
        if (!Files.isWritable(path)) {
            throw new ConnectorException("cannot write to " + folder + ": permission denied");
        }
        List<Path> parts = parts(path);
        if (parts.isEmpty()) {
            return;
        }
        if (start == StartMode.NEW && !appends) {
            throw new ConnectorException(
                    folder
                            + " contains the vectors of an earlier run. Use another path, remove"
                            + " the folder, resume with the --state of that run, or write next to"
                            + " them with "
                            + uri
                            + (uri.toString().contains("?") ? "&" : "?")
                            + APPEND.name()
                            + "=true");
        }
        requireSameEncoder(parts.get(0), context);
    }

    private static List<Path> parts(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file ->
                                    file.getFileName()
                                                    .toString()
                                                    .startsWith(PartFileSink.PREFIX + "-")
                                            && file.getFileName()
                                                    .toString()
                                                    .endsWith(PartFileSink.SUFFIX))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ConnectorException("cannot list " + folder + ": " + FilePattern.reason(e), e);
        }
    }

    /** The first line with an encoder must have this one. Deletes have none. */
    private void requireSameEncoder(Path part, SinkContext context) {
        ObjectMapper mapper = new ObjectMapper();
        String fingerprint = context.provenance().fingerprint();
        try (BufferedReader lines = Files.newBufferedReader(part)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode existing = mapper.readTree(line).path("encoder");
                if (existing.isTextual()
                        && !existing.textValue().equals(fingerprint)
                        && !context.allowMixedModels()) {
                    throw new ConnectorException(
                            folder
                                    + " contains vectors of another encoder ("
                                    + existing.textValue()
                                    + ", this one is "
                                    + fingerprint
                                    + "). Use another path, remove the folder, or accept both with"
                                    + " --allow-mixed-models");
                }
                if (existing.isTextual()) {
                    return;
                }
            }
        } catch (JsonProcessingException e) {
            throw new ConnectorException(part + " is not a part file of flink-splade", e);
        } catch (IOException e) {
            throw new ConnectorException("cannot read " + part + ": " + FilePattern.reason(e), e);
        }
    }

    /** Writes part files to a folder. */
    private record PreparedFolder(String folder, Form form, VectorJson json, String jobId)
            implements FlinkSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            if (form != Form.ANSERINI) {
                return null;
            }
            if (record.isDelete()) {
                return "format=anserini does not support deletes";
            }
            int bytes = record.id().getBytes(StandardCharsets.UTF_8).length;
            return bytes > MAX_ANSERINI_ID_BYTES
                    ? "its id has "
                            + bytes
                            + " bytes, but Anserini accepts at most "
                            + MAX_ANSERINI_ID_BYTES
                    : null;
        }

        @Override
        public Sink<VectorRecord> sink() {
            return new PartFileSink(folder, json, jobId);
        }
    }

    /** Writes a record and a line feed. */
    record LineEncoder(String folder, VectorJson json) implements Encoder<VectorRecord> {

        @Override
        public void encode(VectorRecord record, OutputStream out) {
            byte[] bytes = json.bytes(record);
            byte[] line = Arrays.copyOf(bytes, bytes.length + 1);
            line[bytes.length] = '\n';
            try {
                out.write(line);
            } catch (IOException e) {
                throw new ConnectorException(
                        "cannot write to " + folder + ": " + FilePattern.reason(e), e);
            }
        }
    }
}
