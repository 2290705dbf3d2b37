package io.github.flinksplade.connector.qdrant;

import io.qdrant.client.grpc.Common.Condition;
import io.qdrant.client.grpc.Points.PointStruct;

/**
 * A change as it is sent.
 *
 * @param point the point to write, or null to delete it
 * @param condition matches the stored point with this id if it is not newer than the change, so
 *     that it is replaced or deleted
 */
record QdrantChange(PointStruct point, Condition condition) {

    /** Tags and lengths of both in a request. */
    private static final int FRAME_BYTES = 16;

    boolean isDelete() {
        return point == null;
    }

    long sizeInBytes() {
        return FRAME_BYTES
                + condition.getSerializedSize()
                + (isDelete() ? 0 : point.getSerializedSize());
    }
}
