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

/** The directory of an index: checks its content, creates it and opens it. */
final class IndexDirectory {

    /**
     * The checksums of an index up to this size are verified when it is opened. For a larger one
     * that would take seconds; a corrupt file is then detected during a search.
     */
    private static final long MAX_VERIFIED_BYTES = 256L << 20;

    /**
     * Lucene logs through java.util.logging which memory and vector APIs of the JDK it uses, which
     * is irrelevant here. The loggers are referenced because an unreferenced logger is
     * garbage-collected with its level.
     */
    private static final List<Logger> QUIET_LOGGERS =
            List.of(
                    Logger.getLogger("org.apache.lucene.store"),
                    Logger.getLogger("org.apache.lucene.internal.vectorization"));

    static {
        for (Logger logger : QUIET_LOGGERS) {
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
     * Whether an index can be created here: the directory is missing, empty, or contains only the
     * files of an interrupted creation. Other files are rejected.
     */
    boolean isVacant() {
        if (!Files.exists(path)) {
            return true;
        }
        if (!Files.isDirectory(path)) {
            throw new ConnectorException(
                    path + " is a file, but an index is a directory. Use another path");
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
                        + " is not empty and contains no Lucene index (no segments file among its "
                        + names.size()
                        + " files). Use a new or an empty directory");
    }

    /** Creates the index with an empty commit. */
    void create(Provenance provenance, Bm25 bm25) {
        try (FSDirectory directory = FSDirectory.open(path);
                IndexWriter writer =
                        new IndexWriter(
                                directory,
                                new IndexWriterConfig()
                                        .setOpenMode(IndexWriterConfig.OpenMode.CREATE))) {
            writer.setLiveCommitData(
                    new CommitUserData(provenance, bm25, CommitPoint.next(0)).toMap().entrySet());
            writer.commit();
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("create", path, e);
        }
    }

    /**
     * Fails if the newest commit is corrupt, from another encoder or with another index of words,
     * or if another writer is open.
     */
    void check(SinkContext context, Bm25 bm25) {
        try (FSDirectory directory = open();
                DirectoryReader reader = DirectoryReader.open(directory)) {
            CommitUserData data = data(reader.getIndexCommit().getUserData());
            requireSame(context, data.provenance());
            if (data.bm25() != bm25) {
                throw new ConnectorException(
                        "the index in "
                                + path
                                + " was created with bm25="
                                + data.bm25()
                                + ", but the URI has bm25="
                                + bm25
                                + ". Write bm25="
                                + data.bm25()
                                + ", or index the documents again into a new directory");
            }
            checkIntegrity(reader);
            directory.obtainLock(IndexWriter.WRITE_LOCK_NAME).close();
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("open", path, e);
        }
    }

    /** Opens the directory, which must exist because Lucene would create it. */
    FSDirectory open() throws IOException {
        requireDirectory();
        return FSDirectory.open(path);
    }

    void requireDirectory() {
        if (!Files.isDirectory(path)) {
            throw new ConnectorException(
                    path
                            + (Files.exists(path) ? " is a file." : " does not exist.")
                            + " Use the directory of an index that a run has written");
        }
    }

    /** Parses the user data of a commit. Rejects an index of another program. */
    CommitUserData data(Map<String, String> data) {
        String format = data.get(CommitUserData.FORMAT_KEY);
        if (format == null) {
            throw new ConnectorException(
                    path
                            + " contains a Lucene index that flink-splade did not create. Use"
                            + " another directory");
        }
        if (!format.equals(CommitUserData.FORMAT)) {
            throw new ConnectorException(
                    "the index in "
                            + path
                            + " has format version "
                            + format
                            + ", but this release reads version "
                            + CommitUserData.FORMAT
                            + ". Use the release that wrote it, or a new directory");
        }
        return CommitUserData.fromMap(data);
    }

    /** Rejects vectors of another encoder. */
    void requireSame(SinkContext context, Provenance existing) {
        context.requireSameEncoder(
                existing, "the index in " + path, "use a new directory, or remove this one");
    }

    /** Verifies the checksums of an index unless it is large. */
    static void checkIntegrity(DirectoryReader reader) throws IOException {
        long bytes = 0;
        for (String file : reader.getIndexCommit().getFileNames()) {
            bytes += reader.directory().fileLength(file);
        }
        if (bytes <= MAX_VERIFIED_BYTES) {
            checkIntegrityOfAllSegments(reader);
        }
    }

    static void checkIntegrityOfAllSegments(DirectoryReader reader) throws IOException {
        for (LeafReaderContext leaf : reader.leaves()) {
            leaf.reader().checkIntegrity();
        }
    }
}
