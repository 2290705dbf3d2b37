package io.github.flinksplade.encoder.layout;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** A directory of this machine. */
public record LocalFolder(Path directory) implements ModelFolder {

    private static final int MAX_DEPTH = 3;

    public LocalFolder {
        directory = directory.toAbsolutePath();
    }

    @Override
    public boolean contains(String name) {
        return Files.isRegularFile(directory.resolve(name));
    }

    @Override
    public Path file(String name) {
        return directory.resolve(name);
    }

    @Override
    public SortedSet<String> names() {
        SortedSet<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.walk(directory, MAX_DEPTH)) {
            files.filter(Files::isRegularFile)
                    .forEach(
                            file ->
                                    names.add(
                                            directory
                                                    .relativize(file)
                                                    .toString()
                                                    .replace('\\', '/')));
        } catch (IOException | UncheckedIOException e) {
            throw new ModelException("the directory " + directory + " cannot be read: " + e, e);
        }
        return names;
    }

    @Override
    public String location(String name) {
        return (name.isEmpty() ? directory : directory.resolve(name)).toString();
    }
}
