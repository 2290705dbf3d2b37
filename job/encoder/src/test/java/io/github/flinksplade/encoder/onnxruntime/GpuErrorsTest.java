package io.github.flinksplade.encoder.onnxruntime;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.Device;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Explanations of messages as ONNX Runtime and the dynamic linker write them. */
class GpuErrorsTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Failed to load library libonnxruntime_providers_cuda.so with error:"
                        + " libcublasLt.so.12: cannot open shared object file: No such file or"
                        + " directory | libcublasLt.so.12 | CUDA 12 runtime",
                "Failed to load library libonnxruntime_providers_cuda.so with error:"
                        + " libcudart.so.13: cannot open shared object file: No such file or"
                        + " directory | libcudart.so.13 | CUDA 13 runtime",
                "Failed to load library libonnxruntime_providers_cuda.so with error:"
                        + " libcudnn.so.9: cannot open shared object file: No such file or"
                        + " directory | libcudnn.so.9 | cuDNN 9",
                "Failed to load library libonnxruntime_providers_cuda.so with error:"
                        + " libcuda.so.1: cannot open shared object file | libcuda.so.1 | driver",
                "Failed to load library libonnxruntime_providers_tensorrt.so with error:"
                        + " libnvinfer.so.10: cannot open shared object file | libnvinfer.so.10 |"
                        + " TensorRT 10",
                "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version"
                        + " ; GPU=-1 | driver | too old",
                "CUDA failure 100: no CUDA-capable device is detected ; GPU=0 | no GPU | nvidia-smi",
                "CUDA failure 101: invalid device ordinal ; GPU=7 | GPU number 7 | nvidia-smi",
                "Failed to parse provider option \"device_id\": Invalid device ID: 7, must be between"
                        + " 0 (inclusive) and 1 (exclusive). | GPU number 7 | nvidia-smi",
                "This binary was not compiled with CUDA support. | CUDA support); | one build",
                "An error without an explanation. | An error without an explanation | explanation"
            })
    void explainsWhyAGpuCannotBeUsed(String reason, String what, String advice) {
        assertThat(GpuErrors.explain(reason, Device.parse("cuda:7")))
                .contains(what)
                .contains(advice);
    }

    /** As the CUDA provider writes it: 300 characters of paths and signatures before the cause. */
    @Test
    void findsCauseAfterLongPaths() {
        String path = "/home/runner/build/onnxruntime/onnxruntime/core/";
        assertThat(
                        GpuErrors.explain(
                                path
                                        + "session/provider_bridge_ort.cc:2020 onnxruntime::Provider&"
                                        + " onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] :"
                                        + " 1 : FAIL : Failed to load library "
                                        + path.repeat(4)
                                        + "libonnxruntime_providers_cuda.so with error:"
                                        + " libcublasLt.so.12: cannot open shared object file: No"
                                        + " such file or directory",
                                Device.parse("cuda:0")))
                .isEqualTo(
                        "the library libcublasLt.so.12 is not found; install the CUDA 12 runtime"
                                + " libraries (cuBLAS, cuFFT, cuRAND, nvRTC, cudart), and add its"
                                + " directory to LD_LIBRARY_PATH");
    }

    @Test
    void longMessageKeepsItsEnd() {
        String message = "a".repeat(400) + " the cause";
        assertThat(GpuErrors.explain(message, Device.parse("cuda:0")))
                .hasSizeLessThan(310)
                .endsWith("the cause");
    }

    @Test
    void returnsUnknownMessage() {
        assertThat(GpuErrors.explain("something else", Device.parse("cuda")))
                .isEqualTo("something else");
    }

    @Test
    void recognizesOutOfMemory() {
        for (String message :
                List.of(
                        "bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t,"
                                + " bool, onnxruntime::Stream*) Failed to allocate memory for"
                                + " requested buffer of size 1073741824",
                        "bfc_arena.cc:333 Available memory of 1024 is smaller than requested bytes"
                                + " of 4096",
                        "CUDA failure 2: out of memory ; GPU=0 ; hostname=a ; file=b",
                        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
                        "CUDNN failure 4002: CUDNN_STATUS_ALLOC_FAILED ; GPU=0")) {
            assertThat(GpuErrors.isOutOfMemory(message)).as(message).isTrue();
        }
        assertThat(GpuErrors.isOutOfMemory("Got invalid dimensions for input: input_ids"))
                .isFalse();
    }
}
