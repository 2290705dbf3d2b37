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
import java.nio.file.FileSystems;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The files that a URI names: one file, the files of a folder, or those that match a pattern.
 *
 * @param uri as the user wrote it, without options, for messages
 * @param root absolute path of the file or folder, or its URI in a Flink file system; for a
 *     pattern, the folder it starts in
 * @param glob the pattern, relative to the root; null if the path is not a pattern
 */
record FilePattern(String uri, String root, String glob) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The host or bucket, and the path. */
    private static final Pattern REMOTE = Pattern.compile("//([^/]*)(/?.*)", Pattern.DOTALL);

    /**
     * A file of a listing.
     *
     * @param path its absolute path
     * @param name its path relative to the root, with {@code /} as separator; the file name if the
     *     URI names the file itself
     * @param version its attributes when it was listed
     */
    record ListedFile(String path, String name, FileVersion version) {}

    /** Parses the path. A local path that exists now is not a pattern. */
    static FilePattern of(ConnectorUri uri) {
        if (uri.scheme().equals("stdin")) {
            return new FilePattern(uri.scheme() + ":" + uri.location(), StandardInput.PATH, null);
        }
        if (!uri.scheme().equals("file")) {
            return remote(uri);
        }
        String path = LocalPath.text(uri);
        String shownUri = uri.scheme() + ":" + uri.location();
        if (!hasGlob(path) || new File(path).exists()) {
            return new FilePattern(shownUri, LocalPath.of(uri).toString(), null);
        }
        int start = startOfGlob(path);
        String folder = LocalPath.of(uri, path.substring(0, start)).toString();
        return new FilePattern(shownUri, folder, path.substring(start)).checked();
    }

    /** Parses the path of a Flink file system, whose root is a URI without a slash at its end. */
    private static FilePattern remote(ConnectorUri uri) {
        Matcher parts = REMOTE.matcher(uri.location());
        if (!parts.matches() || parts.group(1).isEmpty() && !uri.scheme().equals("hdfs")) {
            throw new ConnectorException(
                    uri + " has no host or bucket. Write " + uri.scheme() + "://BUCKET/PATH");
        }
        String host = parts.group(1);
        if (host.matches(".*:.*@.*")) {
            throw new ConnectorException(
                    uri + " contains credentials. Set them in Flink's configuration instead");
        }
        if (hasGlob(host)) {
            throw new ConnectorException(uri + ": a pattern cannot select hosts or buckets");
        }
        String shownUri = uri.scheme() + ":" + uri.location();
        String base = uri.scheme() + "://" + host;
        String path = parts.group(2).replaceAll("/+", "/");
        if (!hasGlob(path)) {
            return new FilePattern(shownUri, base + path.replaceFirst("/$", ""), null);
        }
        int start = startOfGlob(path);
        return new FilePattern(shownUri, base + path.substring(0, start - 1), path.substring(start))
                .checked();
    }

    /** The start of the first name that is a pattern. */
    private static int startOfGlob(String path) {
        int start = 0;
        while (true) {
            int slash = path.indexOf('/', start);
            if (slash < 0 || hasGlob(path.substring(start, slash))) {
                return start;
            }
            start = slash + 1;
        }
    }

    private static boolean hasGlob(String path) {
        return path.chars().anyMatch(c -> "*[{".indexOf(c) >= 0);
    }

    private FilePattern checked() {
        matcher();
        return this;
    }

    FileStorage storage() {
        return FileStorage.of(root);
    }

    /** The absolute path or pattern. */
    String location() {
        return glob == null ? root : root + "/" + glob;
    }

    /** The same files, and those in the subfolders of a folder, which may be created later. */
    FilePattern withSubfolders() {
        if (glob != null) {
            return this;
        }
        FileStorage.Kind kind = kind();
        boolean isFolder =
                kind == FileStorage.Kind.FOLDER
                        || kind == FileStorage.Kind.MISSING && RemoteFiles.isRemote(root);
        return isFolder ? new FilePattern(uri, root, "**") : this;
    }

    /** Whether it names one existing file. */
    boolean isOneFile() {
        return glob == null && kind() == FileStorage.Kind.FILE;
    }

    /** Whether the file or folder is missing. */
    boolean isMissing() {
        return kind() == FileStorage.Kind.MISSING;
    }

    /**
     * Whether a missing folder is as good as an empty one: object stores have no empty folders. A
     * missing bucket is an error.
     */
    boolean mayBeMissing() {
        return RemoteFiles.isRemote(root);
    }

    private FileStorage.Kind kind() {
        try {
            return storage().kind(root);
        } catch (IOException e) {
            throw failure("cannot list the files of ", e);
        }
    }

    /**
     * The current files, in the order of their names.
     *
     * @throws ConnectorException if the file or folder does not exist or cannot be listed
     */
    List<ListedFile> list() {
        FileStorage.Kind kind = kind();
        if (kind == FileStorage.Kind.MISSING) {
            if (glob != null && mayBeMissing()) {
                return List.of();
            }
            String nearest = storage().suggestion(root);
            throw new ConnectorException(
                    (glob == null ? "file or folder " : "folder ")
                            + root
                            + " (from "
                            + uri
                            + ") does not exist"
                            + (nearest == null ? "" : "; did you mean '" + nearest + "'?"));
        }
        try {
            if (glob != null) {
                return sorted(storage().walk(root, depth(), matcher()));
            }
            if (kind == FileStorage.Kind.FOLDER) {
                return inFolder();
            }
        } catch (IOException e) {
            throw failure("cannot list the files of ", e);
        }
        if (kind != FileStorage.Kind.FILE) {
            throw new ConnectorException(root + " is neither a file nor a folder");
        }
        try {
            return List.of(new ListedFile(root, storage().fileName(root), storage().version(root)));
        } catch (NoSuchFileException e) {
            return List.of(); // it was just removed
        } catch (IOException e) {
            throw new ConnectorException("cannot read " + root + ": " + reason(e), e);
        }
    }

    private ConnectorException failure(String what, IOException e) {
        boolean isRemoteDenial = e instanceof AccessDeniedException && RemoteFiles.isRemote(root);
        return new ConnectorException(
                what
                        + uri
                        + ": "
                        + reason(e)
                        + (isRemoteDenial ? ". " + RemoteFiles.DENIED_HINT : ""),
                e);
    }

    private List<ListedFile> inFolder() throws IOException {
        List<ListedFile> files = sorted(storage().list(root));
        List<ListedFile> corpus =
                files.stream().filter(file -> isNamed(file, "corpus.jsonl")).toList();
        boolean isBeir =
                !corpus.isEmpty() && files.stream().anyMatch(f -> isNamed(f, "queries.jsonl"));
        return isBeir ? corpus : files;
    }

    private static List<ListedFile> sorted(List<ListedFile> files) {
        return files.stream().sorted(Comparator.comparing(ListedFile::name)).toList();
    }

    private int depth() {
        return glob.contains("**") ? Integer.MAX_VALUE : glob.split("/").length;
    }

    private Predicate<String> matcher() {
        try {
            // In Java **/ matches at least one folder, elsewhere zero or more.
            PathMatcher matcher =
                    FileSystems.getDefault()
                            .getPathMatcher("glob:" + glob.replace("**/", "{,**/}"));
            return name -> matcher.matches(Path.of(name));
        } catch (PatternSyntaxException e) {
            throw new ConnectorException(uri + " is not a valid pattern: " + e.getDescription(), e);
        }
    }

    private static boolean isNamed(ListedFile file, String name) {
        return Compression.removeSuffix(file.name()).equals(name);
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
