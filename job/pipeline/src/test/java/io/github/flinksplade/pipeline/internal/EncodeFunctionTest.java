package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.api.common.externalresource.ExternalResourceInfo;
import org.apache.flink.api.common.functions.DefaultOpenContext;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.Test;

class EncodeFunctionTest {

    private record Resource(String index) implements ExternalResourceInfo {
        @Override
        public Optional<String> getProperty(String key) {
            return key.equals("index") ? Optional.ofNullable(index) : Optional.empty();
        }

        @Override
        public Collection<String> getKeys() {
            return index == null ? List.of() : List.of("index");
        }
    }

    /** The context of a task manager with these resources. */
    private static RuntimeContext with(String name, String... indices) {
        Set<ExternalResourceInfo> resources =
                Arrays.stream(indices).map(Resource::new).collect(Collectors.toSet());
        return (RuntimeContext)
                Proxy.newProxyInstance(
                        EncodeFunctionTest.class.getClassLoader(),
                        new Class<?>[] {RuntimeContext.class},
                        (proxy, method, arguments) ->
                                switch (method.getName()) {
                                    case "getExternalResourceInfos" ->
                                            arguments[0].equals(name) ? resources : Set.of();
                                    case "getMetricGroup" ->
                                            UnregisteredMetricsGroup.createOperatorMetricGroup();
                                    default ->
                                            throw new UnsupportedOperationException(
                                                    method.toString());
                                });
    }

    private static void open(FakeEncoderFactory factory, RuntimeContext context) throws Exception {
        EncodeFunction encode;
        try (SpladeEncoder encoder = new FakeEncoderFactory("submitted").open()) {
            encode =
                    new EncodeFunction(
                            factory,
                            EncoderFactory.provenance(encoder),
                            PipelineOptions.defaults());
        }
        encode.setRuntimeContext(context);
        encode.open(DefaultOpenContext.INSTANCE);
        encode.close();
    }

    @Test
    void usesFirstGpuThatFlinkAssigns() throws Exception {
        FakeEncoderFactory factory = new FakeEncoderFactory("assigned");
        open(factory, with("gpu", "12", "3"));
        assertThat(new FakeEncoderFactory("assigned-gpu3").opened()).isEqualTo(1);
        assertThat(factory.opened()).isZero();
    }

    @Test
    void usesConfiguredDeviceWithoutAssignedGpu() throws Exception {
        FakeEncoderFactory factory = new FakeEncoderFactory("none assigned");
        open(factory, with("gpu"));
        open(factory, with("fpga", "1"));
        open(factory, with("gpu", (String) null));
        assertThat(factory.opened()).isEqualTo(3);
    }
}
