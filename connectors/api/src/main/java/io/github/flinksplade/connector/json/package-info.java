/**
 * JSON as records contain it: values keep the digits of their numbers and the order of their
 * fields, so what is not encoded is written as it was read.
 */
package io.github.flinksplade.connector.json;
