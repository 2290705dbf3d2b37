package io.github.flinksplade.connector.solr;

import java.io.IOException;
import org.apache.solr.common.SolrException;
import org.apache.solr.request.SolrQueryRequest;
import org.apache.solr.response.SolrQueryResponse;
import org.apache.solr.update.AddUpdateCommand;
import org.apache.solr.update.processor.UpdateRequestProcessor;
import org.apache.solr.update.processor.UpdateRequestProcessorFactory;

/** An update processor that rejects one document, like one that violates the schema. */
public final class RejectingProcessorFactory extends UpdateRequestProcessorFactory {

    /** The document to reject; null for none. */
    static volatile String rejectedId;

    @Override
    public UpdateRequestProcessor getInstance(
            SolrQueryRequest request, SolrQueryResponse response, UpdateRequestProcessor next) {
        return new UpdateRequestProcessor(next) {
            @Override
            public void processAdd(AddUpdateCommand command) throws IOException {
                if (command.getPrintableId().equals(rejectedId)) {
                    throw new SolrException(
                            SolrException.ErrorCode.BAD_REQUEST,
                            "ERROR: [doc=" + rejectedId + "] rejected by the test");
                }
                super.processAdd(command);
            }
        };
    }
}
