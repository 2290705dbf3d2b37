package io.github.flinksplade.app.cluster;

import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.pipeline.SinkStates;
import java.io.IOException;
import java.util.List;
import org.apache.flink.core.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which positions of the sources a job on a cluster continues from. The generation is part of the
 * sources' names: with that of the savepoint, they resume at its positions, and with the other one
 * they are read from the beginning. So a job can be reindexed any number of times, and continues
 * where the last reindex ended when {@code reindex} is removed.
 *
 * @param name the end of the sources' names
 * @param rereads whether a job that resumes reads its sources from the beginning
 * @param dropsPositionsOnly whether the only state that the job does not use is that of the
 *     sources' earlier generation
 */
record SourceGeneration(String name, boolean rereads, boolean dropsPositionsOnly) {

    private static final Logger LOG = LoggerFactory.getLogger(SourceGeneration.class);

    private static final String FIRST = "";
    private static final String SECOND = "#reindex";

    /**
     * The generation of a job.
     *
     * @param reindex whether the sources are to be read again
     * @param savepoint the savepoint or checkpoint that the job resumes from; null without one
     * @param isAutomatic whether it was found by the image and not given by the user. The image
     *     resumes after every failure, and an interrupted reindex must then continue
     * @param sources the identities of the job's sources
     * @param sinks the identities of the job's sinks
     * @throws UserException if the savepoint must be read and cannot be
     */
    static SourceGeneration of(
            boolean reindex,
            String savepoint,
            boolean isAutomatic,
            List<String> sources,
            List<String> sinks) {
        if (savepoint == null) {
            return new SourceGeneration(reindex ? SECOND : FIRST, reindex, false);
        }
        SinkStates states;
        try {
            states = SinkStates.load(directory(savepoint));
        } catch (IOException | IllegalArgumentException e) {
            if (reindex) {
                throw new UserException(
                        "'reindex: true' requires the names of the sources in "
                                + savepoint
                                + ", which cannot be read here: "
                                + Failure.of(e).message()
                                + ". Submit the job where the file system of the savepoint is"
                                + " configured",
                        e);
            }
            // only a savepoint of a reindex has other names, which Flink then rejects
            LOG.warn("Cannot read the names of the sources in {}", savepoint, e);
            return new SourceGeneration(FIRST, false, false);
        }
        boolean isSecond = states.sources().stream().anyMatch(name -> name.endsWith(SECOND));
        String restored = isSecond ? SECOND : FIRST;
        String generation = restored;
        if (reindex) {
            generation = isAutomatic || !isSecond ? SECOND : FIRST;
        }
        boolean rereads = !generation.equals(restored);
        return new SourceGeneration(
                generation,
                rereads,
                rereads
                        && sinks.containsAll(states.sinks())
                        && states.sources().stream()
                                .allMatch(name -> sources.contains(identity(name))));
    }

    private static String identity(String name) {
        return name.endsWith(SECOND) ? name.substring(0, name.length() - SECOND.length()) : name;
    }

    private static Path directory(String savepoint) {
        Path path = new Path(savepoint);
        return path.getName().equals(SinkStates.METADATA) ? path.getParent() : path;
    }
}
