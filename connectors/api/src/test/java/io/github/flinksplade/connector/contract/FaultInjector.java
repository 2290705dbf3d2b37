package io.github.flinksplade.connector.contract;

/** Injects faults into a server under test. */
public interface FaultInjector {

    /** Makes the server unreachable: connections are refused, open ones are cut. */
    void down();

    /** Makes the server available again. */
    void up();

    /**
     * Makes the server accept requests and stall in the middle of each response; a response over
     * HTTP stalls after a part of the body.
     */
    void stall();

    /** Makes the server reject the next write requests, because there are too many. */
    void throttle(int requests);

    /**
     * Makes the server reject every change of this id permanently, as it rejects an invalid
     * document.
     *
     * @param id null to accept every change again
     */
    void reject(String id);
}
