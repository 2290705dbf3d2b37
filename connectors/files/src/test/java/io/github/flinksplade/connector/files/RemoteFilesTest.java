package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.FileSystemFactory;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RemoteFilesTest {

    /**
     * {@code flaky://host/path} is the local file system, whose listings fail if a test requires.
     */
    public static final class Flaky implements FileSystemFactory {

        private static IOException failure;

        /** The next calls fail with the exception, or succeed if it is null. */
        static void fail(IOException failure) {
            Flaky.failure = failure;
        }

        @Override
        public String getScheme() {
            return "flaky";
        }

        @Override
        public FileSystem create(URI uri) {
            return new LocalFileSystem() {
                @Override
                public FileStatus getFileStatus(org.apache.flink.core.fs.Path path)
                        throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    return super.getFileStatus(path);
                }
            };
        }
    }

    @TempDir Path folder;

    @BeforeEach
    void reset() {
        Flaky.failure = null;
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            textBlock =
                    """
                    s3://b/a.txt,          s3://b/a.txt, none
                    s3a://b//x/y/,         s3a://b/x/y,  none
                    s3://b,                s3://b,       none
                    s3://b/,               s3://b,       none
                    s3://b/*.gz,           s3://b,       *.gz
                    gs://b/x/**/a*.txt,    gs://b/x,     **/a*.txt
                    hdfs:///x/[ab].txt,    hdfs:///x,    [ab].txt
                    hdfs://h:8020/*/x.txt, hdfs://h:8020, */x.txt
                    abfs://c@a.net/x/*,    abfs://c@a.net/x, *
                    """)
    void parsesUris(String uri, String root, String glob) {
        FilePattern pattern = FilePattern.of(ConnectorUri.parse(uri));
        assertThat(pattern).isEqualTo(new FilePattern(uri, root, glob));
        assertThat(new FilesDocuments(ConnectorUri.parse(uri)).identity())
                .isEqualTo(glob == null ? root : root + "/" + glob);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    s3:b/a.txt           | s3:b/a.txt has no host or bucket. Write s3://BUCKET/PATH
                    s3:///a.txt          | s3:///a.txt has no host or bucket. Write s3://BUCKET/PATH
                    s3://*/a.txt         | s3://*/a.txt: a pattern cannot select hosts or buckets
                    s3://key:hush@b/a    | s3://******@b/a contains credentials. Set them in Flink's configuration instead
                    s3://b/{a            | s3://b/{a is not a valid pattern: Missing '}
                    s3://b/a?colour=blue | unknown option 'colour' in s3://b/a?colour=blue
                    """)
    void rejectsUris(String uri, String message) {
        ConnectorUri parsed = ConnectorUri.parse(uri);
        assertThatThrownBy(() -> Connectors.of(parsed).source(parsed))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("hush");
    }

    @Test
    void listsWhatALocalFolderLists() throws IOException {
        for (String name : List.of("a.txt", "x/b.txt", "x/y/c.txt", ".d.txt", "_x/e.txt", "f.gz")) {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.writeString(folder.resolve(name), name);
        }
        for (String path : List.of("", "/a.txt", "/*.txt", "/**", "/**/*.txt", "/x/*/*", "/*/*")) {
            List<String> local = names("file:" + folder + path);
            assertThat(names("flaky://host" + folder + path)).isEqualTo(local);
        }
        assertThat(names("flaky://host" + folder + "/missing/*.txt")).isEmpty();
        assertThatThrownBy(() -> names("flaky://host" + folder + "/missing"))
                .hasMessageEndingWith("/missing) does not exist");
    }

    private static List<String> names(String uri) {
        return FilePattern.of(ConnectorUri.parse(uri)).list().stream()
                .map(FilePattern.ListedFile::name)
                .toList();
    }

    @Test
    void explainsFailures() {
        FilePattern pattern = FilePattern.of(ConnectorUri.parse("flaky://host" + folder));
        Flaky.failure = new IOException("retried", new ConnectException("refused"));
        assertThatThrownBy(pattern::list)
                .isInstanceOf(UnreachableException.class)
                .hasMessage("the storage of flaky://host" + folder + " is unreachable: refused");
        Flaky.failure = new AccessDeniedException("x", null, "403 with details");
        assertThatThrownBy(pattern::list)
                .hasMessage(
                        "cannot list the files of flaky://host"
                                + folder
                                + ": permission denied. Check the credentials, such as"
                                + " s3.access-key, and their permissions");
        Flaky.failure = new IOException("failed", new IOException("code: NoSuchBucket"));
        assertThatThrownBy(pattern::list)
                .hasMessageStartingWith("the bucket of flaky://host" + folder + " does not exist");
    }
}
