/**
 * The HTTP client of all connectors that exchange JSON with a server.
 *
 * <p>{@link io.github.flinksplade.connector.http.JsonHttpClient} sends {@link
 * io.github.flinksplade.connector.http.JsonRequest}s to one server and returns {@link
 * io.github.flinksplade.connector.http.JsonResponse}s, with the credentials, the certificate
 * authorities and the deadline of {@link io.github.flinksplade.connector.ConnectionSettings}. The
 * connector interprets the responses.
 */
package io.github.flinksplade.connector.http;
