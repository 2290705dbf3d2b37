package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** Options that have the same meaning in several sinks. */
@PublicEvolving
public final class SinkOptions {

    /** Whether the text is stored. */
    public static final ConnectorOption<Boolean> TEXT =
            ConnectorOption.flag("text", true, "store the text");

    /** Names separated by commas; null for all fields. */
    public static final ConnectorOption<String> FIELDS =
            ConnectorOption.text(
                            "fields",
                            "names, separated by commas",
                            null,
                            "the other fields to store: `fields=title,price`; `fields=` stores none."
                                    + " A passage keeps its own fields")
                    .withDefaultText("all");

    /** Whether the connection is encrypted. */
    public static final ConnectorOption<Boolean> TLS =
            ConnectorOption.flag(
                    "tls",
                    false,
                    "encrypt the connection and verify the server's certificate, against the"
                            + " authorities of the property `ca` or those that Java trusts");

    private SinkOptions() {}
}
