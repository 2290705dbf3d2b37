package io.github.flinksplade.app;

import io.github.flinksplade.app.cluster.ClusterJob;
import io.github.flinksplade.app.console.UserException;
import java.nio.file.Path;

/**
 * The main class for a Flink cluster: {@code flink run -c io.github.flinksplade.app.SpladeJobMain
 * flink-splade-job.jar job.yaml}.
 */
public final class SpladeJobMain {

    private SpladeJobMain() {}

    /**
     * Submits the job of a configuration file.
     *
     * @param args the path of the file
     */
    public static void main(String[] args) throws Exception {
        ProcessDefaults.apply();
        if (args.length != 1) {
            throw new UserException(
                    "one argument is required: the job's configuration file, such as job.yaml");
        }
        ClusterJob.execute(Path.of(args[0]), System::getenv);
    }
}
