/**
 * {@code file:PATH}: files as a source of documents, as a sink for vectors and as a dead-letter
 * queue.
 *
 * <p><b>Reading.</b> {@code file:PATH} is a file, a folder (the files directly in it) or a pattern:
 * {@code *} and {@code [a-z]} within a name, <code>{a,b}</code> for alternatives, {@code **} across
 * folders. {@code ~/} is the home directory. A path that exists is not interpreted as a pattern.
 * Names that start with {@code .} or {@code _} are ignored unless the path names that one file. In
 * a folder with {@code corpus.jsonl} and {@code queries.jsonl}, as in BEIR's data sets, only the
 * corpus is read. Files are read in the order of their names, each by one subtask. {@code .gz} and
 * {@code .zst} files are decompressed; a truncated or corrupt file fails the job with its name.
 * (Zstandard is supported with windows of up to 8 MiB, which all levels up to 19 use.)
 *
 * <p>{@code s3://BUCKET/PATH}, and the same with {@code s3a}, {@code hdfs}, {@code gs}, {@code
 * abfs} and {@code abfss}, reads the same from a Flink file system. {@code FileStorage} is the
 * difference: the version of a remote file has no inode and its modification time is in
 * milliseconds; a path with a pattern is never taken for the name of a file; and a missing folder
 * is empty if it is watched or a pattern starts in it, because object stores have no empty folders.
 *
 * <p>{@code -}, short for {@code stdin:-}, reads standard input. A local run copies it to its end
 * into a temporary file before the job starts, because a job that restarts after a failure reads it
 * again. In another run, the position in it is not used: it is another source, whose identity
 * contains the name of the copy. {@code StandardInput} is its {@code FileStorage}.
 *
 * <p>A {@code RecordSplitter} finds the records in the bytes of a file, which are decompressed and,
 * in another charset than UTF-8, converted. The value of a record is exactly its bytes: a line, an
 * object of JSON, a row of CSV, or a file. In all formats but {@code file}, lines end with LF or
 * CRLF only, and a byte order mark at the start of a file and lines of white space are skipped.
 * Records are decoded later, with the {@link io.github.flinksplade.connector.RecordFormat} of the
 * source, so that a record that is malformed becomes a dead letter and the records after it are
 * read.
 *
 * <p>With {@code format=text}, the id of a document is {@code <file name>:<line number from 1>},
 * where the file name is relative to the folder in which the pattern starts. With {@code
 * format=file}, a folder is listed with its subfolders, and the file name is the id. With {@code
 * format=auto}, names without a known suffix and names with different ones are rejected; if the
 * files are watched, those that exist at the start decide, and later files of another format are
 * skipped and logged.
 *
 * <p>With {@code watch=true}, the files are listed repeatedly, without end. New files are read.
 * Files that were replaced or written to, even while the job was stopped, are read again from their
 * start, always by the same subtask. A removed file is forgotten, and read if it is found again. A
 * file is read when two listings find it unchanged or it has not been modified for 5 seconds, so
 * that it is probably complete. A file that changes continuously is read every 10 seconds (after
 * two listings at least), without a last record that may be incomplete, unless it is compressed. A
 * writer that pauses within a line should write elsewhere, or under a name that starts with {@code
 * .} or {@code _}, and move the file when it is complete.
 *
 * <p>With {@code format=file}, a file that was listed before and is missing becomes a tombstone
 * with its id as the key: at once when the job starts, and with {@code watch=true} when it is
 * missing in two listings.
 *
 * <p>Of a record that exceeds {@code max-line}, the start is emitted with the header {@link
 * io.github.flinksplade.connector.files.FilesConnector#HEADER_TRUNCATED_LINE}, which the job turns
 * into a dead letter.
 *
 * <p>A checkpoint contains the versions of the listed files (size, modification time, inode), the
 * files that are still to be read, and the position (byte, line and whether it is in a JSON array)
 * in those that are being read. When a job resumes, new files and files with another version are
 * read, even if they are not watched. A file that is decompressed or converted is read again up to
 * the position, and the header of CSV at the start. A position is used only if the file's size,
 * modification time, inode and first 64 KiB are unchanged; otherwise the file is read again from
 * its start. This includes a file that only grew, because an append cannot be distinguished from
 * another file with the same start.
 *
 * <p><b>Writing.</b> {@code file:PATH} is a folder of part files {@code part-*.jsonl}, whatever its
 * name. A part file contains the changes between two checkpoints and appears when the second has
 * completed. Names that start with {@code .} are not part of the output; those of killed attempts
 * of the job are removed with the first checkpoint after its next start.
 *
 * <p>{@code format=anserini} is for a corpus that Anserini indexes once: a delete becomes a dead
 * letter, and an update is a second line of its id, which Anserini indexes as a second document. An
 * id above 32,766 bytes becomes a dead letter too, because Anserini would skip the remainder of the
 * file.
 *
 * <p><b>Dead letters.</b> {@code file:PATH} is one file with one line per dead letter, created with
 * the first. When a job resumes, the file is truncated to its length at the checkpoint, so it can
 * be used by one job at a time; a lock ensures that.
 *
 * <p><b>Libraries.</b> Part files are written with Flink's {@code FileSink}. Flink's {@code
 * FileSource} is not used: it reads a path once, whereas a watched file is read again when it
 * changes, and it has no line numbers and no limit of the size of a record. Compressed files are
 * decompressed by commons-compress and zstd-jni, which Flink and Kafka's clients bring. CSV is
 * parsed by commons-csv and HTML by jsoup.
 */
package io.github.flinksplade.connector.files;
