package io.github.flinksplade.connector.contract;

/** What can be made to go wrong with a server under test. */
public interface Faults {

    /** From now on the server cannot be reached: connections are refused, open ones are cut. */
    void down();

    /** It can be reached again, and answers. */
    void up();

    /**
     * From now on the server accepts requests, and stalls in the middle of each response: of one
     * over HTTP after a part of the body.
     */
    void stall();

    /** The next requests that write are refused because there are too many. */
    void throttle(int requests);

    /**
     * Whatever is written under this id is refused for good, in the way the server refuses a
     * document that it cannot take.
     */
    void refuse(String id);
}
