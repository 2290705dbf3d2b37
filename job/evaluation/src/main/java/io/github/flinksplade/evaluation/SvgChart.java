package io.github.flinksplade.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A chart with two linear axes as an SVG element. Colors come from the CSS classes of the page, so
 * that the chart follows its light or dark theme.
 */
final class SvgChart {

    private static final int LEFT = 76;
    private static final int RIGHT = 24;
    private static final int TOP = 16;
    private static final int BOTTOM = 46;
    private static final int TICKS = 5;
    private static final double LABEL_HEIGHT = 15;
    private static final double CHARACTER_WIDTH = 6.7;

    private final int width;
    private final int height;
    private final double minX;
    private final double maxX;
    private final double minY;
    private final double maxY;
    private final StringBuilder svg = new StringBuilder();
    private final List<double[]> occupied = new ArrayList<>();

    /**
     * @param label what the chart shows, for screen readers
     */
    SvgChart(
            String label,
            int width,
            int height,
            double minX,
            double maxX,
            double minY,
            double maxY) {
        this.width = width;
        this.height = height;
        this.minX = minX;
        this.maxX = maxX > minX ? maxX : minX + 1;
        this.minY = minY;
        this.maxY = maxY > minY ? maxY : minY + 1;
        svg.append(
                format(
                        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                        width, height, Markup.escape(label)));
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private double x(double value) {
        return LEFT + (value - minX) / (maxX - minX) * (width - LEFT - RIGHT);
    }

    private double y(double value) {
        return height - BOTTOM - (value - minY) / (maxY - minY) * (height - TOP - BOTTOM);
    }

    /** Grid lines and numbers of the vertical axis, with its title. */
    SvgChart verticalAxis(String title, String numberFormat) {
        for (double tick : ticks(minY, maxY)) {
            svg.append(
                    format(
                            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                                    + "<text class=\"tick\" x=\"%d\" y=\"%.1f\""
                                    + " text-anchor=\"end\">%s</text>",
                            LEFT,
                            width - RIGHT,
                            y(tick),
                            y(tick),
                            LEFT - 8,
                            y(tick) + 4,
                            format(numberFormat, tick)));
        }
        double middle = (TOP + height - BOTTOM) / 2.0;
        svg.append(
                format(
                        "<text class=\"axis\" transform=\"translate(14 %.1f) rotate(-90)\""
                                + " text-anchor=\"middle\">%s</text>",
                        middle, Markup.escape(title)));
        return this;
    }

    /** Numbers of the horizontal axis, with its title. */
    SvgChart horizontalAxis(String title, String numberFormat) {
        for (double tick : ticks(minX, maxX)) {
            svg.append(
                    format(
                            "<text class=\"tick\" x=\"%.1f\" y=\"%d\""
                                    + " text-anchor=\"middle\">%s</text>",
                            x(tick), height - BOTTOM + 18, format(numberFormat, tick)));
        }
        return title(title);
    }

    /** The title of a horizontal axis without numbers. */
    SvgChart title(String title) {
        svg.append(
                format(
                        "<text class=\"axis\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                        (LEFT + width - RIGHT) / 2.0, height - 6, Markup.escape(title)));
        return this;
    }

    /** A horizontal line across the chart. */
    SvgChart horizontalLine(double y, String cssClass) {
        svg.append(
                format(
                        "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>",
                        cssClass, LEFT, width - RIGHT, y(y), y(y)));
        return this;
    }

    /**
     * Reserves the area of a point, so that no label covers it. Call it for all points before the
     * first {@link #point}.
     */
    SvgChart reserve(double x, double y) {
        occupied.add(new double[] {x(x) - 6, y(y) - 6, x(x) + 6, y(y) + 6});
        return this;
    }

    /** A point with a label where it covers no other one, if there is such a place. */
    SvgChart point(double x, double y, String label, String tooltip, String cssClass) {
        double px = x(x);
        double py = y(y);
        svg.append(
                format(
                        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5.5\"><title>%s</title>"
                                + "</circle>",
                        cssClass, px, py, Markup.escape(tooltip)));
        double labelWidth = label.length() * CHARACTER_WIDTH;
        double[][] places = {
            {px + 10, py + 4},
            {px - 10 - labelWidth, py + 4},
            {px - labelWidth / 2, py - 11},
            {px - labelWidth / 2, py + 20},
            {px + 8, py - 9},
            {px + 8, py + 17},
            {px - 8 - labelWidth, py - 9},
            {px - 8 - labelWidth, py + 17},
            {px - labelWidth / 2, py - 26},
            {px - labelWidth / 2, py + 35}
        };
        double[] chosen = places[0];
        for (double[] place : places) {
            if (isFree(box(place, labelWidth))) {
                chosen = place;
                break;
            }
        }
        occupied.add(box(chosen, labelWidth));
        svg.append(
                format(
                        "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\""
                                + " lengthAdjust=\"spacingAndGlyphs\">%s</text>",
                        chosen[0], chosen[1], labelWidth, Markup.escape(label)));
        return this;
    }

    private static double[] box(double[] place, double labelWidth) {
        return new double[] {
            place[0], place[1] - LABEL_HEIGHT + 3, place[0] + labelWidth, place[1] + 3
        };
    }

    private boolean isFree(double[] box) {
        return box[0] >= LEFT
                && box[2] <= width
                && box[1] >= 0
                && box[3] <= height - BOTTOM
                && occupied.stream()
                        .noneMatch(
                                other ->
                                        box[0] < other[2]
                                                && other[0] < box[2]
                                                && box[1] < other[3]
                                                && other[1] < box[3]);
    }

    /** A vertical bar from 0 to y, from one x to another. */
    SvgChart bar(double fromX, double toX, double y, String tooltip, String cssClass) {
        double gap = x(toX) - x(fromX) > 3 ? 0.8 : 0;
        double top = Math.min(y(y), y(0));
        svg.append(
                format(
                        "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\">"
                                + "<title>%s</title></rect>",
                        cssClass,
                        x(fromX) + gap / 2,
                        top,
                        x(toX) - x(fromX) - gap,
                        Math.max(Math.abs(y(y) - y(0)), 0.6),
                        Markup.escape(tooltip)));
        return this;
    }

    /** Round numbers in an interval, about {@value #TICKS} of them. */
    static List<Double> ticks(double min, double max) {
        double raw = (max - min) / TICKS;
        double magnitude = Math.pow(10, Math.floor(Math.log10(raw)));
        double step = magnitude;
        for (double factor : new double[] {1, 2, 2.5, 5, 10}) {
            if (magnitude * factor >= raw * 0.999) {
                step = magnitude * factor;
                break;
            }
        }
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    /** The SVG element. */
    @Override
    public String toString() {
        return svg + "</svg>";
    }
}
