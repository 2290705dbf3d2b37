package io.github.flinksplade.connector.example;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.VectorSink;
import java.util.List;

/** {@code example:FOLDER}: each document in its own file. */
public final class ExampleConnector implements Connector {

    @Override
    public String scheme() {
        return "example";
    }

    @Override
    public String usage() {
        return "example:FOLDER?text=true|false is a sink";
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return ExampleSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new ExampleSink(ExampleSettings.of(uri));
    }
}
