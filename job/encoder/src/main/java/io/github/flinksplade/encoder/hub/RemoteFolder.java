package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.Progress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** A commit of a repository, whose files are downloaded into the cache when they are needed. */
final class RemoteFolder implements ModelFolder {

    private final HubRepository repository;
    private final HubClient client;
    private final HubClient.Listing listing;
    private final String reference;
    private final Progress progress;
    private final Map<String, Path> files = new HashMap<>();
    private final Map<String, Boolean> probed = new HashMap<>();
    private final SortedSet<String> missing = new TreeSet<>();

    /**
     * @param reference the model as the user wrote it, for messages
     */
    RemoteFolder(
            HubRepository repository,
            HubClient client,
            HubClient.Listing listing,
            String reference,
            Progress progress) {
        this.repository = repository;
        this.client = client;
        this.listing = listing;
        this.reference = reference;
        this.progress = progress;
    }

    /** The files that were looked for and do not exist. */
    SortedSet<String> missing() {
        return missing;
    }

    @Override
    public boolean contains(String name) {
        boolean exists =
                listing.files().contains(name)
                        || !listing.isComplete()
                                && probed.computeIfAbsent(
                                        name, file -> client.exists(listing.commit(), file));
        if (!exists) {
            missing.add(name);
        }
        return exists;
    }

    @Override
    public Path file(String name) {
        return files.computeIfAbsent(
                name, file -> repository.fetch(client, listing.commit(), file, progress));
    }

    @Override
    public SortedSet<String> names() {
        return new TreeSet<>(listing.files());
    }

    @Override
    public String location(String name) {
        return name.isEmpty() ? reference : reference + ": " + name;
    }
}
