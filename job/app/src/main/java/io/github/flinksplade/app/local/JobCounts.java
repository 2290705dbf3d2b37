package io.github.flinksplade.app.local;

import io.github.flinksplade.pipeline.Notices;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/**
 * The accumulators of a job.
 *
 * @param values their values by name
 */
record JobCounts(Map<String, Object> values) {

    static JobCounts of(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        Map<String, Object> values = new HashMap<>();
        accumulators.forEach(
                (name, serialized) -> {
                    try {
                        values.put(
                                name,
                                serialized
                                        .deserializeValue(JobCounts.class.getClassLoader())
                                        .getUnchecked());
                    } catch (IOException | ClassNotFoundException e) {
                        throw new IllegalStateException(
                                "the counter " + name + " cannot be read", e);
                    }
                });
        return new JobCounts(values);
    }

    boolean contains(String name) {
        return values.containsKey(name);
    }

    /** The value of a counter; 0 if nothing was counted. */
    long get(String name) {
        return values.get(name) instanceof Number number ? number.longValue() : 0;
    }

    <T> T value(String name, Class<T> type) {
        return type.cast(values.get(name));
    }

    List<Notices.Entry> notices() {
        List<Notices.Entry> notices = new ArrayList<>();
        if (values.get(Notices.NAME) instanceof List<?> list) {
            list.forEach(entry -> notices.add((Notices.Entry) entry));
        }
        return notices;
    }
}
