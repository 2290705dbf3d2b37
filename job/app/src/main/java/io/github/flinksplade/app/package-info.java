/**
 * The program, as its two main classes: {@link io.github.flinksplade.app.Main}, the command line,
 * and {@link io.github.flinksplade.app.SpladeJobMain}, which a Flink cluster runs. Everything else
 * is in the packages below, which do not depend on each other in cycles: {@code cli} and {@code
 * cluster} at the top, then {@code demo}, {@code local} and {@code search}, then {@code job},
 * {@code config} and {@code model}, and {@code io} and {@code console} at the bottom.
 */
package io.github.flinksplade.app;
