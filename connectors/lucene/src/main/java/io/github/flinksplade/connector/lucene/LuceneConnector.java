package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.Target;
import io.github.flinksplade.connector.VectorSource;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * {@code lucene:DIR?text=true|false}: an embedded Lucene index in a directory, relative to the
 * working directory or absolute. {@code text} (true by default) says whether the documents' texts
 * are stored, so that a hit can show them. See the package description for what the index holds and
 * promises.
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
    public Target target(Address address) {
        address.allowOptions("text").allowProperties();
        return new LuceneTarget(directory(address), address.flag("text", true));
    }

    /** Opens the newest commit; the index follows later commits by itself. */
    @Override
    public SearchIndex index(Address address) {
        address.allowOptions("text").allowProperties();
        return LuceneIndex.open(directory(address));
    }

    @Override
    public VectorSource vectors(Address address) {
        address.allowOptions("text").allowProperties();
        return LuceneVectors.newest(directory(address));
    }

    private static Path directory(Address address) {
        try {
            return Path.of(address.place()).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ConnectorException(
                    "'" + address.place() + "' in " + address + " is not a path: " + e.getReason(),
                    e);
        }
    }
}
