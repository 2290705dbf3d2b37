/**
 * Settings from environment variables that the encoder and the connectors share: the user's home
 * directory and the HTTP proxies. This module depends on the JDK only.
 */
package io.github.flinksplade.environment;
