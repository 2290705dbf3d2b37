package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.PermanentFailureException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.flink.connector.kafka.source.enumerator.subscriber.KafkaSubscriber;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/**
 * Finds the partitions of one topic, and detects that it was deleted and recreated. Waits for
 * unavailable brokers and for a deleted topic.
 */
final class TopicSubscriber implements KafkaSubscriber {

    private static final long serialVersionUID = 1L;

    private final KafkaSettings settings;

    /** Null until the topic is found for the first time. */
    private volatile String topicId;

    private final HashSet<Integer> only;
    private transient Set<TopicPartition> known;
    private transient BrokerWaiter waiter;

    /**
     * @param topicId id of the topic that the job's offsets belong to, or null for a new job
     * @param only the partitions to read when a bounded source resumes, because those added since
     *     belong to the next run; null for all
     */
    TopicSubscriber(KafkaSettings settings, String topicId, Set<Integer> only) {
        this.settings = settings;
        this.topicId = topicId;
        this.only = only == null ? null : new HashSet<>(only);
    }

    /** The id of the topic; null if it is not known yet. */
    String topicId() {
        return topicId;
    }

    /** Called by the enumerator's worker thread: at the start and at every discovery. */
    @Override
    public Set<TopicPartition> getSubscribedTopicPartitions(AdminClient admin) {
        if (waiter == null) {
            waiter = new BrokerWaiter(settings);
        }
        String doing = "looking up topic '" + settings.topic() + "'";
        if (known == null) {
            known = waiter.await(doing, () -> lookUp(admin));
            return known;
        }
        try {
            known = lookUp(admin);
            waiter.brokersAvailable();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            if (!KafkaFailureClassifier.isTransient(e)) {
                throw KafkaFailureClassifier.explain(settings, doing, e.getCause());
            }
            waiter.brokersUnavailable(doing, e);
        }
        return known;
    }

    private Set<TopicPartition> lookUp(AdminClient admin)
            throws ExecutionException, InterruptedException {
        TopicDescription topic =
                admin.describeTopics(List.of(settings.topic()))
                        .allTopicNames()
                        .get()
                        .get(settings.topic());
        String found = topic.topicId().toString();
        if (topicId != null && !topicId.equals(found)) {
            throw new PermanentFailureException(
                    "topic '"
                            + settings.topic()
                            + "' at "
                            + settings.servers()
                            + " was deleted and recreated since this job started to read it (id "
                            + topicId
                            + ", now "
                            + found
                            + "), so the job's offsets belong to another topic. Run the job with"
                            + " --reindex to read the new topic from its beginning.");
        }
        topicId = found;
        Set<TopicPartition> partitions = new HashSet<>();
        for (TopicPartitionInfo partition : topic.partitions()) {
            if (only == null || only.contains(partition.partition())) {
                partitions.add(new TopicPartition(settings.topic(), partition.partition()));
            }
        }
        return partitions;
    }
}
