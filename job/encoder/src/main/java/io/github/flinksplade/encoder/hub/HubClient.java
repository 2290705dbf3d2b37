package io.github.flinksplade.encoder.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.environment.EnvironmentProxySelector;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Speaks to a Hugging Face hub, or a mirror of one, about one repository. The token goes to the
 * hub's own address only, never to where it redirects. Lost connections, 408, 429 and 5xx are tried
 * again; a download goes on where it was cut off.
 */
final class HubClient {

    private static final Logger LOG = LoggerFactory.getLogger(HubClient.class);

    static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final String COMMIT = "[0-9A-Za-z]{7,64}";
    private static final int MOST_FAILURES = 5;
    private static final int MOST_REDIRECTS = 10;
    private static final long LONGEST_PAUSE_MILLIS = 30_000;

    /**
     * @param firstPause before the first repetition; doubles with each further one
     * @param silence how long a server may say nothing before the connection counts as lost
     */
    record Patience(Duration firstPause, Duration silence) {}

    /** What a revision is: its commit and the names of its files. */
    record Listing(String commit, Set<String> files) {}

    /**
     * A file on the hub.
     *
     * @param uri where to get it
     * @param name its path in the repository
     * @param etag what names its content; for large files their SHA-256
     * @param size in bytes, or -1 when the hub does not say
     */
    record Remote(URI uri, String name, String etag, long size) {

        /**
         * What is wrong with a copy of it, as the end of a sentence that begins with "it"; empty if
         * its size and, where the ETag is one, its digest match.
         */
        Optional<String> mismatch(Path file) throws IOException {
            long found = Files.size(file);
            return size >= 0 && found != size
                    ? Optional.of("has " + found + " bytes, not " + size)
                    : BlobDigest.mismatch(file, etag);
        }
    }

    private final String endpoint;
    private final String token;
    private final String repository;
    private final Patience patience;
    private final EnvironmentProxySelector proxies;
    private final HttpClient http;

    /**
     * @param endpoint the hub's address, empty for the default
     * @param token may be null
     * @param proxies the proxies for the hub and for where it redirects
     */
    HubClient(
            String endpoint,
            String token,
            String repository,
            Patience patience,
            EnvironmentProxySelector proxies) {
        String address = endpoint.isBlank() ? DEFAULT_ENDPOINT : endpoint.strip();
        this.endpoint = address.replaceAll("/+$", "");
        this.token = token;
        this.repository = repository;
        this.patience = patience;
        this.proxies = proxies;
        try {
            URI uri = new URI(this.endpoint);
            if (!"http".equals(uri.getScheme()) && !"https".equals(uri.getScheme())
                    || uri.getHost() == null) {
                throw new URISyntaxException(this.endpoint, "not an http or https address");
            }
        } catch (URISyntaxException e) {
            throw new ModelException(
                    "HF_ENDPOINT is '"
                            + address
                            + "', which is not an http or https address; write one such as "
                            + DEFAULT_ENDPOINT,
                    e);
        }
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(patience.silence())
                        .proxy(proxies)
                        .build();
    }

