package io.github.flinksplade.bench;

/** The results of a benchmark. */
public interface BenchmarkReport {

    /** The report as tables. */
    String toText();

    /** The report as a JSON object. */
    String toJson();

    /** The main figures. */
    BarChart toChart();
}
