package io.github.flinksplade.pipeline.internal;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Commits elements with checkpoints, each once, to a static list.
 *
 * @param <T> type of the elements
 * @param <R> type of their collected form
 */
final class CollectingSink<T, R extends Serializable>
        implements Sink<T>, SupportsCommitter<CollectingSink.Batch> {

    private static final long serialVersionUID = 1L;

    interface Form<T, R> extends Function<T, R>, Serializable {}

    /** The elements written between two checkpoints. */
    record Batch(UUID id, ArrayList<Serializable> elements) implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    private static final class Target {
        final List<Serializable> elements = new ArrayList<>();
        final Set<UUID> batches = new HashSet<>();
    }

    private static final Map<String, Target> TARGETS = new ConcurrentHashMap<>();

    private final String name;
    private final Form<T, R> form;

    CollectingSink(String name, Form<T, R> form) {
        this.name = name;
        this.form = form;
    }

    /** The elements committed under a name, in the order of commits. */
    static <R> List<R> committed(String name, Class<R> type) {
        Target target = TARGETS.computeIfAbsent(name, unused -> new Target());
        synchronized (target) {
            return target.elements.stream().map(type::cast).toList();
        }
    }

    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
        return new CommittingSinkWriter<T, Batch>() {
            private ArrayList<Serializable> elements = new ArrayList<>();

            @Override
            public void write(T element, Context context) {
                elements.add(form.apply(element));
            }

            @Override
            public void flush(boolean endOfInput) {}

            @Override
            public Collection<Batch> prepareCommit() {
                if (elements.isEmpty()) {
                    return List.of();
                }
                Batch batch = new Batch(UUID.randomUUID(), elements);
                elements = new ArrayList<>();
                return List.of(batch);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Committer<Batch> createCommitter(CommitterInitContext context) {
        return new Committer<>() {
            @Override
            public void commit(Collection<CommitRequest<Batch>> requests) {
                Target target = TARGETS.computeIfAbsent(name, unused -> new Target());
                synchronized (target) {
                    for (CommitRequest<Batch> request : requests) {
                        Batch batch = request.getCommittable();
                        if (target.batches.add(batch.id())) {
                            target.elements.addAll(batch.elements());
                        } else {
                            request.signalAlreadyCommitted();
                        }
                    }
                }
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public SimpleVersionedSerializer<Batch> getCommittableSerializer() {
        return new SimpleVersionedSerializer<>() {
            @Override
            public int getVersion() {
                return 1;
            }

            @Override
            public byte[] serialize(Batch batch) throws IOException {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                    out.writeObject(batch);
                }
                return bytes.toByteArray();
            }

            @Override
            public Batch deserialize(int version, byte[] bytes) throws IOException {
                try (ObjectInputStream in =
                        new ObjectInputStream(new ByteArrayInputStream(bytes))) {
                    return (Batch) in.readObject();
                } catch (ClassNotFoundException e) {
                    throw new IOException(e);
                }
            }
        };
    }
}
