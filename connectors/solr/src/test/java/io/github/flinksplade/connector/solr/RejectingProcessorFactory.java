package io.github.flinksplade.connector.solr;

import java.io.IOException;
import org.apache.solr.common.SolrException;
import org.apache.solr.request.SolrQueryRequest;
import org.apache.solr.response.SolrQueryResponse;
import org.apache.solr.update.AddUpdateCommand;
import org.apache.solr.update.processor.UpdateRequestProcessor;
import org.apache.solr.update.processor.UpdateRequestProcessorFactory;

/** Inside Solr: refuses one document, as Solr refuses one that does not fit its schema. */
public final class RefusingProcessorFactory extends UpdateRequestProcessorFactory {

    /** The document to refuse; null for none. */
    static volatile String refused;

    @Override
    public UpdateRequestProcessor getInstance(
            SolrQueryRequest request, SolrQueryResponse response, UpdateRequestProcessor next) {
        return new UpdateRequestProcessor(next) {
            @Override
            public void processAdd(AddUpdateCommand command) throws IOException {
                if (command.getPrintableId().equals(refused)) {
                    throw new SolrException(
                            SolrException.ErrorCode.BAD_REQUEST,
                            "ERROR: [doc=" + refused + "] refused by the test");
                }
                super.processAdd(command);
            }
        };
    }
}
