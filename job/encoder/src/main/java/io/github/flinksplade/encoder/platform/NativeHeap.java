package io.github.flinksplade.encoder.platform;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory that native libraries allocate with {@code malloc}. glibc does not return what is
 * freed to the system: it keeps it in the arena of the thread that allocated it, and there are up
 * to eight arenas for each core. Models are opened on threads of different arenas, so without
 * trimming each model that is closed adds its size to the resident memory of the process.
 */
public final class NativeHeap {

    private static final Logger LOG = LoggerFactory.getLogger(NativeHeap.class);

    private NativeHeap() {}

    /**
     * Returns freed memory to the system, as {@code jcmd PID System.trim_native_heap} does. Does
     * nothing if this JVM does not support it: before 17.0.9, or without glibc. The first call in a
     * process takes about 0.15 s, further ones a few milliseconds.
     */
    public static void trim() {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "systemTrimNativeHeap",
                            new Object[0],
                            new String[0]);
        } catch (JMException e) {
            LOG.debug("this JVM cannot return freed native memory to the system", e);
        }
    }
}
