package io.github.flinksplade.connector.opensearch;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/** A real OpenSearch node in this process. */
final class OpenSearchNode implements AutoCloseable {

    private final OpenSearchRunner runner = new OpenSearchRunner();
    private final String url;

    OpenSearchNode(Path folder) throws IOException {
        this(folder, freePort());
    }

    static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    /** Starts with the data in the folder. */
    OpenSearchNode(Path folder, int port) {
        runner.onBuild(
                (number, settings) -> {
                    settings.put("discovery.type", "single-node");
                    settings.put("network.host", "127.0.0.1");
                    settings.put("http.port", port);
                    settings.putList("node.roles", "cluster_manager", "data", "ingest");
                    // the disk of a build machine may be fuller than the default watermarks allow
                    settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
                });
        runner.build(
                OpenSearchRunner.newConfigs()
                        .numOfNode(1)
                        .basePath(folder.toString())
                        .clusterName("contract")
                        .disableESLogger()
                        .useLogger());
        runner.ensureYellow();
        url = "http://127.0.0.1:" + port;
    }

    String url() {
        return url;
    }

    @Override
    public void close() throws IOException {
        runner.close();
    }
}
