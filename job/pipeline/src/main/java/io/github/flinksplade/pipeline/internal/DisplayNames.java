package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The names of sources or sinks in metrics, logs and the web interface, which people read. State is
 * named by their identities instead.
 */
final class DisplayNames {

    /**
     * Flink cuts names of operators after 80 characters in metrics, and logs a warning. It adds up
     * to 11 itself, and this class a role and a number.
     */
    private static final int MAX_LENGTH = 52;

    private final Map<String, String> names = new HashMap<>();
    private final Map<String, String> operatorNames = new HashMap<>();

    /**
     * @param identities unique
     * @param displayNames one for each identity
     */
    DisplayNames(List<String> identities, List<String> displayNames) {
        Set<String> used = new HashSet<>();
        Set<String> usedByOperators = new HashSet<>();
        for (int i = 0; i < identities.size(); i++) {
            String identity = identities.get(i);
            String name = used.add(displayNames.get(i)) ? displayNames.get(i) : identity;
            used.add(name);
            names.put(identity, name);
            String shortened = shortened(name);
            String operatorName = shortened;
            for (int n = 2; !usedByOperators.add(operatorName); n++) {
                operatorName = shortened + " " + n;
            }
            operatorNames.put(identity, operatorName);
        }
    }

    static DisplayNames ofSources(List<NamedSource> sources) {
        return new DisplayNames(
                sources.stream().map(NamedSource::name).toList(),
                sources.stream().map(source -> source.source().displayName()).toList());
    }

    /** A long name without its middle. */
    private static String shortened(String name) {
        if (name.length() <= MAX_LENGTH) {
            return name;
        }
        int start = MAX_LENGTH / 3;
        int end = MAX_LENGTH - start - 3;
        return name.substring(0, start) + "..." + name.substring(name.length() - end);
    }

    /** The name in metrics and logs; unique. */
    String of(String identity) {
        return names.get(identity);
    }

    /** The name in the names of operators; unique. */
    String inOperators(String identity) {
        return operatorNames.get(identity);
    }
}
