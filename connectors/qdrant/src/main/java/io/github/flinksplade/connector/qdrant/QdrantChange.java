package io.github.flinksplade.connector.qdrant;

import io.qdrant.client.grpc.Common.Condition;
import io.qdrant.client.grpc.Points.PointStruct;

/**
 * One change as it is sent.
 *
 * @param point what is to be held, or null where the point is to be deleted
 * @param held true of the point with this id if it is not newer than the change: what is to be
 *     replaced or deleted
 */
record QdrantChange(PointStruct point, Condition held) {

    /** Tags and lengths of both in their request. */
    private static final int FRAMES = 16;

    boolean isDelete() {
        return point == null;
    }

    long sizeInBytes() {
        return FRAMES + held.getSerializedSize() + (isDelete() ? 0 : point.getSerializedSize());
    }
}
