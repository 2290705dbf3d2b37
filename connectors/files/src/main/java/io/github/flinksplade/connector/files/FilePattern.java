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
 * The files that an address names: one, those of a folder, or those that match a pattern.
 *
 * @param address as the user wrote it, for messages
 * @param root absolute path of the file or folder; of a pattern, the folder it starts in
 * @param glob the pattern, relative to the root; null when the path is none
 */
record FilePattern(String uri, String root, String glob) implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * A file that was found.
     *
     * @param path its absolute path
     * @param name its path relative to the folder it was looked for in, with {@code /} between
     *     names; the name of the file where it was named itself
     * @param version its attributes when it was listed
     */
    record ListedFile(String path, String name, FileVersion version) {}

    /** Whether the path is a pattern is decided by what exists now. */
    static FilePattern of(ConnectorUri uri) {
        String place = LocalPath.text(uri);
        String wholeName = uri.scheme() + ":" + uri.location();
        if (!hasGlob(place) || new File(place).exists()) {
            return new FilePattern(wholeName, LocalPath.of(uri).toString(), null);
        }
        int start = 0;
        while (true) {
            int slash = place.indexOf('/', start);
            if (slash < 0 || hasGlob(place.substring(start, slash))) {
                break;
            }
            start = slash + 1;
        }
        String folder = LocalPath.of(uri, place.substring(0, start)).toString();
        FilePattern pattern = new FilePattern(wholeName, folder, place.substring(start));
        pattern.matcher();
        return pattern;
    }

    private static boolean hasGlob(String path) {
        return path.chars().anyMatch(c -> "*[{".indexOf(c) >= 0);
    }

    /** The absolute path, or the pattern with an absolute path before it. */
    String location() {
        return glob == null ? root : root + "/" + glob;
    }

    /** Whether it names one file, which exists. */
    boolean isOneFile() {
        return glob == null && Files.isRegularFile(Path.of(root));
    }

    /**
     * The files there are now, in the order of their names; never empty names only.
     *
     * @throws ConnectorException when the file or the folder does not exist or cannot be listed
     */
    List<ListedFile> list() {
        Path path = Path.of(root);
        if (!Files.exists(path)) {
            throw new ConnectorException(
                    "there is no "
                            + (glob == null ? "file or folder " : "folder ")
                            + root
                            + " (from "
                            + uri
                            + ")"
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
        List<ListedFile> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                if (!isHidden(file) && Files.isRegularFile(file)) {
                    add(file, nameIn(folder, file), found);
                }
            }
        }
        found.sort(Comparator.comparing(ListedFile::name));
        List<ListedFile> corpus =
                found.stream().filter(file -> isNamed(file, "corpus.jsonl")).toList();
        boolean beir =
                !corpus.isEmpty() && found.stream().anyMatch(f -> isNamed(f, "queries.jsonl"));
        return beir ? corpus : found;
    }

    private List<ListedFile> matching(Path folder) throws IOException {
        PathMatcher matcher = matcher();
        int depth = glob.contains("**") ? Integer.MAX_VALUE : glob.split("/").length;
        List<ListedFile> found = new ArrayList<>();
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
                            add(file, nameIn(folder, file), found);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        found.sort(Comparator.comparing(ListedFile::name));
        return found;
    }

    private PathMatcher matcher() {
        try {
            // Java's **/ wants at least one folder; everyone else's is content with none.
            return Path.of(root)
                    .getFileSystem()
                    .getPathMatcher("glob:" + glob.replace("**/", "{,**/}"));
        } catch (PatternSyntaxException e) {
            throw new ConnectorException(
                    uri + " is not a pattern of file names: " + e.getDescription(), e);
        }
    }

    private static String nameIn(Path folder, Path file) {
        return folder.relativize(file).toString().replace(File.separatorChar, '/');
    }

    /** Leaves out a file that was removed since its folder was listed. */
    private static void add(Path file, String name, List<ListedFile> found) throws IOException {
        FileVersion version;
        try {
            version = FileVersion.of(file);
        } catch (NoSuchFileException e) {
            return;
        }
        found.add(new ListedFile(file.toString(), name, version));
    }

    private static boolean isHidden(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(".") || name.startsWith("_");
    }

    private static boolean isNamed(ListedFile file, String name) {
        return Compression.strip(file.name()).equals(name);
    }

    /** The name in the same folder that is nearest, as half a sentence; empty when none is near. */
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
            return ""; // the missing file is what is to be told, not that its folder is closed
        }
    }

    /** What an exception of the file system says, in words. */
    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
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
