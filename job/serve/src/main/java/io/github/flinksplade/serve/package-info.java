/**
 * An HTTP server for queries: {@code POST /embed_sparse} as Hugging Face's
 * text-embeddings-inference has it, {@code POST /search} on the indexes that jobs write, and a
 * search page.
 *
 * <p>{@link io.github.flinksplade.serve.SpladeServer} is the entry point and {@link
 * io.github.flinksplade.serve.ServeOptions} has the options. A request passes these handlers:
 *
 * <ol>
 *   <li>Jetty's {@code GracefulHandler} waits for requests in progress when the server stops;
 *   <li>Jetty's {@code CrossOriginHandler}, if origins are configured;
 *   <li>{@code AccessHandler} adds the security headers and requires the token;
 *   <li>Jetty's {@code QoSHandler} limits the concurrent requests and {@code SizeLimitHandler} the
 *       size of a body;
 *   <li>{@code RouteHandler} reads the body without blocking and calls the {@code Endpoint} of the
 *       path and method.
 * </ol>
 *
 * <p>The texts of all requests are batched by one {@link
 * io.github.flinksplade.encoder.MicroBatcher} per model, and indexes with the same model share it.
 */
package io.github.flinksplade.serve;
