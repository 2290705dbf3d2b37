/**
 * The one HTTP client of all connectors that talk JSON to a server.
 *
 * <p>{@link io.github.flinksplade.connector.http.JsonHttpClient} sends {@link
 * io.github.flinksplade.connector.http.JsonRequest}s to one server and returns {@link
 * io.github.flinksplade.connector.http.JsonResponse}s, with the credentials, the certificate
 * authorities and the deadline of {@link io.github.flinksplade.connector.ConnectionSettings}. What
 * a response means is the connector's to say.
 */
package io.github.flinksplade.connector.http;
