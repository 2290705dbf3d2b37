package io.github.flinksplade.connector.qdrant;

import io.grpc.InsecureServerCredentials;

/** The stand-in in a process of its own, for tests of other modules. */
public final class QdrantProcess {

    private QdrantProcess() {}

    /**
     * Serves until it is killed.
     *
     * @param arguments the port
     */
    @SuppressWarnings("resource") // ends with the process
    public static void main(String[] arguments) throws Exception {
        new QdrantStandIn(
                "1.16.0", null, InsecureServerCredentials.create(), Integer.parseInt(arguments[0]));
        Thread.currentThread().join();
    }
}
