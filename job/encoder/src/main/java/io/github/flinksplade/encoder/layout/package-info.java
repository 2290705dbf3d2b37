/**
 * Which files of a model's directory are its weights, tokenizer and query side, and what the others
 * state on how texts become vectors.
 */
package io.github.flinksplade.encoder.layout;
