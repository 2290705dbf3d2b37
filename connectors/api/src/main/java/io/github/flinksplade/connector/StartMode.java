package io.github.flinksplade.connector;

/** How a job begins with a target. */
public enum StartMode {
    /** It has not written there before. */
    NEW,
    /** It has, and sends everything again: what is gone may be created and is filled. */
    REFILL,
    /**
     * It has, and goes on without sending again what it has sent: what is gone must not be created,
     * for most of it would be missing. See {@link #beginEmpty}.
     */
    RESUME;

    /**
     * To be called before something empty is created or begun with.
     *
     * @param place what is not there, for the message: {@code the index in idx}
     * @throws ConnectorException when the job goes on
     */
    public void beginEmpty(String place) {
        if (this == RESUME) {
            throw new ConnectorException(
                    place
                            + " is gone or empty, and a job that goes on does not send again what it"
                            + " has sent; bring it back, or start with --resend, which fills it");
        }
    }
}
