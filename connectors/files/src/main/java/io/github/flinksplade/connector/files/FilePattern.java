package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.LocalPath;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/**
 * The files that a URI names: one file, the files of a folder, or those that match a pattern.
 *
 * @param uri as the user wrote it, without options, for messages
 * @param root absolute path of the file or folder; for a pattern, the folder it starts in
 * @param glob the pattern, relative to the root; null if the path is not a pattern
 */
record FilePattern(String uri, String root, String glob) implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * A file of a listing.
     *
     * @param path its absolute path
     * @param name its path relative to the root, with {@code /} as separator; the file name if the
     *     URI names the file itself
     * @param version its attributes when it was listed
     */
    record ListedFile(String path, String name, FileVersion version) {}

    /** Parses the path. A path that exists now is not a pattern. */
    static FilePattern of(ConnectorUri uri) {
        String path = LocalPath.text(uri);
        String shownUri = uri.scheme() + ":" + uri.location();
        if (!hasGlob(path) || new File(path).exists()) {
            return new FilePattern(shownUri, LocalPath.of(uri).toString(), null);
        }
        int start = 0;
        while (true) {
            int slash = path.indexOf('/', start);
            if (slash < 0 || hasGlob(path.substring(start, slash))) {
                break;
            }
            start = slash + 1;
        }
        String folder = LocalPath.of(uri, path.substring(0, start)).toString();
        FilePattern pattern = new FilePattern(shownUri, folder, path.substring(start));
        pattern.matcher();
        return pattern;
    }

    private static boolean hasGlob(String path) {
        return path.chars().anyMatch(c -> "*[{".indexOf(c) >= 0);
    }

    /** The absolute path or pattern. */
    String location() {
        return glob == null ? root : root + "/" + glob;
    }

    /** The same files, and those in the subfolders of a folder. */
    FilePattern withSubfolders() {
        return glob == null && Files.isDirectory(Path.of(root))
                ? new FilePattern(uri, root, "**")
                : this;
    }

    /** Whether it names one existing file. */
    boolean isOneFile() {
        return glob == null && Files.isRegularFile(Path.of(root));
    }

    /**
     * The current files, in the order of their names.
     *
     * @throws ConnectorException if the file or folder does not exist or cannot be listed
     */
    List<ListedFile> list() {
        Path path = Path.of(root);
        if (!Files.exists(path)) {
            throw new ConnectorException(
                    (glob == null ? "file or folder " : "folder ")
                            + root
                            + " (from "
                            + uri
                            + ") does not exist"
                            + suggestion(path));
        }
        try {
            if (glob != null) {
                return matching(path);
            }
            if (Files.isDirectory(path)) {
                return inFolder(path);
            }
        } catch (IOException e) {
            throw new ConnectorException("cannot list the files of " + uri + ": " + reason(e), e);
        }
        if (!Files.isRegularFile(path)) {
            throw new ConnectorException(root + " is neither a file nor a folder");
        }
        List<ListedFile> one = new ArrayList<>(1);
        try {
            add(path, path.getFileName().toString(), one);
        } catch (IOException e) {
            throw new ConnectorException("cannot read " + root + ": " + reason(e), e);
        }
        return one;
    }

    private List<ListedFile> inFolder(Path folder) throws IOException {
        List<ListedFile> files = new ArrayList<>();
        try (Stream<Path> paths = Files.list(folder)) {
            for (Path file : (Iterable<Path>) paths::iterator) {
                if (!isHidden(file) && Files.isRegularFile(file)) {
                    add(file, nameIn(folder, file), files);
                }
            }
        }
        files.sort(Comparator.comparing(ListedFile::name));
        List<ListedFile> corpus =
                files.stream().filter(file -> isNamed(file, "corpus.jsonl")).toList();
        boolean isBeir =
                !corpus.isEmpty() && files.stream().anyMatch(f -> isNamed(f, "queries.jsonl"));
        return isBeir ? corpus : files;
    }

    private List<ListedFile> matching(Path folder) throws IOException {
        PathMatcher matcher = matcher();
        int depth = glob.contains("**") ? Integer.MAX_VALUE : glob.split("/").length;
        List<ListedFile> files = new ArrayList<>();
        Files.walkFileTree(
                folder,
                EnumSet.of(FileVisitOption.FOLLOW_LINKS),
                depth,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes a) {
                        return !visited.equals(folder) && isHidden(visited)
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        if (!isHidden(file)
                                && attributes.isRegularFile()
                                && matcher.matches(folder.relativize(file))) {
                            add(file, nameIn(folder, file), files);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        files.sort(Comparator.comparing(ListedFile::name));
        return files;
    }

    private PathMatcher matcher() {
        try {
            // In Java **/ matches at least one folder, elsewhere zero or more.
            return Path.of(root)
                    .getFileSystem()
                    .getPathMatcher("glob:" + glob.replace("**/", "{,**/}"));
        } catch (PatternSyntaxException e) {
            throw new ConnectorException(uri + " is not a valid pattern: " + e.getDescription(), e);
        }
    }

    static String nameIn(Path folder, Path file) {
        return folder.relativize(file).toString().replace(File.separatorChar, '/');
    }

    /** Skips a file that was removed after its folder was listed. */
    private static void add(Path file, String name, List<ListedFile> files) throws IOException {
        FileVersion version;
        try {
            version = FileVersion.of(file);
        } catch (NoSuchFileException e) {
            return;
        }
        files.add(new ListedFile(file.toString(), name, version));
    }

    private static boolean isHidden(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(".") || name.startsWith("_");
    }

    private static boolean isNamed(ListedFile file, String name) {
        return Compression.removeSuffix(file.name()).equals(name);
    }

    /** A suggestion of the most similar name in the same folder; empty without one. */
    private static String suggestion(Path missing) {
        Path folder = missing.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return "";
        }
        try (Stream<Path> siblings = Files.list(folder)) {
            String nearest =
                    ConnectorUri.nearest(
                            missing.getFileName().toString(),
                            siblings.map(sibling -> sibling.getFileName().toString())
                                    .sorted()
                                    .toList());
            return nearest == null ? "" : "; did you mean '" + nearest + "'?";
        } catch (IOException e) {
            return ""; // report the missing file, not that its folder cannot be listed
        }
    }

    /** The reason of a file system exception. */
    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "the file does not exist";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileSystemLoopException) {
            return "a symbolic link leads back to " + e.getMessage();
        }
        if (e instanceof FileSystemException system && system.getReason() != null) {
            return system.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
