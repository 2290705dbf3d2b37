package io.github.flinksplade.encoder;

import java.nio.file.Path;
import java.util.SortedSet;

/**
 * The directory of a model, which may be elsewhere: a file is downloaded when it is needed. Names
 * are relative to the directory, with slashes.
 */
public interface ModelFolder {

    /** Whether there is such a file. */
    boolean contains(String name);

    /** The file on this machine, downloaded if necessary; {@link #contains} must be true. */
    Path file(String name);

    /** The names of its files as far as they are known, for messages. */
    SortedSet<String> names();

    /** Where a file is, for messages; with an empty name the directory. */
    String location(String name);

    /** The name of a file in a folder of the directory; the folder may be empty. */
    static String name(String folder, String file) {
        return folder.isEmpty() ? file : folder + "/" + file;
    }

    /** The folder of a file; empty if it is not in one. */
    static String folderOf(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    /** The name of a file in the folder of another. */
    static String sibling(String name, String file) {
        return name(folderOf(name), file);
    }
}
