package io.github.flinksplade.app.finish;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.PendingCommits;
import io.github.flinksplade.connector.PendingCommits.Outcome;
import io.github.flinksplade.connector.PendingCommits.Result;
import io.github.flinksplade.connector.PendingCommits.Transaction;
import io.github.flinksplade.connector.SinkState;
import io.github.flinksplade.pipeline.SinkStates;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Commits what the sinks and the dead-letter queue of a job wrote before a checkpoint. */
public final class JobFinish implements AutoCloseable {

    /**
     * How long the job's writers are observed: longer than the default interval of checkpoints,
     * with each of which Kafka producers change.
     */
    private static final int OBSERVED_SECONDS = 12;

    private final Console console;
    private final boolean isSavepoint;
    private final List<Target> targets = new ArrayList<>();

    /**
     * @param location the URI, for messages
     */
    private record Target(String location, PendingCommits commits, SinkState state) {}

    private JobFinish(Console console, boolean isSavepoint) {
        this.console = console;
        this.isSavepoint = isSavepoint;
    }

    /**
     * Connects to the servers of all sinks whose commits expire.
     *
     * @param settings the job's {@link JobSettings#TO} and {@link JobSettings#DEAD_LETTERS}
     * @throws UserException if the settings do not have the sinks that the checkpoint contains
     * @throws IOException if a state cannot be read
     */
    public static JobFinish open(JobSettings settings, SinkStates states, Console console)
            throws IOException {
        JobFinish finish = new JobFinish(console, states.isSavepoint());
        try {
            finish.connect(settings, states);
            return finish;
        } catch (IOException | RuntimeException e) {
            finish.close();
            throw e;
        }
    }

    private void connect(JobSettings settings, SinkStates states) throws IOException {
        List<String> unnamed = new ArrayList<>(states.sinks());
        for (ConnectorUri uri : settings.get(JobSettings.TO)) {
            Connector connector = Connectors.of(uri);
            if (!connector.commitsExpire()) {
                continue;
            }
            PendingCommits commits = connector.pendingCommits(uri);
            String identity;
            try {
                identity = commits.identity();
            } catch (RuntimeException e) {
                commits.close();
                throw e;
            }
            targets.add(new Target(uri.toString(), commits, states.sink(identity)));
            if (!unnamed.remove(identity)) {
                throw new UserException(
                        "the checkpoint does not contain the sink "
                                + uri
                                + " ("
                                + identity
                                + "). It contains "
                                + String.join(", ", states.sinks())
                                + ". Correct --to or the checkpoint");
            }
        }
        for (String identity : unnamed) {
            Connector connector =
                    Connectors.all().get(identity.substring(0, identity.indexOf(':')));
            if (connector != null && connector.commitsExpire()) {
                throw new UserException(
                        "the checkpoint contains the sink "
                                + identity
                                + ", which no --to names. Add the --to of all sinks of the job, or"
                                + " its --config");
            }
        }
        connectDeadLetters(settings.get(JobSettings.DEAD_LETTERS), states.deadLetters());
    }

    private void connectDeadLetters(ConnectorUri uri, SinkState state) {
        if (uri != null && Connectors.of(uri).commitsExpire()) {
            targets.add(new Target(uri.toString(), Connectors.of(uri).pendingCommits(uri), state));
            return;
        }
        for (Connector connector : Connectors.all().values()) {
            if (connector.wrote(state)) {
                throw new UserException(
                        "the job writes dead letters to "
                                + connector.scheme()
                                + ":, but "
                                + (uri == null ? "no --dead-letters is given" : uri + " is given")
                                + ". Specify the --dead-letters of the job, or its --config");
            }
        }
    }

