package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.Tokenizer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Opens fake encoders, and counts in static maps, because the factory itself is copied.
 *
 * @param name tests that must not share an engine use different names
 */
record FakeEncoderFactory(String name) implements EncoderFactory {

    private static final long serialVersionUID = 1L;

    private static final Map<String, AtomicLong> DOCUMENTS = new ConcurrentHashMap<>();
    private static final Map<String, AtomicLong> OPENED = new ConcurrentHashMap<>();

    @Override
    public SpladeEncoder open() {
        OPENED.computeIfAbsent(name, unused -> new AtomicLong()).incrementAndGet();
        return FakeEncoder.create(
                EncoderOptions.defaults(),
                DOCUMENTS.computeIfAbsent(name, unused -> new AtomicLong()));
    }

    @Override
    public Tokenizer openTokenizer() {
        return FakeEncoder.create().tokenizer();
    }

    @Override
    public EncoderFactory onGpu(int number) {
        return new FakeEncoderFactory(name + "-gpu" + number);
    }

    /** The number of documents that the engines of this name have encoded. */
    long documents() {
        return DOCUMENTS.computeIfAbsent(name, unused -> new AtomicLong()).get();
    }

    /** The number of engines of this name that have been opened. */
    long opened() {
        return OPENED.computeIfAbsent(name, unused -> new AtomicLong()).get();
    }
}
