package io.github.flinksplade.connector.opensearch;

import java.nio.file.Path;

/** A node in a separate process, for tests of other modules that kill it. */
public final class OpenSearchProcess {

    private OpenSearchProcess() {}

    /**
     * Runs until it is killed.
     *
     * @param arguments folder and port
     */
    @SuppressWarnings("resource") // ends with the process
    public static void main(String[] arguments) throws Exception {
        new OpenSearchNode(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        Thread.currentThread().join();
    }
}
