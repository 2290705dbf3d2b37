package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.CONTEXT;
import static io.github.flinksplade.connector.contract.ContractSupport.assertOneSentence;
import static io.github.flinksplade.connector.contract.ContractSupport.sink;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetMissingException;
import org.junit.jupiter.api.Test;

/** Before a job writes, the target, its model and the credentials are checked. */
public interface StartContract extends SinkUnderTest {

    /** A recreated target would miss everything that the resumed job wrote before. */
    @Test
    default void recreatesMissingTargetOnlyOnReindex() throws Exception {
        ConnectorUri uri = fresh("missing");
        assertOneSentence(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME));
        assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME))
                .hasMessageContaining("--reindex");
        sink(uri).prepare(CONTEXT, StartMode.REINDEX);
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
    }

    /** For a dry run. */
    @Test
    default void checksWithoutCreatingTheTarget() throws Exception {
        ConnectorUri uri = fresh("checked");
        assertOneSentence(() -> sink(uri).prepare(CONTEXT, StartMode.CHECK));
        assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.CHECK))
                .isInstanceOf(TargetMissingException.class);
        assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME))
                .as("the target is still missing")
                .hasMessageContaining("--reindex");
        write(uri, Corpus.upsert("a", 1));
        sink(uri).prepare(CONTEXT, StartMode.CHECK);
        assertThatThrownBy(
                        () ->
                                sink(uri)
                                        .prepare(
                                                Corpus.context(Corpus.OTHER, false),
                                                StartMode.CHECK))
                .hasMessageContaining("--allow-mixed-models");
    }

    @Test
    default void rejectsWrongCredentials() throws Exception {
        ConnectorUri uri = withWrongCredentials(fresh("credentials"));
        assumeTrue(uri != null, "the target needs no credentials");
        assertOneSentence(() -> sink(uri).prepare(CONTEXT, StartMode.NEW));
    }

    @Test
    default void rejectsVectorsOfAnotherModel() throws Exception {
        ConnectorUri uri = fresh("models");
        write(uri, Corpus.upsert("a", 1));
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
        SinkContext other = Corpus.context(Corpus.OTHER, false);
        assertOneSentence(() -> sink(uri).prepare(other, StartMode.RESUME));
        assertThatThrownBy(() -> sink(uri).prepare(other, StartMode.RESUME))
                .hasMessageContaining("--allow-mixed-models");
        sink(uri).prepare(Corpus.context(Corpus.OTHER, true), StartMode.RESUME);
    }
}
