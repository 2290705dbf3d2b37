package io.github.flinksplade.encoder.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP API of a Hugging Face hub, or of a mirror, for one repository. A download resumes where
 * it was interrupted.
 */
final class HubClient {

    private static final Logger LOG = LoggerFactory.getLogger(HubClient.class);

    private static final String COMMIT = "[0-9A-Za-z]{7,64}";

    private final HubHttp http;
    private final String repository;

    /**
     * A revision.
     *
     * @param files the names of its files
     * @param isComplete whether it has no others; false if the server cannot list files
     */
    record Listing(String commit, Set<String> files, boolean isComplete) {}

    /**
     * A file on the hub.
     *
     * @param uri where to download it
     * @param name its path in the repository
     * @param etag identifies its content; for large files their SHA-256
     * @param size in bytes, or -1 if the hub does not report it
     */
    record RemoteFile(URI uri, String name, String etag, long size) {

        /**
         * How a copy differs from it, as the end of a sentence that starts with "it"; empty if its
         * size and, if the ETag is one, its digest match.
         */
        Optional<String> mismatch(Path file) throws IOException {
            long actual = Files.size(file);
            return size >= 0 && actual != size
                    ? Optional.of("has " + actual + " bytes, not " + size)
                    : CachedBlob.mismatch(file, etag);
        }
    }

    /**
     * @param repository {@code owner/name}
     */
    HubClient(HubHttp http, String repository) {
        this.http = http;
        this.repository = repository;
    }

