package io.github.flinksplade.encoder.onnxruntime;

import io.github.flinksplade.encoder.Device;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Explains ONNX Runtime's messages about NVIDIA GPUs. */
final class GpuErrors {

    private static final Pattern MISSING_LIBRARY =
            Pattern.compile("(lib[\\w.+-]+\\.so[\\w.]*): cannot open shared object file");

    /** CUDA's libraries that have the version of CUDA in their names. */
    private static final Pattern CUDA_LIBRARY =
            Pattern.compile("lib(?:cublas|cublasLt|cudart)\\.so\\.(\\d+).*");

    private static final Pattern OUT_OF_MEMORY =
            Pattern.compile(
                    "(?i)failed to allocate memory|available memory of \\d+ is smaller than|out of memory|ALLOC_FAILED|cudaErrorMemoryAllocation");

    private GpuErrors() {}

    /**
     * Why a GPU cannot be used, and what to do.
     *
     * @param message the whole message: its cause follows the paths of source files
     */
    static String explain(String message, Device gpu) {
        Matcher library = MISSING_LIBRARY.matcher(message);
        if (library.find()) {
            String name = library.group(1);
            return "the library "
                    + name
                    + " is not found; "
                    + howToInstall(name, gpu)
                    + ", and add its directory to LD_LIBRARY_PATH";
        }
        if (message.contains("CUDA failure 100") || message.contains("no CUDA-capable device")) {
            return "CUDA finds no GPU on this machine (nvidia-smi -L lists them)";
        }
        if (message.contains("CUDA failure 101")
                || message.contains("invalid device ordinal")
                || message.contains("Invalid device ID")) {
            return "this machine has no GPU number "
                    + gpu.number()
                    + " (nvidia-smi -L lists them, from 0)";
        }
        if (message.contains("CUDA failure 35")
                || message.contains("driver version is insufficient")) {
            return "NVIDIA's driver is missing or too old for the CUDA version that ONNX Runtime was"
                    + " built for (nvidia-smi shows both)";
        }
        if (message.contains("not compiled with")) {
            return "the ONNX Runtime on the class path has Java and native libraries of different builds"
                    + " ("
                    + withoutPeriod(OnnxSession.shortened(message))
                    + "); use those of one build";
        }
        return withoutPeriod(OnnxSession.shortened(message));
    }

    /** The message may continue in a sentence of this project. */
    private static String withoutPeriod(String message) {
        return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    }

    private static String howToInstall(String library, Device gpu) {
        if (library.startsWith("libcuda.")) {
            return "it belongs to NVIDIA's driver: install the driver, and start a container with"
                    + " --gpus all";
        }
        if (library.startsWith("libcudnn")) {
            return "install cuDNN 9";
        }
        if (library.startsWith("libnvinfer") || library.startsWith("libnvonnx")) {
            return "install TensorRT 10, or use cuda:" + gpu.number();
        }
        Matcher cuda = CUDA_LIBRARY.matcher(library);
        return "install the CUDA "
                + (cuda.matches() ? cuda.group(1) : "12")
                + " runtime libraries (cuBLAS, cuFFT, cuRAND, nvRTC, cudart)";
    }

    /** Whether a message reports that the device's memory is exhausted. */
    static boolean isOutOfMemory(String message) {
        return OUT_OF_MEMORY.matcher(message).find();
    }
}
