package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * The state of the files that are not being read.
 *
 * @param waiting files, or remainders of files, that no reader has yet
 * @param known the versions of the listed files that were read, are being read or are waiting
 */
record FileEnumeratorState(Collection<FileSplit> waiting, Map<String, FileVersion> known) {

    FileEnumeratorState {
        waiting = List.copyOf(waiting);
        known = Map.copyOf(known);
    }

    static FileEnumeratorState initial() {
        return new FileEnumeratorState(List.of(), Map.of());
    }

    /** Version 3: count and splits; count and paths, sorted, with their versions. */
    static final class Serializer implements SimpleVersionedSerializer<FileEnumeratorState> {

        private static final int VERSION = 3;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(FileEnumeratorState state) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(256);
            out.writeInt(state.waiting.size());
            for (FileSplit split : state.waiting) {
                FileSplit.Serializer.write(split, out);
            }
            out.writeInt(state.known.size());
            for (Map.Entry<String, FileVersion> file : new TreeMap<>(state.known).entrySet()) {
                out.writeUTF(file.getKey());
                file.getValue().write(out);
            }
            return out.getCopyOfBuffer();
        }

        @Override
        public FileEnumeratorState deserialize(int version, byte[] serialized) throws IOException {
            FileSplit.requireVersion(version, VERSION);
            DataInputDeserializer in = new DataInputDeserializer(serialized);
            List<FileSplit> waiting = new ArrayList<>();
            for (int count = in.readInt(); count > 0; count--) {
                waiting.add(FileSplit.Serializer.read(in));
            }
            Map<String, FileVersion> known = new HashMap<>();
            for (int count = in.readInt(); count > 0; count--) {
                known.put(in.readUTF(), FileVersion.read(in));
            }
            return new FileEnumeratorState(waiting, known);
        }
    }
}
