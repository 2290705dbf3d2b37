package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.UnsupportedFileSystemSchemeException;

/**
 * The files of Flink's file systems. Their paths are URIs, such as {@code s3://bucket/docs.jsonl}.
 * The version of a file is its size and modification time.
 *
 * <p>A plugin has a class loader of its own, so that its exceptions are recognized by their names.
 */
enum RemoteFiles implements FileStorage {
    INSTANCE;

    /** What to do if access is denied. */
    static final String DENIED_HINT =
            "Check the credentials, such as s3.access-key, and their permissions";

    /** The plugins of schemes. */
    private static final Map<String, String> PLUGINS =
            Map.of(
                    "s3", "flink-s3-fs-hadoop",
                    "s3a", "flink-s3-fs-hadoop",
                    "gs", "flink-gs-fs-hadoop",
                    "abfs", "flink-azure-fs-hadoop",
                    "abfss", "flink-azure-fs-hadoop");

    /** Exceptions of Hadoop's client for S3 that are thrown after its own retries. */
    private static final Set<String> TEMPORARY =
            Set.of(
                    "AWSApiCallTimeoutException",
                    "AWSClientIOException",
                    "AWSServiceThrottledException",
                    "AWSStatus500Exception");

    /** A call of a file system. */
    private interface Call<T> {
        T run(FileSystem files, Path path) throws IOException;
    }

    static boolean isRemote(String path) {
        return path.matches("(?s)[a-z][a-z0-9+.-]*://.*");
    }

    @Override
    public Kind kind(String path) throws IOException {
        try {
            return status(path).isDir() ? Kind.FOLDER : Kind.FILE;
        } catch (NoSuchFileException e) {
            return Kind.MISSING;
        }
    }

    @Override
    public List<FilePattern.ListedFile> list(String folder) throws IOException {
        return walk(folder, 1, name -> true);
    }

    @Override
    public List<FilePattern.ListedFile> walk(String folder, int depth, Predicate<String> matches)
            throws IOException {
        List<FilePattern.ListedFile> files = new ArrayList<>();
        collect(folder, "", depth, matches, files);
        return files;
    }

    private static void collect(
            String root,
            String prefix,
            int depth,
            Predicate<String> matches,
            List<FilePattern.ListedFile> to)
            throws IOException {
        FileStatus[] children;
        try {
            children = call(root + "/" + prefix, FileSystem::listStatus);
        } catch (NoSuchFileException e) {
            return; // it was removed, such as a folder of an object store with its last file
        }
        if (children == null) {
            return;
        }
        for (FileStatus child : children) {
            String name = prefix + child.getPath().getName();
            if (FileStorage.isHidden(child.getPath().getName())) {
                continue;
            }
            if (!child.isDir()) {
                if (matches.test(name)) {
                    to.add(new FilePattern.ListedFile(root + "/" + name, name, version(child)));
                }
            } else if (depth > 1) {
                collect(root, name + "/", depth - 1, matches, to);
            }
        }
    }

    @Override
    public FileVersion version(String path) throws IOException {
        return version(status(path));
    }

    private static FileVersion version(FileStatus status) {
        return new FileVersion(
                status.getLen(), TimeUnit.MILLISECONDS.toNanos(status.getModificationTime()), 0);
    }

    private static FileStatus status(String path) throws IOException {
        return call(path, FileSystem::getFileStatus);
    }

    /** Only reading a file shows whether that is permitted. */
    @Override
    public boolean isReadable(String path) {
        return true;
    }

    @Override
    public OpenFile open(String path) throws IOException {
        return new OpenRemoteFile(path);
    }

    /**
     * Opens a stream for each position, since Hadoop's client for S3 would read with many small
     * requests after it had moved backwards.
     */
    private static final class OpenRemoteFile implements OpenFile {

        private final String path;
        private FSDataInputStream stream;

        OpenRemoteFile(String path) throws IOException {
            this.path = path;
            this.stream = call(path, FileSystem::open);
        }

        @Override
        public long size() throws IOException {
            return status(path).getLen();
        }

        @Override
        public InputStream from(long position) throws IOException {
            if (stream.getPos() > position) {
                stream.close();
                stream = call(path, FileSystem::open);
            }
            stream.seek(position);
            return stream;
        }

        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    @Override
    public String nameIn(String folder, String file) {
        return file.substring(folder.length() + 1);
    }

    @Override
    public String fileName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    @Override
    public String suggestion(String missing) {
        return null;
    }

    private static <T> T call(String path, Call<T> call) throws IOException {
        try {
            // the root of a bucket needs a path
            Path parsed = new Path(path.matches("[^/]*//[^/]*") ? path + "/" : path);
            return call.run(parsed.getFileSystem(), parsed);
        } catch (UnsupportedFileSystemSchemeException e) {
            throw new ConnectorException(missingPlugin(path), e);
        } catch (FileNotFoundException e) {
            NoSuchFileException missing = new NoSuchFileException(path);
            missing.initCause(e);
            throw missing;
        } catch (IOException e) {
            throw explained(path, e);
        }
    }

    private static String missingPlugin(String path) {
        String scheme = path.substring(0, path.indexOf(':'));
        String plugin = PLUGINS.get(scheme);
        if (plugin == null) {
            return path
                    + " cannot be read without Hadoop's libraries. Add them to the class path: set"
                    + " HADOOP_CLASSPATH";
        }
        return path
                + " cannot be read without a plugin of Flink. Put "
                + plugin
                + "-VERSION.jar into a folder in Flink's plugins folder, such as plugins/"
                + plugin
                + "/; in a local run, into the plugins folder of the distribution or of"
                + " FLINK_PLUGINS_DIR";
    }

    /** A failure that the user can understand, or the same one. */
    private static IOException explained(String path, IOException failure) {
        Throwable temporary = null;
        for (Throwable e = failure; e != null; e = e.getCause()) {
            String name = e.getClass().getSimpleName();
            String message = String.valueOf(e.getMessage());
            if (name.equals("UnknownStoreException") || message.contains("NoSuchBucket")) {
                throw new ConnectorException(
                        "the bucket of " + path + " does not exist. Check its name and s3.endpoint",
                        failure);
            }
            if (e instanceof AccessDeniedException || name.equals("AccessControlException")) {
                AccessDeniedException denied = new AccessDeniedException(path);
                denied.initCause(failure);
                return denied;
            }
            if (e instanceof ConnectException
                    || e instanceof UnknownHostException
                    || e instanceof NoRouteToHostException
                    || e instanceof SocketTimeoutException
                    || name.equals("ConnectTimeoutException")) {
                throw unreachable(path, e, failure);
            }
            if (temporary == null && TEMPORARY.contains(name)) {
                temporary = e; // its cause may be more specific
            }
        }
        if (temporary != null) {
            throw unreachable(path, temporary, failure);
        }
        return failure;
    }

    private static UnreachableException unreachable(
            String path, Throwable reason, IOException failure) {
        return new UnreachableException(
                "the storage of " + path + " is unreachable: " + reason.getMessage(), failure);
    }
}
