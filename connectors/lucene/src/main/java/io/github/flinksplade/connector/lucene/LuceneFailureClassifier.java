package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.store.LockObtainFailedException;

/** Explains Lucene's exceptions to the user. */
final class LuceneFailureClassifier {

    private LuceneFailureClassifier() {}

    /**
     * @param doing what failed, such as "write" in "cannot write the index in DIR"
     */
    static ConnectorException explain(String doing, Path directory, IOException failure) {
        String index = "the index in " + directory;
        String rebuild =
                ". Remove the directory and restart the job with --reindex to rebuild the index";
        if (failure instanceof LockObtainFailedException) {
            return new ConnectorException(
                    index
                            + " is being written by another job or process, which has locked its"
                            + " write.lock. Stop that one, or write to another directory",
                    failure);
        }
        if (failure instanceof IndexNotFoundException) {
            return new ConnectorException(
                    directory
                            + " contains no Lucene index. Use the directory that a run has written"
                            + " to",
                    failure);
        }
        if (failure instanceof IndexFormatTooNewException
                || failure instanceof IndexFormatTooOldException) {
            return new ConnectorException(
                    index
                            + " is corrupt or from another release: its Lucene format is not"
                            + " supported. Use the release that wrote it, or a new directory",
                    failure);
        }
        if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
            return new ConnectorException(
                    index + " is corrupt: " + fileName(failure) + " is missing" + rebuild, failure);
        }
        if (failure instanceof CorruptIndexException || failure instanceof EOFException) {
            return new ConnectorException(
                    index + " is corrupt: " + corruption(failure) + rebuild, failure);
        }
        return new ConnectorException(
                "cannot " + doing + " " + index + ": " + reason(failure), failure);
    }

    private static String corruption(IOException failure) {
        String resource =
                failure instanceof CorruptIndexException corrupt
                        ? corrupt.getResourceDescription()
                        : null;
        String file = resource == null ? "" : " (" + fileIn(resource) + ")";
        String message =
                failure instanceof CorruptIndexException corrupt
                        ? corrupt.getOriginalMessage()
                        : "a file is truncated";
        return message + file;
    }

    /** {@code _0.si} of {@code BufferedChecksumIndexInput(MMapIndexInput(path="/x/_0.si"))}. */
    private static String fileIn(String resource) {
        int start = resource.indexOf("path=\"");
        int end = start < 0 ? -1 : resource.indexOf('"', start + 6);
        return end < 0 ? resource : Path.of(resource.substring(start + 6, end)).getFileName() + "";
    }

    private static String fileName(IOException failure) {
        String file =
                failure instanceof FileSystemException inFileSystem
                        ? inFileSystem.getFile()
                        : failure.getMessage();
        return file == null ? "a file" : Path.of(file).getFileName().toString();
    }

    private static String reason(IOException failure) {
        if (failure instanceof AccessDeniedException denied) {
            return "permission denied for " + denied.getFile();
        }
        if (failure instanceof FileSystemException inFileSystem
                && inFileSystem.getReason() != null) {
            return inFileSystem.getReason();
        }
        return failure.getMessage() == null
                ? failure.getClass().getSimpleName()
                : failure.getMessage();
    }
}
