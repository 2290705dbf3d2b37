package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Decodes a file that is one document to its {@code text} and, if it has one, its {@code title}.
 * The name of the file, which is the record's key, implies its type.
 */
final class DocumentFileDecoder implements RecordDecoder {

    private static final long serialVersionUID = 1L;

    private final String charset;

    /**
     * @param charset of files without a byte order mark, or for pages, without a declaration
     */
    DocumentFileDecoder(String charset) {
        this.charset = charset;
    }

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        DocumentType type = DocumentType.of(TextDecoder.utf8(record.key(), "the name of the file"));
        String text;
        String title = null;
        if (type == DocumentType.HTML) {
            HtmlPage page =
                    HtmlPage.parse(FileCharset.decode(bytes, HtmlCharset.of(bytes, charset)));
            text = page.text();
            title = page.title();
        } else {
            text = FileCharset.decode(bytes, FileCharset.of(bytes, charset));
            if (type == DocumentType.MARKDOWN) {
                title = MarkdownTitle.of(text);
            }
        }
        if (text.isBlank()) {
            throw new InvalidRecordException(Reason.TEXT, "the file contains no text", null);
        }
        Map<String, JsonValue> fields = new LinkedHashMap<>();
        fields.put("text", new JsonString(text));
        if (title != null) {
            fields.put("title", new JsonString(title));
        }
        return new JsonObject(fields);
    }
}
