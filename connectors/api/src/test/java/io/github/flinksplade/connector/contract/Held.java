package io.github.flinksplade.connector.contract;

/**
 * What a target holds of one document.
 *
 * @param indices ids of the terms, ascending
 * @param values weights
 * @param text the text, or null where the target does not keep it
 * @param fields the other fields as a JSON object, or null where the target does not keep them
 */
public record Held(int[] indices, float[] values, String text, String fields) {}
