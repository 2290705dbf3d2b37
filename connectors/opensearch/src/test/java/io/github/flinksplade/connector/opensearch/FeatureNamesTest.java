package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.opensearch.FeatureNames.Form;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FeatureNamesTest {

    private static final String[] TERMS = {"car", "##s", ".", "a.b", "", " ", "#5", "#", "car"};

    private static Vocabulary vocabulary(int size) {
        return new Vocabulary() {
            private static final long serialVersionUID = 1L;

            @Override
            public int size() {
                return size;
            }

            @Override
            public String term(int index) {
                return index < TERMS.length ? TERMS[index] : "term" + index;
            }
        };
    }

    @Test
    void namesInvalidTokensByTheirIds() {
        FeatureNames names = FeatureNames.of(Form.TOKEN, vocabulary(TERMS.length));
        assertThat(IntStream.range(0, TERMS.length).mapToObj(names::name))
                .containsExactly("car", "##s", "#2", "#3", "#4", "#5", "#6", "#", "#8");
    }

    @Test
    void namesTermsByIdsInDecimal() {
        FeatureNames names = FeatureNames.of(Form.ID, vocabulary(1_000_000));
        assertThat(names.name(123_456)).isEqualTo("123456");
        assertThat(names.form()).isEqualTo(Form.ID);
    }

    @Test
    void readsWrittenNames() {
        FeatureNames names = FeatureNames.of(Form.TOKEN, vocabulary(100));
        ArrayNode array = JsonHttpClient.JSON.createArrayNode();
        names.writeTo(array);
        FeatureNames read = FeatureNames.read(array);
        for (int index = 0; index < 100; index++) {
            assertThat(read.name(index)).isEqualTo(names.name(index));
        }
        assertThat(FeatureNames.read(array.path("none")).form()).isEqualTo(Form.ID);
    }

    @Test
    void rejectsLargeVocabularyForTokens() {
        assertThatThrownBy(() -> FeatureNames.of(Form.TOKEN, vocabulary(250_000)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("terms=id");
    }
}
