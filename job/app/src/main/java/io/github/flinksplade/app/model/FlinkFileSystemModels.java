package io.github.flinksplade.app.model;

import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.io.FileTree;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.UnsupportedFileSystemSchemeException;

/**
 * Models on any file system that Flink has a plugin for, such as {@code s3://bucket/model} or
 * {@code hdfs://...}; a fragment names the file of the weights, as in {@code
 * s3://bucket/model#onnx/model_quantized.onnx}. The files that the model consists of are copied to
 * the cache once. The name of the copy is derived from the paths, lengths and modification times of
 * the directory's files, so that a replaced model is copied again.
 */
public final class FlinkFileSystemModels implements ModelProvider {

    /** Schemes that other providers resolve. */
    private static final Set<String> OTHER_SCHEMES =
            Set.of("file", "hf", "builtin", "http", "https");

    /** A graph is at most in onnx/ of the folder of a module of a router. */
    private static final int MAX_DEPTH = 3;

    @Override
    public boolean accepts(String reference) {
        int end = reference.indexOf("://");
        return end > 0
                && reference.substring(0, end).matches("[a-zA-Z][a-zA-Z0-9+.-]*")
                && !OTHER_SCHEMES.contains(reference.substring(0, end).toLowerCase(Locale.ROOT));
    }

    @Override
    public Path provide(String reference, Path cache, Progress progress) {
        try {
            URI uri = new URI(reference);
            Optional<String> graph = Optional.ofNullable(uri.getFragment());
            org.apache.flink.core.fs.Path root =
                    new org.apache.flink.core.fs.Path(new URI(reference.replaceFirst("#.*", "")));
            FileSystem files = root.getFileSystem();
            if (!files.exists(root)) {
                throw new ModelException(reference + " does not exist");
            }
            SortedMap<String, FileStatus> entries = new TreeMap<>();
            collect(files, root, "", MAX_DEPTH, entries);
            Path directory = cache.resolve("models").resolve("copy-" + key(reference, entries));
            if (!Files.isDirectory(directory)) {
                copy(new RemoteModel(reference, files, entries, progress), graph, directory);
            }
            return graph.map(directory::resolve).orElse(directory);
        } catch (URISyntaxException e) {
            throw new ModelException("'" + reference + "' is not a valid URI: " + e.getReason(), e);
        } catch (UnsupportedFileSystemSchemeException e) {
            throw new ModelException(
                    "no file system plugin for '"
                            + reference
                            + "' is installed. Put Flink's plugin into the plugins directory",
                    e);
        } catch (IOException e) {
            throw new ModelException(
                    "the model " + reference + " cannot be copied: " + Failure.of(e).message(), e);
        }
    }

    private static void collect(
            FileSystem files,
            org.apache.flink.core.fs.Path directory,
            String prefix,
            int depth,
            Map<String, FileStatus> to)
            throws IOException {
        FileStatus[] children = files.listStatus(directory);
        if (children == null) {
            return;
        }
        for (FileStatus child : children) {
            String name = prefix + child.getPath().getName();
            if (!child.isDir()) {
                to.put(name, child);
            } else if (depth > 1) {
                collect(files, child.getPath(), name + "/", depth - 1, to);
            }
        }
    }

    private static String key(String reference, SortedMap<String, FileStatus> entries) {
        List<String> lines = new ArrayList<>();
        entries.forEach(
                (name, status) ->
                        lines.add(
                                name + "|" + status.getLen() + "|" + status.getModificationTime()));
        lines.sort(null);
        lines.add(0, reference);
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Copies to a temporary directory and renames it, so that a copy is never incomplete. */
    private static void copy(RemoteModel model, Optional<String> graph, Path directory)
            throws IOException {
        Files.createDirectories(directory.getParent());
        // createTempDirectory would restrict the permissions beyond the umask
        Path temporary =
                Files.createDirectory(directory.resolveSibling(".copying-" + UUID.randomUUID()));
        boolean moved = false;
        try {
            ModelStore.fetch(model.copiedTo(temporary), graph);
            try {
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                moved = true;
            } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
                if (!Files.isDirectory(directory)) {
                    throw e; // otherwise another process has completed the same copy
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            if (!moved) {
                FileTree.delete(temporary);
            }
        }
    }

    /** A model's directory on a file system. */
    private record RemoteModel(
            String reference,
            FileSystem fileSystem,
            SortedMap<String, FileStatus> entries,
            Progress progress) {

        /** The model whose files are copied to a directory when they are needed. */
        ModelFolder copiedTo(Path directory) {
            return new ModelFolder() {

                @Override
                public boolean contains(String name) {
                    return entries.containsKey(name);
                }

                @Override
                public Path file(String name) {
                    Path target = directory.resolve(name);
                    if (!Files.exists(target)) {
                        copy(name, target);
                    }
                    return target;
                }

                @Override
                public SortedSet<String> names() {
                    return new TreeSet<>(entries.keySet());
                }

                @Override
                public String location(String name) {
                    String root = reference.replaceFirst("/*(#.*)?$", "");
                    return name.isEmpty() ? root : root + "/" + name;
                }
            };
        }

        private void copy(String name, Path target) {
            FileStatus status = entries.get(name);
            try {
                Files.createDirectories(target.getParent());
                long done = 0;
                try (InputStream in = fileSystem.open(status.getPath());
                        OutputStream out = Files.newOutputStream(target)) {
                    byte[] buffer = new byte[1 << 16];
                    for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                        out.write(buffer, 0, read);
                        done += read;
                        progress.report(name, done, status.getLen());
                    }
                }
                if (done != status.getLen()) {
                    throw new ModelException(
                            status.getPath()
                                    + " has "
                                    + done
                                    + " bytes, but its file system reports "
                                    + status.getLen()
                                    + "; try again when it is written");
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
