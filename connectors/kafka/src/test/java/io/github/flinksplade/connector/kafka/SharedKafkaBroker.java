package io.github.flinksplade.connector.kafka;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/**
 * One broker for all test classes of the module, started on first use and closed after the last
 * class. Each class uses its own topic names.
 */
final class SharedKafkaBroker implements BeforeAllCallback {

    private record Resource(KafkaBroker broker) implements Store.CloseableResource {

        @Override
        public void close() {
            broker.close();
        }
    }

    private Store store;

    @Override
    public void beforeAll(ExtensionContext context) {
        store = context.getRoot().getStore(Namespace.create(SharedKafkaBroker.class));
    }

    KafkaBroker broker() {
        return store.getOrComputeIfAbsent(
                        KafkaBroker.class, key -> new Resource(KafkaBroker.start()), Resource.class)
                .broker();
    }
}
