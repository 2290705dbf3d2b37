package io.github.flinksplade.app.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.UserException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.junit.jupiter.api.Test;

class ClusterJobTest {

    private static final String CLAIM_MODE = StateRecoveryOptions.RESTORE_MODE.key();

    @Test
    void claimsTheCheckpointOfTheImageUnlessConfiguredOtherwise() {
        UnaryOperator<String> image = Map.of("FLINK_SPLADE_CLAIM_CHECKPOINT", "true")::get;
        assertThat(claimMode(name -> null)).isNull();
        assertThat(claimMode(image)).isEqualTo(RecoveryClaimMode.CLAIM);
        assertThat(claimMode(image, Map.of(CLAIM_MODE, "NO_CLAIM")))
                .isEqualTo(RecoveryClaimMode.NO_CLAIM);
    }

    @Test
    void rejectsCheckpointsThatTheImageWouldNotFind() {
        Map<String, String> flink = Map.of("execution.checkpointing.dir", "file:///other");
        claimMode(name -> null, flink);
        claimMode(searching("file:///other"), flink);
        claimMode(searching("file:///checkpoints"), Map.of());
        assertThatThrownBy(() -> claimMode(searching("file:///checkpoints"), flink))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("(file:///other)")
                .hasMessageContaining("(file:///checkpoints)")
                .hasMessageContaining("FLINK_PROPERTIES");
        assertThatThrownBy(() -> claimMode(searching(""), flink)).hasMessageContaining("(none)");
    }

    private static UnaryOperator<String> searching(String directory) {
        return Map.of(ClusterJob.SEARCHED_CHECKPOINTS, directory)::get;
    }

    private static RecoveryClaimMode claimMode(UnaryOperator<String> environment) {
        return claimMode(environment, Map.of());
    }

    private static RecoveryClaimMode claimMode(
            UnaryOperator<String> environment, Map<String, String> flink) {
        Map<String, Given> given = new HashMap<>();
        given.put("from", Given.of("in the test", "file:docs.jsonl"));
        given.put("to", Given.of("in the test", "file:vectors"));
        given.put("flink", Given.of("in the test", flink));
        Configuration configuration =
                ClusterJob.configuration(JobSettings.of(given, Set.of("file")), environment);
        return configuration.getOptional(StateRecoveryOptions.RESTORE_MODE).orElse(null);
    }
}