    /**
     * Returns the commit and the files of a revision.
     *
     * @param reference the model as the user wrote it, for messages
     * @param candidates the files to look for if the server cannot list files
     */
    Listing list(String reference, String revision, List<String> candidates) {
        URI uri =
                URI.create(
                        http.endpoint()
                                + "/api/models/"
                                + repository
                                + "/revision/"
                                + URLEncoder.encode(revision, StandardCharsets.UTF_8));
        HttpResponse<InputStream> response = http.get(uri, 0);
        byte[] body;
        try (InputStream in = response.body()) {
            body = in.readAllBytes();
        } catch (IOException e) {
            throw new ModelException(
                    "the response of "
                            + uri
                            + " is incomplete: "
                            + HubHttp.describe(e)
                            + "; try again",
                    e);
        }
        if (response.statusCode() != 200) {
            // a mirror may have the files without the hub's API
            boolean isMirror =
                    response.statusCode() == 404
                            && response.headers().firstValue("X-Error-Code").isEmpty();
            Optional<Listing> listing = isMirror ? probe(revision, candidates) : Optional.empty();
            return listing.orElseThrow(() -> failure(reference, response, uri));
        }
        try {
            JsonNode json = new ObjectMapper().readTree(body);
            String commit = json.path("sha").asText("");
            Set<String> files = new HashSet<>();
            json.path("siblings").forEach(file -> files.add(file.path("rfilename").asText("")));
            if (!commit.matches(COMMIT)) {
                throw new ModelException(
                        uri + " returns no commit; is HF_ENDPOINT a Hugging Face hub?");
            }
            return new Listing(commit, files, true);
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    uri + " does not return JSON; is HF_ENDPOINT a Hugging Face hub?", e);
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory", e);
        }
    }

    /** Requests each file; empty if none exists. */
    private Optional<Listing> probe(String revision, List<String> candidates) {
        String commit = null;
        Set<String> files = new HashSet<>();
        for (String name : candidates) {
            HttpResponse<InputStream> response = http.head(fileUri(revision, name));
            HubHttp.discard(response);
            String fileCommit = response.headers().firstValue("X-Repo-Commit").orElse("");
            if (response.statusCode() < 400 && fileCommit.matches(COMMIT)) {
                commit = fileCommit;
                files.add(name);
            }
        }
        return commit == null ? Optional.empty() : Optional.of(new Listing(commit, files, false));
    }

    /** Whether a file exists. */
    boolean exists(String commit, String name) {
        HttpResponse<InputStream> response = http.head(fileUri(commit, name));
        HubHttp.discard(response);
        return response.statusCode() < 400;
    }

    /** Returns the properties of a file. */
    RemoteFile head(String commit, String name) {
        URI uri = fileUri(commit, name);
        for (int redirects = 0; ; redirects++) {
            HttpResponse<InputStream> response = http.head(uri);
            HubHttp.discard(response);
            boolean isRedirect = HubHttp.isRedirect(response);
            if (response.statusCode() != 200 && !isRedirect) {
                throw failure("hf:" + repository + ": " + name, response, uri);
            }
            Optional<String> linkedEtag = response.headers().firstValue("X-Linked-Etag");
            if (isRedirect && linkedEtag.isEmpty()) {
                // a renamed repository; the redirect of a large file has the header
                uri = HubHttp.redirectTarget(uri, response, redirects);
                continue;
            }
            String etag =
                    linkedEtag
                            .or(() -> response.headers().firstValue("ETag"))
                            .orElseThrow(
                                    () ->
                                            new ModelException(
                                                    fileUri(commit, name)
                                                            + " has no ETag; is HF_ENDPOINT a"
                                                            + " Hugging Face hub?"))
                            .replaceFirst("^W/", "")
                            .replace("\"", "");
            if (!etag.matches("[A-Za-z0-9][\\w.-]{0,199}")) {
                throw new ModelException(
                        uri + " has the ETag '" + etag + "', which is not a valid file name");
            }
            long size =
                    response.headers()
                            .firstValueAsLong("X-Linked-Size")
                            .orElse(
                                    isRedirect
                                            ? -1
                                            : response.headers()
                                                    .firstValueAsLong("Content-Length")
                                                    .orElse(-1));
            return new RemoteFile(uri, name, etag, size);
        }
    }

    /**
     * Downloads a file, resuming an interrupted download of it.
     *
     * @param part the file to write; kept if the download fails, so that it can be resumed
     * @throws IOException if the file cannot be written
     */
    void download(RemoteFile remote, Path part, Progress progress) throws IOException {
        int attempts = 0;
        while (true) {
            long before = Files.exists(part) ? Files.size(part) : 0;
            Optional<String> problem;
            try {
                problem = transfer(remote, part, before, progress);
            } catch (LostConnection e) {
                problem = Optional.of(e.getMessage());
            }
            if (problem.isEmpty()) {
                Optional<String> mismatch = remote.mismatch(part);
                if (mismatch.isEmpty()) {
                    return;
                }
                problem = mismatch.map(text -> "it " + text);
                Files.delete(part);
                before = 0;
            }
            long after = Files.exists(part) ? Files.size(part) : 0;
            attempts = after > before ? 1 : attempts + 1;
            if (attempts >= HubHttp.MAX_ATTEMPTS) {
                throw new ModelException(
                        remote.name()
                                + " cannot be downloaded from "
                                + remote.uri()
                                + ": "
                                + problem.get()
                                + "; try again, the download resumes where it stopped");
            }
            LOG.debug("{}: {}", remote.uri(), problem.get());
            http.backOff(attempts, Optional.empty());
        }
    }

    /** Returns what was wrong; empty if the transfer is complete. */
    private Optional<String> transfer(
            RemoteFile remote, Path part, long resumeAt, Progress progress)
            throws IOException, LostConnection {
        if (remote.size() >= 0 && resumeAt == remote.size()) {
            return Optional.empty();
        }
        if (remote.size() >= 0 && resumeAt > remote.size()) {
            Files.delete(part);
            resumeAt = 0;
        }
        URI uri = remote.uri();
        HttpResponse<InputStream> response = http.get(uri, resumeAt);
        for (int redirects = 0; HubHttp.isRedirect(response); redirects++) {
            HubHttp.discard(response);
            uri = HubHttp.redirectTarget(uri, response, redirects);
            response = http.get(uri, resumeAt);
        }
        if (response.statusCode() == 416) {
            HubHttp.discard(response);
            Files.delete(part);
            return Optional.of("the interrupted download is not part of it");
        }
        boolean isResumed =
                response.statusCode() == 206
                        && response.headers()
                                .firstValue("Content-Range")
                                .orElse("")
                                .startsWith("bytes " + resumeAt + "-");
        if (response.statusCode() != 200 && !isResumed) {
            HubHttp.discard(response);
            throw failure("hf:" + repository + ": " + remote.name(), response, uri);
        }
        long done = isResumed ? resumeAt : 0;
        try (InputStream in = response.body();
                StallWatch watch = new StallWatch(in, http.readTimeout());
                OutputStream out =
                        Files.newOutputStream(
                                part,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                isResumed
                                        ? StandardOpenOption.APPEND
                                        : StandardOpenOption.TRUNCATE_EXISTING)) {
            byte[] buffer = new byte[1 << 16];
            progress.report(remote.name(), done, remote.size());
            for (int read = read(in, buffer, watch); read >= 0; read = read(in, buffer, watch)) {
                watch.dataArrived();
                out.write(buffer, 0, read);
                done += read;
                progress.report(remote.name(), done, remote.size());
                if (remote.size() >= 0 && done > remote.size()) {
                    break;
                }
            }
        }
        return remote.size() >= 0 && done < remote.size()
                ? Optional.of(
                        "the connection ended after " + done + " of " + remote.size() + " bytes")
                : Optional.empty();
    }

    /** The connection failed while reading; an IOException is about writing the file. */
    private static final class LostConnection extends Exception {
        private static final long serialVersionUID = 1L;

        LostConnection(String message, IOException cause) {
            super(message, cause);
        }
    }

    private static int read(InputStream in, byte[] buffer, StallWatch watch) throws LostConnection {
        try {
            int read = in.read(buffer);
            if (read < 0 && watch.isExpired()) {
                throw new IOException("closed");
            }
            return read;
        } catch (IOException e) {
            throw new LostConnection(
                    watch.isExpired() ? "the server stopped sending" : HubHttp.describe(e), e);
        }
    }

    private URI fileUri(String revision, String name) {
        StringBuilder path = new StringBuilder();
        for (String segment : name.split("/")) {
            path.append('/')
                    .append(URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20"));
        }
        return URI.create(
                http.endpoint()
                        + "/"
                        + repository
                        + "/resolve/"
                        + URLEncoder.encode(revision, StandardCharsets.UTF_8)
                        + path);
    }

    private ModelException failure(String requested, HttpResponse<?> response, URI uri) {
        int status = response.statusCode();
        if (status == 401 || status == 403) {
            return new ModelException(
                    http.endpoint()
                            + " denies access to "
                            + requested
                            + " ("
                            + status
                            + "): it does not exist, or is private or gated; check the name, and "
                            + (http.hasToken()
                                    ? "whether the token in HF_TOKEN has access"
                                    : "set HF_TOKEN to a token that has access"));
        }
        if (status == 404) {
            String reason =
                    switch (response.headers().firstValue("X-Error-Code").orElse("")) {
                        case "RevisionNotFound" -> "the revision does not exist";
                        case "EntryNotFound" -> "the file does not exist";
                        case "RepoNotFound" -> "the repository does not exist";
                        default -> "not found";
                    };
            return new ModelException(
                    requested + ": " + reason + " (404 from " + uri + "); check the name");
        }
        return new ModelException(requested + ": " + uri + " returns status " + status);
    }
}
