package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DocumentSource;
import java.util.List;

/**
 * Reads documents from the files of a Flink file system, with the options of {@code file:}. There
 * is a connector for each scheme.
 */
public abstract class RemoteFilesConnector implements Connector {

    private final String scheme;
    private final String example;

    private RemoteFilesConnector(String scheme, String example) {
        this.scheme = scheme;
        this.example = example;
    }

    /** Amazon S3 and compatible servers. */
    public static final class S3 extends RemoteFilesConnector {
        public S3() {
            super("s3", "s3://bucket/docs/*.jsonl.gz");
        }
    }

    /** S3 under the scheme of Hadoop. */
    public static final class S3a extends RemoteFilesConnector {
        public S3a() {
            super("s3a", "s3a://bucket/docs/*.jsonl.gz");
        }
    }

    /** Hadoop's file system. */
    public static final class Hdfs extends RemoteFilesConnector {
        public Hdfs() {
            super("hdfs", "hdfs://namenode:8020/docs/*.jsonl.gz");
        }
    }

    /** Google Cloud Storage. */
    public static final class Gs extends RemoteFilesConnector {
        public Gs() {
            super("gs", "gs://bucket/docs/*.jsonl.gz");
        }
    }

    /** Azure Data Lake Storage. */
    public static final class Abfs extends RemoteFilesConnector {
        public Abfs() {
            super("abfs", "abfs://container@account.dfs.core.windows.net/docs/*.jsonl.gz");
        }
    }

    /** Azure Data Lake Storage with TLS. */
    public static final class Abfss extends RemoteFilesConnector {
        public Abfss() {
            super("abfss", "abfss://container@account.dfs.core.windows.net/docs/*.jsonl.gz");
        }
    }

    @Override
    public String scheme() {
        return scheme;
    }

    @Override
    public String usage() {
        return example + " reads files with Flink's file systems, as file: does";
    }

    @Override
    public List<ConnectorOption<?>> sourceOptions() {
        return FilesDocuments.OPTIONS;
    }

    @Override
    public DocumentSource source(ConnectorUri uri) {
        return new FilesDocuments(uri.allowProperties());
    }
}
