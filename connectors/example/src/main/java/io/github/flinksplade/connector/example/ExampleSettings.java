package io.github.flinksplade.connector.example;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.LocalPath;
import java.io.Serializable;
import java.util.List;

/**
 * The settings in a URI.
 *
 * @param folder absolute, normalized path
 * @param text whether the text is stored
 * @param batching size of batches
 */
record ExampleSettings(String folder, boolean text, BatchOptions batching) implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final BatchOptions BATCHING = BatchOptions.of(100, 1 << 20, 2);
    private static final int MAX_RECORDS = 1_000;
    private static final long MAX_BYTES = 16 << 20;

    private static final ConnectorOption<Boolean> TEXT =
            ConnectorOption.flag("text", true, "store the text");

    static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(List.of(TEXT), MAX_RECORDS, MAX_BYTES);

    static ExampleSettings of(ConnectorUri uri) {
        uri.allowOptions(OPTIONS).allowProperties();
        return new ExampleSettings(
                LocalPath.of(uri).toString(),
                TEXT.get(uri),
                BATCHING.with(uri, MAX_RECORDS, MAX_BYTES));
    }
}
