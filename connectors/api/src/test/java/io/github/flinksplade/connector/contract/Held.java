package io.github.flinksplade.connector.contract;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What a target holds of one document.
 *
 * @param indices ids of the terms, ascending
 * @param values weights
 * @param text the text, or null where the target does not keep it
 * @param fields the other fields as a JSON object, or null where the target does not keep them
 */
public record Held(int[] indices, float[] values, String text, String fields) {

    /** Of a line in the form {@code indices}, with its text. */
    public static Held ofIndices(JsonNode vector) {
        int terms = vector.get("indices").size();
        int[] indices = new int[terms];
        float[] values = new float[terms];
        for (int i = 0; i < terms; i++) {
            indices[i] = vector.get("indices").get(i).intValue();
            values[i] = vector.get("values").get(i).floatValue();
        }
        String fields = vector.has("fields") ? vector.get("fields").toString() : "{}";
        return new Held(indices, values, vector.get("text").textValue(), fields);
    }
}
