package io.github.flinksplade.serve;

import java.util.concurrent.CompletableFuture;

/** What a route does. */
@FunctionalInterface
interface Endpoint {

    /**
     * Answers a request. If the returned future is completed first, because the request takes too
     * long, the work may stop.
     *
     * @param body the body; empty for GET
     * @throws RequestException as the future's failure or directly: the error to answer with
     */
    CompletableFuture<Answer> answer(byte[] body);
}
