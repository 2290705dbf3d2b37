package io.github.flinksplade.app;

import java.util.Locale;

/** Process-wide defaults that make libraries behave the same on every machine. */
final class ProcessDefaults {

    private ProcessDefaults() {}

    /**
     * Sets the root locale (Kafka's connector lower-cases configuration values in the default
     * locale, which fails in a Turkish one), and disables usage reports, downloads and the notice
     * of the AWS SDK in Flink's plugin for S3, which is printed with a stack trace.
     */
    static void apply() {
        Locale.setDefault(Locale.ROOT);
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        System.setProperty("aws.java.v1.disableDeprecationAnnouncement", "true");
    }
}
