package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.LocalPath;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;

/**
 * {@code lucene:DIR?text=true|false}: an embedded Lucene index in a directory (see {@link
 * LocalPath}). {@code text} (true by default) says whether the documents' texts are stored, so that
 * a hit can show them. See the package description for what the index holds and promises.
 */
public final class LuceneConnector implements Connector {

    @Override
    public String scheme() {
        return "lucene";
    }

    @Override
    public String usage() {
        return "lucene:DIR?text=true|false is a target, and can be searched and copied from";
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        uri.allowOptions("text").allowProperties();
        return new LuceneSink(LocalPath.of(uri), uri.flag("text", true));
    }

    /** Opens the newest commit; the index follows later commits by itself. */
    @Override
    public SearchIndex index(ConnectorUri uri) {
        uri.allowOptions("text").allowProperties();
        return LuceneIndex.open(LocalPath.of(uri));
    }

    @Override
    public VectorSource vectors(ConnectorUri uri) {
        uri.allowOptions("text").allowProperties();
        return LuceneVectors.newest(LocalPath.of(uri));
    }
}
