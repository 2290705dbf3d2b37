package io.github.flinksplade.app.local;

import java.util.concurrent.Executor;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.runtime.checkpoint.CheckpointIDCounter;
import org.apache.flink.runtime.checkpoint.CheckpointRecoveryFactory;
import org.apache.flink.runtime.checkpoint.CheckpointsCleaner;
import org.apache.flink.runtime.checkpoint.CompletedCheckpointStore;
import org.apache.flink.runtime.checkpoint.StandaloneCheckpointIDCounter;
import org.apache.flink.runtime.checkpoint.StandaloneCompletedCheckpointStore;
import org.apache.flink.runtime.highavailability.HighAvailabilityServices;
import org.apache.flink.runtime.highavailability.nonha.embedded.EmbeddedHaServices;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.state.SharedStateRegistryFactory;

/**
 * Retains the last checkpoints of a finished job, as for a canceled one. Flink discards them even
 * if they are to be retained; the next run needs them to skip unchanged documents.
 */
@SuppressWarnings("try") // the superclass throws InterruptedException in close()
final class RetainingHighAvailability extends EmbeddedHaServices {

    /**
     * Two, because a checkpoint taken after the first tasks have finished does not contain their
     * state; see {@link StateDirectory#newestCheckpoint}.
     */
    static final int RETAINED_CHECKPOINTS = 2;

    private RetainingHighAvailability(Executor executor) {
        super(executor);
    }

    /** A MiniCluster that retains the last checkpoints of a finished job. */
    static MiniCluster cluster(MiniClusterConfiguration configuration) {
        return new MiniCluster(configuration) {
            @Override
            protected HighAvailabilityServices createHighAvailabilityServices(
                    Configuration flink, Executor executor) {
                return new RetainingHighAvailability(executor);
            }
        };
    }

    @Override
    public CheckpointRecoveryFactory getCheckpointRecoveryFactory() {
        return new CheckpointRecoveryFactory() {
            @Override
            public CompletedCheckpointStore createRecoveredCompletedCheckpointStore(
                    JobID job,
                    int retained,
                    SharedStateRegistryFactory registry,
                    Executor executor,
                    RecoveryClaimMode claimMode) {
                return new RetainingStore(retained, registry, executor, claimMode);
            }

            @Override
            public CheckpointIDCounter createCheckpointIDCounter(JobID job) {
                return new StandaloneCheckpointIDCounter();
            }
        };
    }

    private static final class RetainingStore extends StandaloneCompletedCheckpointStore {

        RetainingStore(
                int retained,
                SharedStateRegistryFactory registry,
                Executor executor,
                RecoveryClaimMode claimMode) {
            super(retained, registry, executor, claimMode);
        }

        @Override
        public void shutdown(JobStatus status, CheckpointsCleaner cleaner) throws Exception {
            super.shutdown(status == JobStatus.FINISHED ? JobStatus.CANCELED : status, cleaner);
        }
    }
}
