package io.github.flinksplade.connector.contract;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * What every sink guarantees. A subclass describes the sink ({@link SinkUnderTest}); guarantees
 * that it does not provide are skipped with the reason, and are listed in the table of guarantees.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
public abstract class SinkContract
        implements DocumentsContract,
                OrderContract,
                ReplayContract,
                DeletesContract,
                PassagesContract,
                FailuresContract,
                OutagesContract,
                SearchContract,
                StartContract {}
