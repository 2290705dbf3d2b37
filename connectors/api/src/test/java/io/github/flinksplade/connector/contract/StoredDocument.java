package io.github.flinksplade.connector.contract;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One document as a target stores it.
 *
 * @param indices ids of the terms, ascending
 * @param values weights
 * @param text the text, or null if the target does not store it
 * @param fields the other fields as a JSON object, or null if the target does not store them
 */
public record StoredDocument(int[] indices, float[] values, String text, String fields) {

    /** Parses a line in the format {@code indices}, with its text. */
    public static StoredDocument ofIndices(JsonNode vector) {
        int terms = vector.get("indices").size();
        int[] indices = new int[terms];
        float[] values = new float[terms];
        for (int i = 0; i < terms; i++) {
            indices[i] = vector.get("indices").get(i).intValue();
            values[i] = vector.get("values").get(i).floatValue();
        }
        String fields = vector.has("fields") ? vector.get("fields").toString() : "{}";
        return new StoredDocument(indices, values, vector.path("text").textValue(), fields);
    }
}
