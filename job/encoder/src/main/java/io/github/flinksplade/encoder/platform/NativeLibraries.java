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
 * Loads the native libraries, which their jars unpack into a directory first. That fails where the
 * directory is full, is not writable or is on a file system mounted noexec; the libraries report it
 * as errors of the JVM that do not name the cause.
 */
public final class NativeLibraries {

    private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);

    private static final Pattern NO_EXECUTION =
            Pattern.compile("failed to map segment|[Oo]peration not permitted");

    // ONNX Runtime's messages on standard error repeat its exceptions, which reach the user
    public static final OrtLoggingLevel LOGGING = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;

    /** More than any of the libraries has. */
    private static final long NEEDED_BYTES = 32L << 20;

    static {
        // no connection: no usage tracking, no look for a build of the library for GPUs
        setUnlessGiven("OPT_OUT_TRACKING", "true");
        setUnlessGiven("ai.djl.offline", "true");
        setUnlessGiven("RUST_FLAVOR", "cpu");
        // both would take the home directory of the password database, or a folder named "?"
        setUnlessGiven("jna.tmpdir", temporary().toString());
        setUnlessGiven("DJL_CACHE_DIR", tokenizerCache(System.getenv(), temporary()).toString());
    }

    private NativeLibraries() {}

    private static void setUnlessGiven(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }

    private static Path temporary() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    /**
     * ONNX Runtime, of which a process has one.
     *
     * @throws ModelException when its library cannot be loaded
     */
    public static OrtEnvironment onnxRuntime() {
        try {
            return OrtEnvironment.getEnvironment(LOGGING, OrtEnvironment.DEFAULT_NAME);
        } catch (LinkageError | IllegalStateException e) {
            throw unusable(
                    "ONNX Runtime",
                    temporary(),
                    "FLINK_SPLADE_JAVA_OPTS=-Djava.io.tmpdir=DIR (on a cluster: env.java.opts.all)",
                    e);
        }
    }

    /**
     * The Hugging Face tokenizers.
     *
     * @throws ModelException when their library cannot be loaded
     */
    public static void tokenizers() {
        Path directory = Utils.getEngineCacheDir("tokenizers");
        try {
            LibUtils.checkStatus();
        } catch (LinkageError | RuntimeException e) {
            throw unusable(
                    "the Hugging Face tokenizers",
                    directory,
                    "the environment variable DJL_CACHE_DIR",
                    e);
        }
        share(directory);
    }

    /**
     * Where the tokenizers' library is unpacked: {@code .djl.ai} in the home directory, or in the
     * temporary directory if the first cannot be used by this user.
     */
    static Path tokenizerCache(Map<String, String> environment, Path temporary) {
        Path other = temporary.resolve(".djl.ai");
        try {
            Path own = HomeDirectory.of(environment).resolve(".djl.ai");
            return isUsable(own.resolve("tokenizers")) ? own : other;
        } catch (UncheckedIOException e) {
            LOG.debug("no home directory, so the tokenizers are unpacked in {}", other, e);
            return other;
        }
    }

    /** Whether a library can be read from a directory, or unpacked into it. */
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
            return false; // it cannot be read
        }
    }

    private static Path existing(Path directory) {
        Path path = directory.toAbsolutePath();
        while (!Files.exists(path) && path.getParent() != null) {
            path = path.getParent();
        }
        return path;
    }

    /** Gives what was unpacked, which only its owner can read, the permissions of its parent. */
    private static void share(Path directory) {
        try (Stream<Path> versions = Files.list(directory)) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
            for (Path version : versions.toList()) {
                if (Files.isDirectory(version, LinkOption.NOFOLLOW_LINKS)
                        && !Files.getPosixFilePermissions(version).equals(permissions)) {
                    Files.setPosixFilePermissions(version, permissions);
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("{} belongs to another user, or has no permissions", directory, e);
        }
    }

    static ModelException unusable(String library, Path directory, String wayOut, Throwable e) {
        Throwable root = e;
        boolean mapping = false;
        for (Throwable link = e; link != null; link = link.getCause()) {
            mapping |= NO_EXECUTION.matcher(String.valueOf(link.getMessage())).find();
            root = link;
        }
        String reason = String.valueOf(root.getMessage()).replaceAll("\\s+", " ").strip();
        return new ModelException(
                "the native library of "
                        + library
                        + " cannot be loaded: "
                        + (mapping
                                ? directory + " is on a file system mounted noexec"
                                : problem(directory).orElse(reason))
                        + "; choose another directory with "
                        + wayOut,
                e);
    }

    /** Why nothing can be unpacked into a directory. */
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
            return free < NEEDED_BYTES
                    ? Optional.of(
                            directory
                                    + " is full (free: "
                                    + (free >> 20)
                                    + " MB, needed: "
                                    + (NEEDED_BYTES >> 20)
                                    + " MB)")
                    : Files.exists(directory)
                            ? Optional.empty()
                            : Optional.of(directory + " does not exist");
        } catch (IOException e) {
            return Optional.of(directory + ": " + FileErrors.reason(e));
        }
    }
}
