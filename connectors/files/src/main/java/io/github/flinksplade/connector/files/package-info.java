/**
 * Files as a source of documents, as a target of vectors and as a place for dead letters: the
 * scheme {@code file:}.
 *
 * <p><b>Reading.</b> {@code file:PATH} names one file, a folder (the files directly in it), or
 * files by a pattern: {@code *} and {@code [a-z]} within a name, <code>{a,b}</code> one of several,
 * {@code **} over folders. {@code ~/} is the home directory. A path that exists is never taken for
 * a pattern. Names that begin with {@code .} or {@code _} are left out unless the path names that
 * one file. Of a folder that holds {@code corpus.jsonl} and {@code queries.jsonl}, as BEIR's data
 * sets do, only the corpus is read. Files are taken in the order of their names, each by one
 * subtask. {@code .gz} and {@code .zst} are unpacked; what is cut off or damaged is an error that
 * names the file. (Zstandard with windows of up to 8 MiB, which every level up to 19 keeps to.)
 *
 * <p>LF and CRLF end a line, nothing else does. A byte order mark at the start of a file is
 * dropped, lines of white space only are skipped. The options:
 *
 * <ul>
 *   <li>{@code format}: {@code json} (.jsonl, .ndjson, .json), {@code tsv} (.tsv) or {@code text}
 *       (.txt; the id of a document is {@code <file name>:<line number from 1>}, where the file
 *       name is relative to the folder that the pattern starts in); {@code auto}, the default,
 *       tells by the name and refuses names that tell nothing and names that differ.
 *   <li>{@code watch=true}: the file, folder or pattern is listed again every {@code interval} (1
 *       s), without end. New files are read, and files that were replaced or written to, also while
 *       the job was stopped, are read again from their start, always by the same subtask. A file
 *       that is removed is forgotten, and read if it is found again. A file is read as soon as two
 *       listings find it the same or it has not been modified for 5 seconds, so that it can be
 *       expected to be complete. One that never stays the same is read every 10 seconds (two
 *       listings at least) without a last line that has no line feed yet; a compressed one is not.
 *       A writer that pauses within a line should write elsewhere, or under a name that begins with
 *       {@code .} or {@code _}, and move the file in. With {@code format=auto}, the files there at
 *       the start decide, and later files of another kind are left alone.
 *   <li>{@code max-line}: the longest line that is read whole, 16 MiB by default; of a longer one
 *       the head is delivered with the header {@link
 *       io.github.flinksplade.connector.files.FilesConnector#HEADER_TRUNCATED_LINE}, so that the
 *       job makes it a dead letter.
 * </ul>
 *
 * <p>A checkpoint contains the versions of the files that were found (size, modification time,
 * inode), the files that are still to be read and the position (byte and line) in those that are
 * being read. When a job resumes, files that are new or have another version are read, also by a
 * job that does not watch them. A compressed file is unpacked again up to that position. A position
 * is used only if the file's size, modification time, inode and first 64 KiB are still the same;
 * otherwise the file is read again from its start, also when it only grew, since an append cannot
 * be told from another file with the same beginning.
 *
 * <p><b>Writing.</b> {@code file:PATH} is a folder of parts {@code part-*.jsonl}, whatever its
 * name; a part appears when the checkpoint that covers it has completed, and holds what came
 * between two checkpoints. Names that begin with {@code .} are not part of the output; those that a
 * killed attempt of the job left are removed at its next start, with the first checkpoint. The
 * options: {@code format} ({@code indices}, the default, {@code lucene} or {@code anserini}, see
 * {@link io.github.flinksplade.connector.VectorJson.Form}), {@code text=true} to write the text
 * too, and {@code append=true} to write beside the parts of an earlier run.
 *
 * <p>{@code format=anserini} is for a corpus that Anserini indexes once: a delete becomes a dead
 * letter, and an update is a second line of its id, both of which Anserini would index. An id above
 * 32,766 bytes becomes a dead letter too, because Anserini would drop the rest of its file.
 *
 * <p><b>Dead letters.</b> {@code file:PATH} is one file, which comes into being with the first dead
 * letter; each is one line. It is cut back to what the last completed checkpoint covered when a job
 * goes on from it, so it can serve one job at a time only; a lock sees to that.
 */
package io.github.flinksplade.connector.files;
