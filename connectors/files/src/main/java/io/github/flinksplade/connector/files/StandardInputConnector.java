package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DocumentSource;
import java.util.List;

/** Reads documents from standard input; see the package description. */
public final class StandardInputConnector implements Connector {

    @Override
    public String scheme() {
        return "stdin";
    }

    @Override
    public String usage() {
        return "- reads standard input, as JSON or with -?format= as CSV, TSV or text; local runs"
                + " only";
    }

    @Override
    public List<ConnectorOption<?>> sourceOptions() {
        return StandardInputDocuments.OPTIONS;
    }

    @Override
    public DocumentSource source(ConnectorUri uri) {
        return new StandardInputDocuments(uri.allowProperties());
    }
}
