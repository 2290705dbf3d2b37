package io.github.flinksplade.encoder;

import java.util.List;

/**
 * Records what users are warned of.
 *
 * @param messages receives the warnings
 */
public record RecordedWarnings(List<String> messages) implements Progress {

    @Override
    public void report(String what, long done, long total) {}

    @Override
    public void warn(String message) {
        messages.add(message);
    }
}
