/**
 * Reads {@code tokenizer.json} and turns text into token ids: with the Hugging Face tokenizers
 * library, or, where the file describes BERT's tokenizer, with an implementation in Java that
 * returns the same ids in a fraction of the time.
 */
package io.github.flinksplade.encoder.tokenizer;
