package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.LocalPath;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import java.util.List;

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
    public List<ConnectorOption<?>> sinkOptions() {
        return LuceneSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new LuceneSink(LuceneSettings.of(uri));
    }

    /** Opens the newest commit; the index follows later commits by itself. */
    @Override
    public SearchIndex index(ConnectorUri uri) {
        return LuceneIndex.open(LuceneSettings.of(uri).path());
    }

    @Override
    public VectorSource vectors(ConnectorUri uri) {
        return LuceneVectors.newest(LuceneSettings.of(uri).path());
    }
}
