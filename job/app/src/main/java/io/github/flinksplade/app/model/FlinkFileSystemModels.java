package io.github.flinksplade.app.model;

import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.io.FileTree;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
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
import java.util.Set;
import java.util.UUID;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.UnsupportedFileSystemSchemeException;

/**
 * Models on any file system that Flink has a plugin for, such as {@code s3://bucket/model} or
 * {@code hdfs://...}. A model is copied to the cache once. The name of the copy is derived from the
 * paths, lengths and modification times of the model's files, so that a replaced model is copied
 * again.
 */
public final class FlinkFileSystemModels implements ModelProvider {

    /** Schemes that other providers resolve. */
    private static final Set<String> OTHER_SCHEMES =
            Set.of("file", "hf", "builtin", "http", "https");

    /** Files of a model repository that the encoder does not need. */
    private static final List<String> SKIPPED_SUFFIXES =
            List.of(".bin", ".safetensors", ".h5", ".msgpack", ".pt", ".pth", ".ot", ".md");

    private record Entry(FileStatus status, String name) {}

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
            org.apache.flink.core.fs.Path root =
                    new org.apache.flink.core.fs.Path(new URI(reference));
            FileSystem files = root.getFileSystem();
            if (!files.exists(root)) {
                throw new ModelException(reference + " does not exist");
            }
            List<Entry> entries = new ArrayList<>();
            collect(files, root, "", entries);
            Path directory = cache.resolve("models").resolve("copy-" + key(reference, entries));
            if (!Files.isDirectory(directory)) {
                copy(files, entries, directory, progress);
            }
            return directory;
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
            List<Entry> to)
            throws IOException {
        FileStatus[] children = files.listStatus(directory);
        if (children == null) {
            return;
        }
        for (FileStatus child : children) {
            String name = child.getPath().getName();
            if (child.isDir()) {
                if (prefix.isEmpty() && name.equals("onnx")) {
                    collect(files, child.getPath(), name + "/", to);
                }
            } else if (SKIPPED_SUFFIXES.stream()
                    .noneMatch(name.toLowerCase(Locale.ROOT)::endsWith)) {
                to.add(new Entry(child, prefix + name));
            }
        }
    }

    private static String key(String reference, List<Entry> entries) {
        List<String> lines = new ArrayList<>();
        for (Entry entry : entries) {
            lines.add(
                    entry.name()
                            + "|"
                            + entry.status().getLen()
                            + "|"
                            + entry.status().getModificationTime());
        }
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
    private static void copy(
            FileSystem files, List<Entry> entries, Path directory, Progress progress)
            throws IOException {
        Files.createDirectories(directory.getParent());
        // createTempDirectory would restrict the permissions beyond the umask
        Path temporary =
                Files.createDirectory(directory.resolveSibling(".copying-" + UUID.randomUUID()));
        boolean moved = false;
        try {
            for (Entry entry : entries) {
                Path target = temporary.resolve(entry.name());
                Files.createDirectories(target.getParent());
                long total = entry.status().getLen();
                try (InputStream in = files.open(entry.status().getPath());
                        OutputStream out = Files.newOutputStream(target)) {
                    byte[] buffer = new byte[1 << 16];
                    long done = 0;
                    for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                        out.write(buffer, 0, read);
                        done += read;
                        progress.report(entry.name(), done, total);
                    }
                }
            }
            try {
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                moved = true;
            } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException e) {
                if (!Files.isDirectory(directory)) {
                    throw e; // otherwise another process has completed the same copy
                }
            }
        } finally {
            if (!moved) {
                FileTree.delete(temporary);
            }
        }
    }
}
