package io.github.flinksplade.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A page in a headless Chromium, controlled by the DevTools protocol. */
final class HeadlessBrowser implements AutoCloseable {

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    private final Process process;
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger lastId = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();
    private final List<String> problems = new CopyOnWriteArrayList<>();
    private WebSocket socket;

    private HeadlessBrowser(Process process) {
        this.process = process;
    }

    /** The installed browser; null without one. */
    static Path installed() {
        return Stream.of(System.getenv("PATH").split(":"))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    /** Starts the browser with an empty page. */
    static HeadlessBrowser start(Path directory) throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                installed().toString(),
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--force-color-profile=srgb",
                                "--remote-debugging-port=0",
                                "--user-data-dir=" + directory.resolve("profile"),
                                "about:blank"));
        HeadlessBrowser browser =
                new HeadlessBrowser(
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(directory.resolve("browser.log").toFile())
                                .start());
        try {
            browser.connect(directory.resolve("profile/DevToolsActivePort"));
        } catch (Exception e) {
            browser.close();
            throw e;
        }
        return browser;
    }

    private void connect(Path portFile) throws Exception {
        TestClient.await(
                "the browser",
                () -> {
                    try {
                        return Files.exists(portFile) && Files.readAllLines(portFile).size() == 2;
                    } catch (IOException e) {
                        return false;
                    }
                });
        URI created =
                URI.create("http://127.0.0.1:" + Files.readAllLines(portFile).get(0) + "/json/new");
        JsonNode page =
                TestClient.JSON.readTree(
                        http.send(
                                        HttpRequest.newBuilder(created)
                                                .method("PUT", BodyPublishers.noBody())
                                                .build(),
                                        BodyHandlers.ofString())
                                .body());
        socket =
                http.newWebSocketBuilder()
                        .buildAsync(
                                URI.create(page.get("webSocketDebuggerUrl").asText()),
                                new Listener())
                        .join();
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    private final class Listener implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                receive(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void receive(String message) {
        JsonNode json;
        try {
            json = TestClient.JSON.readTree(message);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        if (json.has("id")) {
            pending.remove(json.get("id").asInt()).complete(json);
        } else if (json.path("method").asText().equals("Runtime.exceptionThrown")
                || (json.path("method").asText().equals("Log.entryAdded")
                        && json.at("/params/entry/level").asText().equals("error"))) {
            problems.add(json.get("params").toString());
        } else if (json.path("method").asText().equals("Page.javascriptDialogOpening")) {
            problems.add("dialog: " + json.get("params"));
        }
    }

    /** Calls a method of the protocol. */
    JsonNode call(String method, Map<String, ?> parameters) throws Exception {
        int id = lastId.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        pending.put(id, answer);
        ObjectNode request = TestClient.JSON.createObjectNode();
        request.put("id", id).put("method", method);
        request.set("params", TestClient.JSON.valueToTree(parameters));
        socket.sendText(request.toString(), true).join();
        JsonNode json = answer.get(TestClient.TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        if (json.has("error")) {
            throw new IllegalStateException(method + ": " + json.get("error"));
        }
        return json.get("result");
    }

    /** Loads a page; the size is in CSS pixels. */
    void open(URI uri, int width, int height, String colorScheme) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of(
                        "width",
                        width,
                        "height",
                        height,
                        "deviceScaleFactor",
                        1,
                        "mobile",
                        width < 500));
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", colorScheme))));
        call("Page.navigate", Map.of("url", uri.toString()));
        awaitTrue(
                "location.href === "
                        + TestClient.JSON.valueToTree(uri.toString())
                        + " && document.readyState === 'complete'");
    }

    /** The value of a JavaScript expression. */
    JsonNode evaluate(String expression) throws Exception {
        JsonNode result =
                call(
                        "Runtime.evaluate",
                        Map.of(
                                "expression",
                                expression,
                                "returnByValue",
                                true,
                                "awaitPromise",
                                true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.at("/result/value");
    }

    /** Waits until an expression is true. */
    void awaitTrue(String expression) {
        TestClient.await(
                expression,
                () -> {
                    try {
                        return evaluate("Boolean(" + expression + ")").booleanValue();
                    } catch (IllegalStateException e) {
                        return false; // the page is being replaced
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
    }

    /** Presses and releases a key, such as {@code Enter}. */
    void press(String key) throws Exception {
        String text = key.equals("Enter") ? "\r" : key.length() == 1 ? key : "";
        int code =
                switch (key) {
                    case "Enter" -> 13;
                    case "ArrowUp" -> 38;
                    case "ArrowDown" -> 40;
                    default -> 0;
                };
        call(
                "Input.dispatchKeyEvent",
                Map.of(
                        "type",
                        text.isEmpty() ? "rawKeyDown" : "keyDown",
                        "key",
                        key,
                        "text",
                        text,
                        "windowsVirtualKeyCode",
                        code));
        call(
                "Input.dispatchKeyEvent",
                Map.of("type", "keyUp", "key", key, "windowsVirtualKeyCode", code));
    }

    void type(String text) throws Exception {
        call("Input.insertText", Map.of("text", text));
    }

    /** Writes what the page shows as a PNG file. */
    void screenshot(Path file) throws Exception {
        String data = call("Page.captureScreenshot", Map.of("format", "png")).get("data").asText();
        Files.write(file, Base64.getDecoder().decode(data));
    }

    /** Exceptions of scripts, dialogs, and errors that the browser has logged. */
    List<String> problems() {
        return problems;
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
    }
}
