package io.github.flinksplade.connector.opensearch;

import java.nio.file.Path;

/**
 * A node in a separate process, for tests of other modules that kill it, and for releases that
 * require another Java.
 */
public final class OpenSearchProcess {

    private OpenSearchProcess() {}

    /**
     * Prints the URL of the node when it is ready, and runs until it is killed.
     *
     * @param arguments folder and port
     */
    @SuppressWarnings("resource") // ends with the process
    public static void main(String[] arguments) throws Exception {
        OpenSearchNode node =
                new OpenSearchNode(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        System.out.println(node.url());
        Thread.currentThread().join();
    }
}
