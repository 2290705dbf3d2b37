package io.github.flinksplade.connector.files;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.Predicate;

/**
 * Lists and opens files: those of this machine, those of a Flink file system, or standard input. A
 * missing file is a {@link java.nio.file.NoSuchFileException}, and missing permissions are an
 * {@link java.nio.file.AccessDeniedException}.
 */
interface FileStorage {

    /** What a path names. */
    enum Kind {
        FILE,
        FOLDER,
        OTHER,
        MISSING
    }

    /** The storage of an absolute path, which has a scheme only in a Flink file system. */
    static FileStorage of(String path) {
        if (path.equals(StandardInput.PATH)) {
            return StandardInput.INSTANCE;
        }
        return RemoteFiles.isRemote(path) ? RemoteFiles.INSTANCE : LocalFiles.INSTANCE;
    }

    Kind kind(String path) throws IOException;

    /** The files directly in a folder, in any order, without those that are hidden. */
    List<FilePattern.ListedFile> list(String folder) throws IOException;

    /**
     * The files in a folder and its subfolders, in any order, without those that are hidden or in a
     * hidden folder.
     *
     * @param depth the max number of names in a path relative to the folder
     * @param matches whether a path relative to the folder, with {@code /} as separator, is listed
     */
    List<FilePattern.ListedFile> walk(String folder, int depth, Predicate<String> matches)
            throws IOException;

    FileVersion version(String path) throws IOException;

    /** False if the file is known to be unreadable. */
    boolean isReadable(String path);

    OpenFile open(String path) throws IOException;

    /** The path of a file relative to a folder, with {@code /} as separator. */
    String nameIn(String folder, String file);

    /** The last name of a path. */
    String fileName(String path);

    /** The most similar name in the folder of a missing path; null without one. */
    String suggestion(String missing);

    /** Whether a name is skipped in a listing. */
    static boolean isHidden(String name) {
        return name.startsWith(".") || name.startsWith("_");
    }

    /** A file that is open for reading. */
    interface OpenFile extends Closeable {

        long size() throws IOException;

        /** The bytes after a position, instead of those requested before. */
        InputStream from(long position) throws IOException;
    }
}
