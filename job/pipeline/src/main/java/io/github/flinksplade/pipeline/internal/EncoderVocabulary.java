package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.encoder.Tokenizer;

/** The terms of the job's encoder, loaded from its tokenizer on first use. */
public final class EncoderVocabulary implements Vocabulary {

    private static final long serialVersionUID = 1L;

    private final EncoderFactory factory;
    private transient volatile String[] terms;

    public EncoderVocabulary(EncoderFactory factory) {
        this.factory = factory;
    }

    @Override
    public int size() {
        return terms().length;
    }

    @Override
    public String term(int index) {
        return terms()[index];
    }

    private String[] terms() {
        String[] known = terms;
        if (known == null) {
            synchronized (this) {
                known = terms;
                if (known == null) {
                    known = read();
                    terms = known;
                }
            }
        }
        return known;
    }

    private String[] read() {
        try (Tokenizer tokenizer = factory.openTokenizer()) {
            String[] read = new String[tokenizer.vocabularySize()];
            for (int i = 0; i < read.length; i++) {
                read[i] = tokenizer.term(i);
            }
            return read;
        }
    }
}
