package io.github.flinksplade.encoder.platform;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.util.Utils;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the native libraries, which their jars first unpack into a directory. That fails if the
 * directory is full, not writable or on a file system mounted noexec; the JVM's errors do not name
 * the cause, so it is found here.
 */
public final class NativeLibraries {

    private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);

    private static final Pattern NOEXEC =
            Pattern.compile("failed to map segment|[Oo]peration not permitted");

    // ONNX Runtime's messages on standard error repeat its exceptions, which reach the user
    public static final OrtLoggingLevel LOGGING = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;

    /** More than the size of any of the libraries. */
    private static final long MAX_LIBRARY_BYTES = 32L << 20;

    static {
        // no network access: no usage tracking, no download of a library for GPUs
        setDefault("OPT_OUT_TRACKING", "true");
        setDefault("ai.djl.offline", "true");
        setDefault("RUST_FLAVOR", "cpu");
        // both default to the home directory of the password database, or to "?"
        setDefault("jna.tmpdir", temporaryDirectory().toString());
        setDefault(
                "DJL_CACHE_DIR", tokenizerCache(System.getenv(), temporaryDirectory()).toString());
    }

    private NativeLibraries() {}

    private static void setDefault(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }

    private static Path temporaryDirectory() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    /**
     * Returns the process's ONNX Runtime environment.
     *
     * @throws ModelException if its library cannot be loaded
     */
    public static OrtEnvironment onnxRuntime() {
        try {
            return OrtEnvironment.getEnvironment(LOGGING, OrtEnvironment.DEFAULT_NAME);
        } catch (LinkageError | IllegalStateException e) {
            throw loadFailure(
                    "ONNX Runtime",
                    temporaryDirectory(),
                    "FLINK_SPLADE_JAVA_OPTS=-Djava.io.tmpdir=DIR (on a cluster: env.java.opts.all)",
                    e);
        }
    }

    /**
     * Loads the Hugging Face tokenizers.
     *
     * @throws ModelException if their library cannot be loaded
     */
    public static void tokenizers() {
        Path directory = Utils.getEngineCacheDir("tokenizers");
        try {
            LibUtils.checkStatus();
        } catch (LinkageError | RuntimeException e) {
            throw loadFailure(
                    "the Hugging Face tokenizers",
                    directory,
                    "the environment variable DJL_CACHE_DIR",
                    e);
        }
        copyPermissions(directory);
    }

    /**
     * The directory into which the tokenizers' library is unpacked: {@code .djl.ai} in the home
     * directory, or in the temporary directory if this user cannot use the former.
     */
    static Path tokenizerCache(Map<String, String> environment, Path temporary) {
        Path fallback = temporary.resolve(".djl.ai");
        try {
            Path preferred = HomeDirectory.of(environment).resolve(".djl.ai");
            return isUsable(preferred.resolve("tokenizers")) ? preferred : fallback;
        } catch (UncheckedIOException e) {
            LOG.debug("no home directory, so the tokenizers are unpacked in {}", fallback, e);
            return fallback;
        }
    }

    /** Whether this user can read a library from a directory, or unpack it there. */
    private static boolean isUsable(Path directory) {
        if (!Files.isDirectory(directory)) {
            Path parent = existing(directory);
            return Files.isDirectory(parent) && Files.isWritable(parent);
        }
        try (Stream<Path> children = Files.list(directory)) {
            List<Path> versions = children.filter(Files::isDirectory).toList();
            return versions.stream().allMatch(v -> Files.isReadable(v) && Files.isExecutable(v))
                    && (!versions.isEmpty() || Files.isWritable(directory));
        } catch (IOException e) {
            return false; // not readable
        }
    }

    /** The nearest directory that exists. */
    private static Path existing(Path directory) {
        Path path = directory.toAbsolutePath();
        while (!Files.exists(path) && path.getParent() != null) {
            path = path.getParent();
        }
        return path;
    }

    /**
     * Sets the permissions of the unpacked files, readable only by their owner, to the parent's.
     */
    private static void copyPermissions(Path directory) {
        try (Stream<Path> versions = Files.list(directory)) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
            for (Path version : versions.toList()) {
                if (Files.isDirectory(version, LinkOption.NOFOLLOW_LINKS)
                        && !Files.getPosixFilePermissions(version).equals(permissions)) {
                    Files.setPosixFilePermissions(version, permissions);
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("the permissions below {} cannot be changed", directory, e);
        }
    }

    static ModelException loadFailure(String library, Path directory, String option, Throwable e) {
        Throwable root = e;
        boolean isNoexec = false;
        for (Throwable link = e; link != null; link = link.getCause()) {
            isNoexec |= NOEXEC.matcher(String.valueOf(link.getMessage())).find();
            root = link;
        }
        String reason = String.valueOf(root.getMessage()).replaceAll("\\s+", " ").strip();
        return new ModelException(
                "the native library of "
                        + library
                        + " cannot be loaded: "
                        + (isNoexec
                                ? directory + " is on a file system mounted noexec"
                                : problem(directory).orElse(reason))
                        + "; choose another directory with "
                        + option,
                e);
    }

    /** Why nothing can be unpacked into a directory; empty if unknown. */
    private static Optional<String> problem(Path directory) {
        Path existing = existing(directory);
        if (!Files.isDirectory(existing)) {
            return Optional.of(existing + " is not a directory");
        }
        if (!Files.isWritable(existing)) {
            return Optional.of(existing + " is not writable");
        }
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            return free < MAX_LIBRARY_BYTES
                    ? Optional.of(
                            directory
                                    + " is full (free: "
                                    + (free >> 20)
                                    + " MB, required: "
                                    + (MAX_LIBRARY_BYTES >> 20)
                                    + " MB)")
                    : Files.exists(directory)
                            ? Optional.empty()
                            : Optional.of(directory + " does not exist");
        } catch (IOException e) {
            return Optional.of(directory + ": " + FileErrors.reason(e));
        }
    }
}
