package io.github.flinksplade.connector.qdrant;

/** The contract with {@code tombstones=true}. */
class QdrantTombstonesITCase extends QdrantContractITCase {

    @Override
    String options() {
        return "tombstones=true";
    }

    @Override
    public boolean remembersDeletes() {
        return true;
    }
}
