package io.github.flinksplade.app.local;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Handles SIGINT and SIGTERM, so that a job can stop with a savepoint, and a server after its
 * requests. A shutdown hook would be too late: it runs concurrently with those of Flink, which
 * delete the job's files, and of ONNX Runtime, which closes the models. The JDK's class for signals
 * is not part of its documented API, hence the reflection; where it is not available, a signal ends
 * the process and the job resumes from its last checkpoint.
 */
public final class Signals {

    private final Map<Object, Object> previous = new LinkedHashMap<>();
    private Method handle;

    private Signals() {}

    /** Notifies the listener of each signal with its number, 2 or 15. */
    public static Signals listen(IntConsumer listener) {
        Signals signals = new Signals();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            signals.handle = signal.getMethod("handle", signal, handler);
            Method number = signal.getMethod("getNumber");
            Object proxy =
                    Proxy.newProxyInstance(
                            Signals.class.getClassLoader(),
                            new Class<?>[] {handler},
                            (self, method, arguments) ->
                                    switch (method.getName()) {
                                        case "handle" -> {
                                            listener.accept((Integer) number.invoke(arguments[0]));
                                            yield null;
                                        }
                                        case "equals" -> self == arguments[0];
                                        case "hashCode" -> System.identityHashCode(self);
                                        default -> "Signals";
                                    });
            for (String name : new String[] {"INT", "TERM"}) {
                Object instance = signal.getConstructor(String.class).newInstance(name);
                signals.previous.put(instance, signals.handle.invoke(null, instance, proxy));
            }
        } catch (InvocationTargetException e) {
            // -Xrs reserves signals: restore the handlers that were replaced already
            signals.close();
        } catch (ReflectiveOperationException e) {
            signals.close();
        }
        return signals;
    }

    /** Restores the previous handlers. */
    public void close() {
        previous.forEach(
                (signal, handler) -> {
                    try {
                        handle.invoke(null, signal, handler);
                    } catch (ReflectiveOperationException e) {
                        throw new IllegalStateException("cannot restore a signal handler", e);
                    }
                });
        previous.clear();
    }
}
