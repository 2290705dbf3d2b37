package io.github.flinksplade.connector.qdrant;

import io.grpc.InsecureServerCredentials;

/** The stand-in in a separate process, for tests of other modules. */
public final class QdrantProcess {

    private QdrantProcess() {}

    /**
     * Runs until it is killed.
     *
     * @param arguments the port, and optionally the duration of writes in milliseconds
     */
    @SuppressWarnings("resource") // ends with the process
    public static void main(String[] arguments) throws Exception {
        QdrantStandIn standIn =
                new QdrantStandIn(
                        "1.16.0",
                        null,
                        InsecureServerCredentials.create(),
                        Integer.parseInt(arguments[0]));
        if (arguments.length > 1) {
            standIn.delayWrites(Long.parseLong(arguments[1]));
        }
        Thread.currentThread().join();
    }
}
