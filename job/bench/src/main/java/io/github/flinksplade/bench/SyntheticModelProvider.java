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
 * {@code synthetic:bert-base} and others: random weights of published shapes, to measure with; and
 * {@code synthetic:no-inference}, see {@link NoInferenceModel}.
 */
public final class SyntheticModelProvider implements ModelProvider {

    private static final String PREFIX = "synthetic:";

    /** Changes when the same shape becomes other bytes. */
    private static final int VERSION = 1;

    @Override
    public boolean accepts(String reference) {
        return reference.startsWith(PREFIX);
    }

    /** The shape a reference names. */
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
                    "there is no synthetic model '"
                            + label
                            + "'; there are "
                            + Arrays.stream(SyntheticModel.Shape.values())
                                    .map(s -> PREFIX + s.label)
                                    .collect(Collectors.joining(", "))
                            + ", "
                            + PREFIX
                            + NoInferenceModel.LABEL);
        }
        Path models = cache.toAbsolutePath().resolve("models");
        Path made = models.resolve("synthetic-" + VERSION + "-" + label);
        if (Files.isDirectory(made)) {
            return made;
        }
        try {
            Files.createDirectories(models);
            Path part = models.resolve(made.getFileName() + "." + UUID.randomUUID() + ".part");
            // with the umask's permissions, unlike a temporary directory
            Files.createDirectory(part);
            try {
                progress.report("making " + reference, 0, 1);
                if (shape.isPresent()) {
                    SyntheticModel.write(shape.get(), part);
                } else {
                    NoInferenceModel.write(part);
                }
                SyntheticTokenizer.write(shape.orElse(SyntheticModel.Shape.BERT_BASE), part);
                progress.report("making " + reference, 1, 1);
                Files.move(part, made, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(part);
            }
        } catch (IOException e) {
            throw new ModelException(
                    reference + " cannot be kept in " + models + ": " + e.getMessage(), e);
        }
        return made;
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
