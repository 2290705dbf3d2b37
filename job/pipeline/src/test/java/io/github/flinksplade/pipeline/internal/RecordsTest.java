package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.vector.SparseVector;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.typeutils.PojoTypeInfo;
import org.apache.flink.api.java.typeutils.TypeExtractor;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records between operators and their state are serialized without Kryo. */
class RecordsTest {

    @ParameterizedTest
    @ValueSource(
            classes = {
                SourceRecord.class,
                Document.class,
                Change.class,
                EncodedChange.class,
                VectorRecord.class,
                DeadLetter.class,
                ChangeDetectorState.class,
                SequencerState.class
            })
    void isPojoWithAllItsParts(Class<?> type) {
        assertThat(TypeInformation.of(type)).isInstanceOf(PojoTypeInfo.class);
        SerializerConfigImpl strict = new SerializerConfigImpl();
        strict.setGenericTypes(false);
        // throws if a field needs Kryo
        assertThat(TypeExtractor.createTypeInfo(type).createSerializer(strict)).isNotNull();
    }

    @Test
    void preservesNullsAndLoneSurrogates() throws Exception {
        SourceRecord origin =
                new SourceRecord(
                        "t",
                        3,
                        1L << 40,
                        -1,
                        null,
                        null,
                        new String[] {"a", "b"},
                        new byte[][] {null, {1, 2}});
        assertPreserved(origin, SourceRecord.class);
        assertPreserved(
                new Document("a", Operation.DELETE, null, null, null, true, origin),
                Document.class);
        Change change =
                new Change(
                        new Document(
                                "a\uD83D",
                                Operation.UPSERT,
                                "\uD83D\uDE00\u0000",
                                "{}",
                                5L,
                                false,
                                origin),
                        5,
                        true,
                        false,
                        Change.Work.REUSE,
                        4,
                        new byte[16],
                        new Change.PlannedPassage[] {new Change.PlannedPassage(0, 2, -5, true)});
        assertPreserved(change, Change.class);
        assertPreserved(
                new EncodedChange(change, null, "why", new EngineUsage(1, 2)), EncodedChange.class);
        assertPreserved(
                new EncodedChange(
                        change,
                        new EncodedChange.Encoded[] {
                            null, new EncodedChange.Encoded(SparseVector.EMPTY, 2, true)
                        },
                        null,
                        new EngineUsage(1, 2)),
                EncodedChange.class);
        assertPreserved(SequencerState.INITIAL, SequencerState.class);
        assertPreserved(
                new SequencerState(
                        new SequencerState.Emitted(true, 5, false, 3),
                        new SequencerState.StoredVectors(
                                new byte[16],
                                3,
                                new SequencerState.StoredVector[] {
                                    new SequencerState.StoredVector(
                                            1, 2, 7, new byte[] {0}, 2, true)
                                }),
                        4,
                        true),
                SequencerState.class);
        assertPreserved(
                new ChangeDetectorState(
                        ChangeDetectorState.Versioning.EXPLICIT,
                        1,
                        null,
                        0,
                        false,
                        -1,
                        new long[] {1, 2},
                        new long[] {-7}),
                ChangeDetectorState.class);
        assertPreserved(
                new DeadLetter(origin, DeadLetter.Stage.WRITE, null, "C", "m"), DeadLetter.class);
    }

    private static <T> void assertPreserved(T value, Class<T> type) throws Exception {
        TypeSerializer<T> serializer =
                TypeInformation.of(type).createSerializer(new SerializerConfigImpl());
        DataOutputSerializer out = new DataOutputSerializer(64);
        serializer.serialize(value, out);
        T read = serializer.deserialize(new DataInputDeserializer(out.getCopyOfBuffer()));
        assertThat(read).usingRecursiveComparison().isEqualTo(value);
        assertThat(serializer.copy(value)).usingRecursiveComparison().isEqualTo(value);
    }
}
