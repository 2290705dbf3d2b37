package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.layout.LocalFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** A snapshot of the cache, which may be incomplete. */
final class CachedFolder implements ModelFolder {

    /** Weights and larger files are checked when their digest is computed. */
    private static final long MAX_CHECKED_BYTES = 1 << 20;

    private final HubRepository repository;
    private final String commit;
    private final boolean isUnknownMissing;
    private final ModelFolder snapshot;
    private final SortedSet<String> unknown = new TreeSet<>();

    /** The cache neither contains a file nor records that the repository lacks it. */
    static final class UnknownFileException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final String name;

        UnknownFileException(String name) {
            super(name, null, false, false);
            this.name = name;
        }

        String name() {
            return name;
        }
    }

    /**
     * @param isUnknownMissing whether to take such files for missing, instead of throwing {@link
     *     UnknownFileException}
     */
    CachedFolder(HubRepository repository, String commit, boolean isUnknownMissing) {
        this.repository = repository;
        this.commit = commit;
        this.isUnknownMissing = isUnknownMissing;
        this.snapshot = new LocalFolder(repository.snapshot(commit));
    }

    /** The files that were taken for missing. */
    SortedSet<String> unknown() {
        return unknown;
    }

    @Override
    public boolean contains(String name) {
        if (snapshot.contains(name)) {
            return true;
        }
        if (!Files.exists(repository.missingFile(commit, name))) {
            unknown.add(name);
            if (!isUnknownMissing) {
                throw new UnknownFileException(name);
            }
        }
        return false;
    }

    @Override
    public Path file(String name) {
        Path file = snapshot.file(name);
        try {
            boolean isMetadata = name.endsWith(".json") || name.endsWith(".txt");
            if (isMetadata && Files.size(file) <= MAX_CHECKED_BYTES) {
                Path real = file.toRealPath();
                Optional<String> damage = CachedBlob.damage(file, real, "");
                if (damage.isPresent()) {
                    throw new ModelException(real + " is damaged: " + damage.get());
                }
            }
        } catch (IOException e) {
            throw new ModelException(file + " cannot be read: " + e.getMessage(), e);
        }
        return file;
    }

    @Override
    public SortedSet<String> names() {
        return snapshot.names();
    }

    @Override
    public String location(String name) {
        return snapshot.location(name);
    }
}
