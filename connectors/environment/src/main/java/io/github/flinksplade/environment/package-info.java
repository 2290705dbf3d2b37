/**
 * What the process's environment variables say that both the encoder and the connectors must
 * follow: the user's home directory and the HTTP proxies. It depends on the JDK only.
 */
package io.github.flinksplade.environment;
