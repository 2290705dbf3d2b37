package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import java.util.List;

/**
 * {@code lucene:DIR}: an embedded Lucene index in a directory (see {@link
 * io.github.flinksplade.connector.LocalPath}). See the package description for its content and
 * guarantees.
 */
public final class LuceneConnector implements Connector {

    @Override
    public String scheme() {
        return "lucene";
    }

    @Override
    public String usage() {
        return "lucene:DIR?text=true|false is a sink, and can be searched, verified and copied from";
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return LuceneSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new LuceneSink(LuceneSettings.of(uri));
    }

    /** Opens the newest commit, and each later commit when it is searched. */
    @Override
    public SearchIndex index(ConnectorUri uri) {
        return LuceneIndex.open(LuceneSettings.of(uri).path());
    }

    @Override
    public IndexedDocuments documents(ConnectorUri uri) {
        return LuceneDocuments.newest(LuceneSettings.of(uri).path());
    }

    @Override
    public VectorSource vectors(ConnectorUri uri) {
        return LuceneVectors.newest(LuceneSettings.of(uri).path());
    }
}
