/**
 * Tests of {@code deploy/kubernetes}. There is no cluster: {@link
 * io.github.flinksplade.kubernetes.Manifests} reads the rendered overlays, {@link
 * io.github.flinksplade.kubernetes.OperatorPods} makes pods of them with Flink's own factories, and
 * the tests compare both with the job, the image, Flink's options and the page docs/kubernetes.md.
 */
package io.github.flinksplade.kubernetes;
