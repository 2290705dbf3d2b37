package io.github.flinksplade.bench;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Models for benchmarks: {@code synthetic:bert-base} and others have published shapes and random
 * weights, see {@link SyntheticModel}; for {@code synthetic:no-inference} see {@link
 * NoInferenceModel}.
 */
public final class SyntheticModelProvider implements ModelProvider {

    private static final String PREFIX = "synthetic:";

    /** Incremented when the bytes of a shape change. */
    private static final int VERSION = 1;

    @Override
    public boolean accepts(String reference) {
        return reference.startsWith(PREFIX);
    }

    /** The shape of a reference. */
    static Optional<SyntheticModel.Shape> shape(String reference) {
        return Arrays.stream(SyntheticModel.Shape.values())
                .filter(shape -> reference.equals(PREFIX + shape.label))
                .findFirst();
    }

    @Override
    public Path provide(String reference, Path cache, Progress progress) {
        String label = reference.substring(PREFIX.length());
        Optional<SyntheticModel.Shape> shape = shape(reference);
        if (shape.isEmpty() && !label.equals(NoInferenceModel.LABEL)) {
            throw new ModelException(
                    "unknown synthetic model '"
                            + label
                            + "'. Available are "
                            + Arrays.stream(SyntheticModel.Shape.values())
                                    .map(s -> PREFIX + s.label)
                                    .collect(Collectors.joining(", "))
                            + ", "
                            + PREFIX
                            + NoInferenceModel.LABEL);
        }
        Path models = cache.toAbsolutePath().resolve("models");
        Path model = models.resolve("synthetic-" + VERSION + "-" + label);
        if (Files.isDirectory(model)) {
            return model;
        }
        try {
            Files.createDirectories(models);
            Path temporary =
                    models.resolve(model.getFileName() + "." + UUID.randomUUID() + ".part");
            // createTempDirectory would restrict the permissions beyond the umask
            Files.createDirectory(temporary);
            try {
                progress.report("generating " + reference, 0, 1);
                if (shape.isPresent()) {
                    SyntheticModel.write(shape.get(), temporary);
                } else {
                    NoInferenceModel.write(temporary);
                }
                SyntheticTokenizer.write(shape.orElse(SyntheticModel.Shape.BERT_BASE), temporary);
                progress.report("generating " + reference, 1, 1);
                Files.move(temporary, model, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(temporary);
            }
        } catch (IOException e) {
            throw new ModelException(
                    reference + " cannot be stored in " + models + ": " + e.getMessage(), e);
        }
        return model;
    }

    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
