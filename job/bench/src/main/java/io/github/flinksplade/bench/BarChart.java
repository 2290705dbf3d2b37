package io.github.flinksplade.bench;

import java.util.List;
import java.util.Locale;

/**
 * Horizontal bars as an SVG file, for pages that show the figures of a benchmark. Its colors follow
 * the light or dark theme of the reader.
 *
 * @param title what was measured
 * @param unit the unit of the values
 * @param bars from top to bottom; those of a group follow each other
 */
public record BarChart(String title, String unit, List<Bar> bars) {

    private static final int WIDTH = 720;
    private static final int LABELS = 250;
    private static final int VALUES = 150;
    private static final int BAR = 18;
    private static final int ROW = 26;
    private static final int TOP = 44;

    private static final String STYLE =
            "<style>"
                    + "text{font:13px system-ui,sans-serif;fill:#1f2328}"
                    + ".title{font-weight:600;font-size:14px}"
                    + ".group,.range{fill:#59636e}"
                    + ".bar{fill:#0969da}"
                    + ".whisker{stroke:#1f2328;stroke-width:1.5}"
                    + "@media (prefers-color-scheme:dark){"
                    + "text{fill:#f0f6fc}.group,.range{fill:#9198a1}.bar{fill:#4493f8}"
                    + ".whisker{stroke:#f0f6fc}}"
                    + "</style>";

    /**
     * A bar.
     *
     * @param group what it is measured with, such as "10 hits"; empty without groups
     * @param min smallest value of the rounds; equal to {@code value} if there was one
     * @param max largest value of the rounds
     */
    public record Bar(String group, String label, double value, double min, double max) {

        /** A bar of a single value, without a group. */
        public static Bar of(String label, double value) {
            return new Bar("", label, value, value, value);
        }
    }

    /** The SVG document. */
    public String toSvg() {
        double largest = bars.stream().mapToDouble(Bar::max).max().orElse(1);
        double scale = (WIDTH - LABELS - VALUES) / (largest > 0 ? largest : 1);
        StringBuilder rows = new StringBuilder();
        int y = TOP;
        String group = "";
        for (Bar bar : bars) {
            if (!bar.group().equals(group)) {
                group = bar.group();
                rows.append(text("group", 12, y + 14, "start", group));
                y += ROW;
            }
            rows.append(row(bar, y, scale));
            y += ROW;
        }
        return format(
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                                + " width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n",
                        WIDTH, y + 8, WIDTH, y + 8, escape(title))
                + STYLE
                + "\n"
                + text("title", 12, 22, "start", title + ", " + unit)
                + rows
                + "</svg>\n";
    }

    private static String row(Bar bar, int y, double scale) {
        double end = LABELS + bar.value() * scale;
        String value = number(bar.value());
        StringBuilder row = new StringBuilder();
        row.append(text("label", LABELS - 10, y + 14, "end", bar.label()));
        row.append(
                format(
                        "<rect class=\"bar\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\""
                                + " rx=\"2\"/>\n",
                        LABELS, y, end - LABELS, BAR));
        if (bar.max() > bar.min()) {
            row.append(
                    format(
                            "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\""
                                    + " y2=\"%d\"/>\n",
                            LABELS + bar.min() * scale,
                            LABELS + bar.max() * scale,
                            y + BAR / 2,
                            y + BAR / 2));
            value += " (" + number(bar.min()) + ".." + number(bar.max()) + ")";
        }
        return row + text("range", LABELS + bar.max() * scale + 8, y + 14, "start", value);
    }

    private static String text(String style, double x, double y, String anchor, String text) {
        return format(
                "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                style, x, y, anchor, escape(text));
    }

    /** Three digits, or all digits before the decimal point. */
    private static String number(double value) {
        double size = Math.abs(value);
        return format(size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f", value);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