    /**
     * Fails if the job writes or completes checkpoints. Takes {@value #OBSERVED_SECONDS} seconds.
     *
     * @throws UserException if it does
     */
    public void requireDown() {
        if (targets.isEmpty()) {
            return;
        }
        console.info("Checking for " + OBSERVED_SECONDS + " s that the job is down.");
        List<String> before = activities();
        try {
            TimeUnit.SECONDS.sleep(OBSERVED_SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("interrupted", e);
        }
        List<String> after = activities();
        for (int i = 0; i < before.size(); i++) {
            if (!before.get(i).equals(after.get(i))) {
                throw new UserException(
                        "the transactions of the job in "
                                + targets.get(i).location()
                                + " have changed within "
                                + OBSERVED_SECONDS
                                + " s, so the job is running or they are timing out. Cancel the"
                                + " job if it is running, and repeat the command");
            }
        }
    }

    private List<String> activities() {
        return targets.stream().map(target -> target.commits().activity(target.state())).toList();
    }

    /**
     * Commits, and prints the outcome for each sink.
     *
     * @throws UserException if transactions are lost or unknown
     */
    public void commit() {
        Results results = new Results(console);
        List<Transaction> failed = new ArrayList<>();
        for (Target target : targets) {
            Result result = target.commits().commit(target.state(), !isSavepoint);
            for (String line : lines(result)) {
                results.line(target.location() + ": " + line);
            }
            results.flush();
            failed.addAll(of(result, Outcome.LOST));
            failed.addAll(of(result, Outcome.UNKNOWN));
        }
        if (targets.isEmpty()) {
            results.line("No sink of the job has transactions that expire.");
            results.flush();
        }
        requireComplete(failed);
    }

    private List<String> lines(Result result) {
        List<String> lines = new ArrayList<>();
        List<Transaction> committed = of(result, Outcome.COMMITTED);
        List<Transaction> earlier = of(result, Outcome.ALREADY_COMMITTED);
        List<Transaction> lost = of(result, Outcome.LOST);
        List<Transaction> unknown = of(result, Outcome.UNKNOWN);
        if (!committed.isEmpty()) {
            lines.add("committed " + transactions(committed.size()) + records(committed));
        }
        if (!earlier.isEmpty()) {
            lines.add(
                    transactions(earlier.size())
                            + (earlier.size() == 1 ? " was" : " were")
                            + " committed before");
        }
        if (!lost.isEmpty()) {
            lines.add("lost " + transactions(lost.size()) + records(lost));
        }
        if (!unknown.isEmpty()) {
            lines.add(
                    "unknown outcome of "
                            + transactions(unknown.size())
                            + ": "
                            + unknown.stream()
                                    .map(Transaction::id)
                                    .collect(Collectors.joining(", ")));
        }
        if (result.aborted() > 0) {
            lines.add(
                    "aborted "
                            + transactions(result.aborted())
                            + " opened after the checkpoint; the job writes these changes again");
        }
        if (result.open() > 0) {
            lines.add(
                    transactions(result.open())
                            + " opened after the savepoint "
                            + (result.open() == 1 ? "is" : "are")
                            + " still open; specify the newest checkpoint if the job continued"
                            + " after the savepoint");
        }
        if (committed.isEmpty() && lost.isEmpty() && unknown.isEmpty() && result.aborted() == 0) {
            lines.add("nothing is left to commit");
        }
        return lines;
    }

    private static List<Transaction> of(Result result, Outcome outcome) {
        return result.transactions().stream().filter(one -> one.outcome() == outcome).toList();
    }

    private static String transactions(int count) {
        return count(count, "transaction");
    }

    private static String count(long count, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", count, noun, count == 1 ? "" : "s");
    }

    /** The number of records by partition, for the end of a sentence. */
    private static String records(List<Transaction> transactions) {
        SortedMap<Integer, Long> sum = new TreeMap<>();
        for (Transaction transaction : transactions) {
            transaction
                    .records()
                    .forEach((partition, count) -> sum.merge(partition, count, Long::sum));
        }
        if (sum.isEmpty()) {
            return ", whose records are no longer in the topic";
        }
        return " with "
                + count(total(transactions), "record")
                + sum.entrySet().stream()
                        .map(JobFinish::records)
                        .collect(Collectors.joining(", ", " (", ")"));
    }

    private static String records(Map.Entry<Integer, Long> partition) {
        return String.format(
                Locale.ROOT, "partition %d: %,d", partition.getKey(), partition.getValue());
    }

    private static long total(List<Transaction> transactions) {
        return transactions.stream()
                .flatMap(transaction -> transaction.records().values().stream())
                .mapToLong(Long::longValue)
                .sum();
    }

    private static void requireComplete(List<Transaction> failed) {
        List<Transaction> lost =
                failed.stream().filter(one -> one.outcome() == Outcome.LOST).toList();
        if (!lost.isEmpty()) {
            throw UserException.finding(
                    transactions(lost.size())
                            + " of the checkpoint with "
                            + count(total(lost), "record")
                            + (lost.size() == 1 ? " is" : " are")
                            + " lost: the broker aborted them, most likely after their timeout. The"
                            + " job skips these documents as unchanged: run it with --reindex to"
                            + " write them again, and raise transaction-timeout");
        }
        if (!failed.isEmpty()) {
            throw UserException.finding(
                    "the outcome of "
                            + transactions(failed.size())
                            + " of the checkpoint is unknown: the topic contains neither their"
                            + " records nor their ends. If consumers miss documents, run the job"
                            + " with --reindex to write them again");
        }
    }

    @Override
    public void close() {
        targets.forEach(target -> target.commits().close());
    }
}
