package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * What a checkpoint holds of the files that are not being read.
 *
 * @param listed whether the files have been listed at all
 * @param waiting files, or rests of them, that no reader has yet
 * @param known paths of the files that were there when they were listed last; empty unless new ones
 *     are watched for
 */
record FileEnumeratorState(boolean listed, List<FileSplit> waiting, Set<String> known) {

    FileEnumeratorState(boolean listed, Collection<FileSplit> waiting, Collection<String> known) {
        this(listed, List.copyOf(waiting), Set.copyOf(known));
    }

    static FileEnumeratorState initial() {
        return new FileEnumeratorState(false, List.of(), Set.of());
    }

    /** Version 2: listed, count and splits, count and paths in their order. */
    static final class Serializer implements SimpleVersionedSerializer<FileEnumeratorState> {

        private static final int VERSION = 2;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(FileEnumeratorState state) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(256);
            out.writeBoolean(state.listed);
            out.writeInt(state.waiting.size());
            for (FileSplit split : state.waiting) {
                FileSplit.Serializer.write(split, out);
            }
            out.writeInt(state.known.size());
            for (String path : new TreeSet<>(state.known)) {
                out.writeUTF(path);
            }
            return out.getCopyOfBuffer();
        }

        @Override
        public FileEnumeratorState deserialize(int version, byte[] serialized) throws IOException {
            FileSplit.requireVersion(version, VERSION);
            DataInputDeserializer in = new DataInputDeserializer(serialized);
            boolean listed = in.readBoolean();
            List<FileSplit> waiting = new ArrayList<>();
            for (int count = in.readInt(); count > 0; count--) {
                waiting.add(FileSplit.Serializer.read(in));
            }
            Set<String> known = new TreeSet<>();
            for (int count = in.readInt(); count > 0; count--) {
                known.add(in.readUTF());
            }
            return new FileEnumeratorState(listed, waiting, known);
        }
    }
}
