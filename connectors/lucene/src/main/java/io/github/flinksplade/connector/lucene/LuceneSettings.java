package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.LocalPath;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * The settings of a {@code lucene:} URI.
 *
 * @param directory absolute path of the index, as text because a {@link Path} is not serializable
 * @param storesText whether the documents' texts are stored
 * @param bm25 how the words of the texts are indexed
 */
record LuceneSettings(String directory, boolean storesText, Bm25 bm25) implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final ConnectorOption<Boolean> TEXT =
            ConnectorOption.flag("text", true, "store the text, which `search` shows with a hit");

    private static final ConnectorOption<Bm25> BM25 =
            ConnectorOption.choice(
                    "bm25",
                    Bm25.class,
                    Bm25.NONE,
                    "index the words of the text for `search --hybrid`: `english` with stems and"
                            + " without stop words, `standard` for other languages");

    static final List<ConnectorOption<?>> OPTIONS = List.of(TEXT, BM25);

    static LuceneSettings of(ConnectorUri uri) {
        uri.allowOptions(OPTIONS).allowProperties();
        return new LuceneSettings(LocalPath.of(uri).toString(), TEXT.get(uri), BM25.get(uri));
    }

    Path path() {
        return Path.of(directory);
    }
}
