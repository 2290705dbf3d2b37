package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.store.FSDirectory;

/** The directory of one index: what stands there, and whether it is what is expected. */
final class IndexDirectory {

    /**
     * An index up to this size is read whole when it is opened, to compare its checksums; in a
     * larger one that would take seconds, and damage inside a file shows when it is searched.
     */
    private static final long CHECKED_WHOLE_BYTES = 256L << 20;

    /**
     * Lucene tells on standard error, through java.util.logging, which of the JDK's memory and
     * vector interfaces it found; nothing here depends on them. Held here because a logger that
     * nobody holds is collected, and its level with it.
     */
    private static final List<Logger> QUIET =
            List.of(
                    Logger.getLogger("org.apache.lucene.store"),
                    Logger.getLogger("org.apache.lucene.internal.vectorization"));

    static {
        for (Logger logger : QUIET) {
            if (logger.getLevel() == null) {
                logger.setLevel(Level.SEVERE);
            }
        }
    }

    private final Path path;

    IndexDirectory(Path path) {
        this.path = path;
    }

    Path path() {
        return path;
    }

    /**
     * Whether an index can be created here: nothing is there, or nothing but what an interrupted
     * creation left. Files of another kind are refused.
     */
    boolean isVacant() {
        if (!Files.exists(path)) {
            return true;
        }
        if (!Files.isDirectory(path)) {
            throw new ConnectorException(
                    path + " is a file, but an index is a directory; name another");
        }
        List<String> names;
        try (Stream<Path> files = Files.list(path)) {
            names = files.map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("read", path, e);
        }
        if (names.stream().anyMatch(name -> name.startsWith("segments"))) {
            return false;
        }
        if (names.stream()
                .allMatch(
                        name ->
                                name.equals(IndexWriter.WRITE_LOCK_NAME)
                                        || name.startsWith("pending_segments"))) {
            return true;
        }
        throw new ConnectorException(
                path
                        + " is not empty and holds no Lucene index (no segments file among its "
                        + names.size()
                        + " files); name a new or an empty directory");
    }

    /** Creates the index with one empty commit. */
    void create(Provenance provenance) {
        try (FSDirectory directory = FSDirectory.open(path);
                IndexWriter writer =
                        new IndexWriter(
                                directory,
                                new IndexWriterConfig()
                                        .setOpenMode(IndexWriterConfig.OpenMode.CREATE))) {
            writer.setLiveCommitData(
                    new CommitUserData(provenance, CommitPoint.next(0)).toMap().entrySet());
            writer.commit();
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("create", path, e);
        }
    }

    /** Fails unless the newest commit is whole, of these vectors, and nobody else writes to it. */
    void check(SinkContext context) {
        try (FSDirectory directory = open();
                DirectoryReader reader = DirectoryReader.open(directory)) {
            requireSame(context, data(reader.getIndexCommit().getUserData()).provenance());
            checkIntegrity(reader);
            directory.obtainLock(IndexWriter.WRITE_LOCK_NAME).close();
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("open", path, e);
        }
    }

    /** Opens the directory, which must exist: Lucene itself would create it. */
    FSDirectory open() throws IOException {
        requireDirectory();
        return FSDirectory.open(path);
    }

    void requireDirectory() {
        if (!Files.isDirectory(path)) {
            throw new ConnectorException(
                    path
                            + (Files.exists(path)
                                    ? " is a file, not the"
                                    : " does not exist; name the")
                            + " directory of an index that a run wrote");
        }
    }

    /** What a commit's user data says; an index of someone else's making is refused. */
    CommitUserData data(Map<String, String> data) {
        String format = data.get(CommitUserData.FORMAT_KEY);
        if (format == null) {
            throw new ConnectorException(
                    path
                            + " holds a Lucene index that this program did not make; name another"
                            + " directory");
        }
        if (!format.equals(CommitUserData.FORMAT)) {
            throw new ConnectorException(
                    "the index in "
                            + path
                            + " has the layout "
                            + format
                            + ", but this release knows "
                            + CommitUserData.FORMAT
                            + "; use the release that wrote it, or a new directory");
        }
        return CommitUserData.fromMap(data);
    }

    /** Refuses vectors of another making. */
    void requireSame(SinkContext context, Provenance found) {
        context.requireSameEncoder(
                found, "the index in " + path, "name a new directory, or remove this one");
    }

    /** Reads the files of an index that is not large, so that damage inside one is found. */
    static void checkIntegrity(DirectoryReader reader) throws IOException {
        long bytes = 0;
        for (String file : reader.getIndexCommit().getFileNames()) {
            bytes += reader.directory().fileLength(file);
        }
        if (bytes <= CHECKED_WHOLE_BYTES) {
            checkIntegrityWhole(reader);
        }
    }

    static void checkIntegrityWhole(DirectoryReader reader) throws IOException {
        for (LeafReaderContext leaf : reader.leaves()) {
            leaf.reader().checkIntegrity();
        }
    }
}
