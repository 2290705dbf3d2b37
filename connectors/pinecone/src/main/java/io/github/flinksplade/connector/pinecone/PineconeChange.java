package io.github.flinksplade.connector.pinecone;

import com.google.protobuf.CodedOutputStream;
import io.pinecone.proto.Vector;

/**
 * A change as it is sent.
 *
 * @param vector the record to write, or null to delete the id
 * @param droppedTerms terms of the document beyond the max number of terms in a vector
 */
record PineconeChange(String id, Vector vector, int droppedTerms) {

    /** Field number and length of each record or id in a request. */
    private static final int FRAME_BYTES = 6;

    boolean isDelete() {
        return vector == null;
    }

    long sizeInBytes() {
        return FRAME_BYTES
                + (isDelete()
                        ? CodedOutputStream.computeStringSizeNoTag(id)
                        : vector.getSerializedSize());
    }
}