    /**
     * The commit and the files of a revision.
     *
     * @param reference the model as the user wrote it, for messages
     * @param candidates the files to look for where there is no list of them
     */
    Listing list(String reference, String revision, List<String> candidates) {
        URI uri =
                URI.create(
                        endpoint
                                + "/api/models/"
                                + repository
                                + "/revision/"
                                + URLEncoder.encode(revision, StandardCharsets.UTF_8));
        HttpResponse<InputStream> response = send("GET", uri, 0);
        byte[] body;
        try (InputStream in = response.body()) {
            body = in.readAllBytes();
        } catch (IOException e) {
            throw new ModelException(uri + " broke off: " + describe(e) + "; try again", e);
        }
        if (response.statusCode() != 200) {
            // a mirror may have the files without the hub's interface
            boolean mirror =
                    response.statusCode() == 404
                            && response.headers().firstValue("X-Error-Code").isEmpty();
            Optional<Listing> found = mirror ? probe(revision, candidates) : Optional.empty();
            return found.orElseThrow(() -> refused(reference, response, uri));
        }
        try {
            JsonNode json = new ObjectMapper().readTree(body);
            String commit = json.path("sha").asText("");
            Set<String> files = new HashSet<>();
            json.path("siblings").forEach(file -> files.add(file.path("rfilename").asText("")));
            if (!commit.matches(COMMIT)) {
                throw new ModelException(
                        uri + " does not name a commit; is HF_ENDPOINT a Hugging Face hub?");
            }
            return new Listing(commit, files);
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    uri + " does not answer in JSON; is HF_ENDPOINT a Hugging Face hub?", e);
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory", e);
        }
    }

    /** Asks for each file by itself; empty when there is none of them. */
    private Optional<Listing> probe(String revision, List<String> candidates) {
        String commit = null;
        Set<String> files = new HashSet<>();
        for (String name : candidates) {
            HttpResponse<InputStream> response = send("HEAD", resolve(revision, name), 0);
            closeQuietly(response);
            String at = response.headers().firstValue("X-Repo-Commit").orElse("");
            if (response.statusCode() < 400 && at.matches(COMMIT)) {
                commit = at;
                files.add(name);
            }
        }
        return commit == null ? Optional.empty() : Optional.of(new Listing(commit, files));
    }

    /** What the hub says about a file. */
    Remote head(String commit, String name) {
        URI uri = resolve(commit, name);
        for (int redirects = 0; ; redirects++) {
            HttpResponse<InputStream> response = send("HEAD", uri, 0);
            closeQuietly(response);
            int status = response.statusCode();
            boolean redirect = status >= 300 && status < 400;
            if (status != 200 && !redirect) {
                throw refused("hf:" + repository + ": " + name, response, uri);
            }
            Optional<String> linked = response.headers().firstValue("X-Linked-Etag");
            Optional<String> etag = linked.or(() -> response.headers().firstValue("ETag"));
            if (redirect && linked.isEmpty()) {
                // a renamed repository; a large file's redirect has the header
                uri = target(uri, response, redirects);
                continue;
            }
            String tag =
                    etag.orElseThrow(
                                    () ->
                                            new ModelException(
                                                    resolve(commit, name)
                                                            + " has no ETag; is HF_ENDPOINT a"
                                                            + " Hugging Face hub?"))
                            .replaceFirst("^W/", "")
                            .replace("\"", "");
            if (!tag.matches("[A-Za-z0-9][\\w.-]{0,199}")) {
                throw new ModelException(
                        uri + " has the ETag '" + tag + "', which cannot name a file");
            }
            long size =
                    response.headers()
                            .firstValueAsLong("X-Linked-Size")
                            .orElse(
                                    redirect
                                            ? -1
                                            : response.headers()
                                                    .firstValueAsLong("Content-Length")
                                                    .orElse(-1));
            return new Remote(uri, name, tag, size);
        }
    }

    /**
     * Downloads a file, going on where an earlier download of it was cut off.
     *
     * @param part where to; kept when the download fails, so that it can be resumed
     * @throws IOException when the file cannot be written
     */
    void download(Remote remote, Path part, Progress progress) throws IOException {
        int failures = 0;
        while (true) {
            long before = Files.exists(part) ? Files.size(part) : 0;
            String problem;
            try {
                problem = transfer(remote, part, before, progress);
            } catch (LostConnection e) {
                problem = e.getMessage();
            }
            if (problem == null) {
                Optional<String> mismatch = remote.mismatch(part);
                if (mismatch.isEmpty()) {
                    return;
                }
                problem = "it " + mismatch.get();
                Files.delete(part);
                before = 0;
            }
            long after = Files.exists(part) ? Files.size(part) : 0;
            failures = after > before ? 1 : failures + 1;
            if (failures >= MOST_FAILURES) {
                throw new ModelException(
                        remote.name()
                                + " cannot be fetched from "
                                + remote.uri()
                                + ": "
                                + problem
                                + "; try again, the download resumes where it stopped");
            }
            LOG.debug("{}: {}", remote.uri(), problem);
            pause(failures, Optional.empty());
        }
    }

    /** Returns what was wrong, or null when the transfer came to its end. */
    private String transfer(Remote remote, Path part, long resumeAt, Progress progress)
            throws IOException, LostConnection {
        if (remote.size() >= 0 && resumeAt == remote.size()) {
            return null;
        }
        if (remote.size() >= 0 && resumeAt > remote.size()) {
            Files.delete(part);
            resumeAt = 0;
        }
        URI uri = remote.uri();
        HttpResponse<InputStream> response = send("GET", uri, resumeAt);
        for (int redirects = 0;
                response.statusCode() >= 300 && response.statusCode() < 400;
                redirects++) {
            closeQuietly(response);
            uri = target(uri, response, redirects);
            response = send("GET", uri, resumeAt);
        }
        if (response.statusCode() == 416) {
            closeQuietly(response);
            Files.delete(part);
            return "the part that was there does not fit";
        }
        boolean resumed =
                response.statusCode() == 206
                        && response.headers()
                                .firstValue("Content-Range")
                                .orElse("")
                                .startsWith("bytes " + resumeAt + "-");
        if (response.statusCode() != 200 && !resumed) {
            closeQuietly(response);
            throw refused("hf:" + repository + ": " + remote.name(), response, uri);
        }
        long done = resumed ? resumeAt : 0;
        try (InputStream in = response.body();
                Watch watch = new Watch(in, patience.silence());
                OutputStream out =
                        Files.newOutputStream(
                                part,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                resumed
                                        ? StandardOpenOption.APPEND
                                        : StandardOpenOption.TRUNCATE_EXISTING)) {
            byte[] buffer = new byte[1 << 16];
            progress.report(remote.name(), done, remote.size());
            for (int read = read(in, buffer, watch); read >= 0; read = read(in, buffer, watch)) {
                watch.alive();
                out.write(buffer, 0, read);
                done += read;
                progress.report(remote.name(), done, remote.size());
                if (remote.size() >= 0 && done > remote.size()) {
                    break;
                }
            }
        }
        if (remote.size() >= 0 && done < remote.size()) {
            return "the connection ended after " + done + " of " + remote.size() + " bytes";
        }
        return null;
    }

    /** The connection broke while reading; unlike an IOException, which is about writing. */
    private static final class LostConnection extends Exception {
        private static final long serialVersionUID = 1L;

        LostConnection(String message, IOException cause) {
            super(message, cause);
        }
    }

    private static int read(InputStream in, byte[] buffer, Watch watch) throws LostConnection {
        try {
            int read = in.read(buffer);
            if (read < 0 && watch.expired()) {
                throw new IOException("closed");
            }
            return read;
        } catch (IOException e) {
            throw new LostConnection(
                    watch.expired() ? "the server sends nothing more" : describe(e), e);
        }
    }

    /** Closes a stream on which nothing has arrived for too long: java.net.http does not. */
    private static final class Watch implements AutoCloseable {
        private final AtomicLong lastNanos = new AtomicLong(System.nanoTime());
        private final Thread thread;
        private volatile boolean expired;

        Watch(InputStream stream, Duration silence) {
            thread =
                    new Thread(
                            () -> {
                                try {
                                    long left = silence.toNanos();
                                    while (left > 0) {
                                        Thread.sleep(left / 1_000_000 + 1);
                                        left =
                                                silence.toNanos()
                                                        - (System.nanoTime() - lastNanos.get());
                                    }
                                    expired = true;
                                    stream.close();
                                } catch (InterruptedException | IOException e) {
                                    LOG.trace("the watch ends", e);
                                }
                            },
                            "splade-download-watch");
            thread.setDaemon(true);
            thread.start();
        }

        boolean expired() {
            return expired;
        }

        void alive() {
            lastNanos.set(System.nanoTime());
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }

    private URI resolve(String revision, String name) {
        StringBuilder path = new StringBuilder();
        for (String segment : name.split("/")) {
            path.append('/')
                    .append(URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20"));
        }
        return URI.create(
                endpoint
                        + "/"
                        + repository
                        + "/resolve/"
                        + URLEncoder.encode(revision, StandardCharsets.UTF_8)
                        + path);
    }

    private static URI target(URI from, HttpResponse<?> response, int redirects) {
        String location = response.headers().firstValue("Location").orElse("");
        if (location.isEmpty() || redirects >= MOST_REDIRECTS) {
            throw new ModelException(
                    from
                            + (location.isEmpty()
                                    ? " redirects to nowhere"
                                    : " redirects in circles"));
        }
        try {
            URI target = from.resolve(location);
            if ("http".equals(target.getScheme()) || "https".equals(target.getScheme())) {
                return target;
            }
        } catch (IllegalArgumentException e) {
            throw new ModelException(from + " redirects to '" + location + "'", e);
        }
        throw new ModelException(from + " redirects to '" + location + "'");
    }

    /** Sends a request until it is answered by something that repeating cannot change. */
    private HttpResponse<InputStream> send(String method, URI uri, long resumeAt) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .timeout(patience.silence())
                        .header("User-Agent", "flink-splade")
                        .header("Accept-Encoding", "identity");
        if (resumeAt > 0) {
            request.header("Range", "bytes=" + resumeAt + "-");
        }
        if (token != null && isHub(uri)) {
            request.header("Authorization", "Bearer " + token);
        }
        String via;
        try {
            proxies.authorization(uri)
                    .ifPresent(value -> request.header("Proxy-Authorization", value));
            via = proxies.describe(uri).map(proxy -> " through " + proxy).orElse("");
        } catch (IllegalArgumentException e) {
            throw new ModelException(uri + " cannot be reached: " + e.getMessage(), e);
        }
        for (int failures = 1; ; failures++) {
            String problem;
            Optional<String> retryAfter = Optional.empty();
            try {
                HttpResponse<InputStream> response =
                        http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
                int status = response.statusCode();
                if (status == 407) {
                    closeQuietly(response);
                    throw new ModelException(
                            uri
                                    + " cannot be reached"
                                    + via
                                    + ": the proxy requires other credentials (407); write them as"
                                    + " http://user:password@host:port");
                }
                if (status != 408 && status != 429 && status < 500) {
                    return response;
                }
                closeQuietly(response);
                problem = "it answers " + status;
                retryAfter = response.headers().firstValue("Retry-After");
            } catch (IOException e) {
                problem = describe(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ModelException("interrupted while fetching " + uri, e);
            }
            if (failures >= MOST_FAILURES) {
                throw new ModelException(
                        uri
                                + " cannot be reached"
                                + via
                                + ": "
                                + problem
                                + "; check the network, HF_ENDPOINT and the proxy variables, and try"
                                + " again");
            }
            LOG.debug("{} {}: {}", method, uri, problem);
            pause(failures, retryAfter);
        }
    }

    private boolean isHub(URI uri) {
        URI hub = URI.create(endpoint);
        return hub.getScheme().equals(uri.getScheme())
                && hub.getHost().equalsIgnoreCase(uri.getHost())
                && port(hub) == port(uri);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
    }

    private void pause(int failures, Optional<String> retryAfter) {
        long millis = patience.firstPause().toMillis() << (failures - 1);
        if (retryAfter.isPresent() && retryAfter.get().matches("\\d{1,6}")) {
            millis = Math.max(millis, Long.parseLong(retryAfter.get()) * 1000);
        }
        try {
            Thread.sleep(Math.min(millis, LONGEST_PAUSE_MILLIS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException("interrupted while fetching from " + endpoint, e);
        }
    }

    private ModelException refused(String what, HttpResponse<?> response, URI uri) {
        int status = response.statusCode();
        String code = response.headers().firstValue("X-Error-Code").orElse("");
        if (status == 401 || status == 403) {
            return new ModelException(
                    endpoint
                            + " refuses "
                            + what
                            + " ("
                            + status
                            + "): it does not exist, or is private or gated; check the name, and "
                            + (token == null
                                    ? "set HF_TOKEN to a token that may read it"
                                    : "whether the token in HF_TOKEN may read it"));
        }
        if (status == 404) {
            String missing =
                    switch (code) {
                        case "RevisionNotFound" -> "the revision does not exist";
                        case "EntryNotFound" -> "the file does not exist";
                        case "RepoNotFound" -> "the repository does not exist";
                        default -> "not found";
                    };
            return new ModelException(
                    what + ": " + missing + " (404 from " + uri + "); check the name");
        }
        return new ModelException(what + ": " + uri + " answers " + status);
    }

    /** A failed connection in words. */
    private static String describe(IOException e) {
        Throwable root = e;
        while (root.getMessage() == null && root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof UnresolvedAddressException || root instanceof UnknownHostException) {
            return "the host name is unknown";
        }
        if (e instanceof HttpTimeoutException) {
            return "no answer in time";
        }
        if (root instanceof ClosedChannelException) {
            return "the connection was refused or closed";
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    private static void closeQuietly(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException e) {
            LOG.trace("closing an answer that is not needed", e);
        }
    }
}
