package io.github.flinksplade.app.local;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Listens for SIGINT and SIGTERM, so that a job can end in order instead of with the process. A
 * shutdown hook would come too late for that: it runs beside those of Flink, which take the job's
 * files away. The JDK's class for signals is in every JDK but not in its documented API, hence the
 * reflection; without it, signals end the process and the job goes on from its last checkpoint.
 */
final class Signals {

    private final Map<Object, Object> previous = new LinkedHashMap<>();
    private Method handle;

    private Signals() {}

    /** Tells the listener the number of each signal: 2 or 15. */
    static Signals listen(IntConsumer listener) {
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
                Object one = signal.getConstructor(String.class).newInstance(name);
                signals.previous.put(one, signals.handle.invoke(null, one, proxy));
            }
        } catch (InvocationTargetException e) {
            // The JVM was told to leave signals alone (-Xrs): what was taken over is given back.
            signals.close();
        } catch (ReflectiveOperationException e) {
            signals.close();
        }
        return signals;
    }

    /** Gives the signals back. */
    void close() {
        previous.forEach(
                (signal, handler) -> {
                    try {
                        handle.invoke(null, signal, handler);
                    } catch (ReflectiveOperationException e) {
                        throw new IllegalStateException("a signal cannot be given back", e);
                    }
                });
        previous.clear();
    }
}
