package io.github.flinksplade.connector.opensearch;

import java.util.Locale;

/** The type of the field {@code vector} in the index's mapping. */
enum FieldType {
    RANK_FEATURES,
    SPARSE_VECTOR;

    String typeName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
