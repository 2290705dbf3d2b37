package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;

/**
 * Splits JSON into its values: JSON lines, objects that span lines, or the elements of one array at
 * the start of the file.
 *
 * <p>A malformed line of JSON lines is one record, and the lines after it are read: a string does
 * not contain a line feed, and an object that is still open ends before a line that starts another
 * record (see {@link #startsNewRecord}).
 */
final class JsonSplitter extends WindowSplitter {

    private static final byte[] ARRAY_START = "[".getBytes(StandardCharsets.US_ASCII);

    private boolean isInArray;

    /** Whether nothing but white space was read, so that an array may start. */
    private boolean isAtStart;

    /** Whether only white space precedes the window in its line. */
    private boolean isAtLineStart;

    /** The number of bytes of white space at the start of the line. */
    private int indentation;

    /** The object or array that is being read. */
    private final OpenValue open = new OpenValue();

    /**
     * @param startsLine whether the position is at the start of a line
     */
    JsonSplitter(InputStream in, Position start, boolean startsLine, int maxRecord)
            throws IOException {
        super(in, start, maxRecord);
        this.isInArray = start.isInArray();
        this.isAtStart = start.offset() == 0;
        this.isAtLineStart = startsLine;
    }

    @Override
    public boolean next() throws IOException {
        while (true) {
            int c = window.at(0);
            if (c < 0) {
                if (!isInArray) {
                    return false;
                }
                isInArray = false;
                setRecord(ARRAY_START, line); // malformed, as the array that has no end
                return true;
            } else if (isBlank(c)) {
                skipBlank(c);
            } else if (isAtStart && c == '[') {
                isInArray = true;
                skip();
            } else if (isInArray && c == ',') {
                skip();
            } else if (isInArray && c == ']') {
                isInArray = false;
                skip();
            } else {
                isAtStart = false;
                if (c == '{' || isInArray && c == '[') {
                    readContainer();
                } else {
                    readOther();
                }
                return true;
            }
        }
    }

    private void skipBlank(int c) {
        window.drop(1);
        if (c == '\n') {
            startLine(line + 1);
        } else {
            indentation++;
        }
    }

    private void skip() {
        isAtStart = false;
        isAtLineStart = false;
        window.drop(1);
    }

    private void startLine(long number) {
        line = number;
        isAtLineStart = true;
        indentation = 0;
    }

    /** Reads an object, or an array in an array. */
    private void readContainer() throws IOException {
        open.reset(line, isAtLineStart ? indentation : 0);
        for (int i = 0; ; i++) {
            i = bounded(i);
            int c = window.at(i);
            if (c < 0) {
                endAtMalformed(i, true);
                return;
            }
            if (c == '\n') {
                if (open.isInString && open.isFirstLine()) {
                    endAtLineFeed(trimmed(i), i);
                    return;
                }
                open.isInString = false;
                if (open.isFirstLine()) {
                    open.firstLineEnd = i + 1;
                    open.isPretty = !isDropped() && trimmed(i) == 1;
                }
                open.lineFeeds++;
                if (startsNewRecord(i + 1)) {
                    endAtMalformed(i + 1, false);
                    return;
                }
            } else if (open.endsWith(c)) {
                endAtClosed(i + 1);
                return;
            }
        }
    }

    /**
     * Whether a line starts another record, so that the open one is malformed. It does if it starts
     * with a brace that is not indented more than the open record, and
     *
     * <ul>
     *   <li>no object may follow here in JSON, or
     *   <li>the lines of the open record are indented, or
     *   <li>the open record is not pretty-printed (its first line is not only a brace), and the
     *       line is a complete object.
     * </ul>
     */
    private boolean startsNewRecord(int lineStart) throws IOException {
        int i = lineStart;
        while (i - lineStart <= maxRecord() && isBlank(window.at(i)) && window.at(i) != '\n') {
            i++;
        }
        int c = window.at(i);
        if (c < 0 || c == '\n') {
            return false;
        }
        int column = i - lineStart;
        if (open.lineFeeds == 1) {
            open.isIndented = column > open.indentation;
        }
        if (c != '{' || column > open.indentation) {
            return false;
        }
        return !open.mayContinueWithObject()
                || open.isIndented
                || !open.isPretty && isCompleteObject(i);
    }

    /** Whether the remainder of a line is one object that is not empty. */
    private boolean isCompleteObject(int start) throws IOException {
        OpenValue value = new OpenValue();
        value.reset(0, 0);
        boolean isClosed = false;
        int length = 0;
        for (int i = start; i - start <= maxRecord(); i++) {
            int c = window.at(i);
            if (c < 0 || c == '\n') {
                return isClosed && length > 2;
            }
            if (isBlank(c)) {
                continue;
            }
            if (isClosed) {
                return false;
            }
            length++;
            isClosed = value.endsWith(c);
        }
        return false;
    }

    /** The value is balanced. */
    private void endAtClosed(int end) throws IOException {
        if (isInArray) {
            setRecord(end, open.line, window.at(end) >= 0);
            window.drop(end);
            line = open.line + open.lineFeeds;
            isAtLineStart = false;
            return;
        }
        int i = end;
        while (i - end <= maxRecord() && isBlank(window.at(i)) && window.at(i) != '\n') {
            i++;
        }
        int c = window.at(i);
        if (c == '\n') {
            endAtLineFeed(end, i);
        } else if (c < 0 || c == '{') {
            setRecord(end, open.line, c >= 0);
            window.drop(i);
            line = open.line + open.lineFeeds;
            isAtLineStart = false;
        } else {
            endAtEndOfLine(i);
        }
    }

    /**
     * The value is malformed.
     *
     * @param end index of the end of the file, or of the start of another record
     */
    private void endAtMalformed(int end, boolean isEndOfFile) throws IOException {
        boolean hasOtherLines =
                !isDropped() && !open.isFirstLine() && trimmed(end) > open.firstLineEnd;
        if (hasOtherLines && !open.isPretty) {
            // a malformed line of JSON lines: the lines after it are read again
            setRecord(trimmed(open.firstLineEnd - 1), open.line, !isEndOfFile);
            window.drop(open.firstLineEnd);
            startLine(open.line + 1);
            return;
        }
        setRecord(isDropped() ? end : trimmed(end), open.line, !isEndOfFile);
        window.drop(end);
        startLine(open.line + open.lineFeeds);
        if (isEndOfFile) {
            isInArray = false; // its missing end is not another record
        }
    }

    /** Reads what is not an object: a line, or a value of an array. */
    private void readOther() throws IOException {
        open.reset(line, 0);
        if (!isInArray) {
            endAtEndOfLine(0);
            return;
        }
        boolean isInString = false;
        for (int i = 0; ; i++) {
            i = bounded(i);
            int c = window.at(i);
            if (c == '\n') {
                endAtLineFeed(trimmed(i), i);
                return;
            }
            boolean isEnd = c == ',' || c == ']' || c == '{';
            if (c < 0 || isEnd && !isInString && (i > 0 || isDropped())) {
                setRecord(trimmed(i), open.line, c >= 0);
                window.drop(i);
                isAtLineStart = false;
                return;
            }
            if (c == '"') {
                isInString = !isInString;
            } else if (c == '\\' && (window.at(i + 1) == '"' || window.at(i + 1) == '\\')) {
                i++;
            }
        }
    }

    /** The record contains the remainder of the line. */
    private void endAtEndOfLine(int start) throws IOException {
        for (int i = start; ; i++) {
            i = bounded(i);
            int c = window.at(i);
            if (c == '\n') {
                endAtLineFeed(trimmed(i), i);
                return;
            }
            if (c < 0) {
                setRecord(trimmed(i), open.line, false);
                window.drop(i);
                return;
            }
        }
    }

    private void endAtLineFeed(int end, int lineFeed) {
        setRecord(end, open.line, true);
        window.drop(lineFeed + 1);
        startLine(open.line + open.lineFeeds + 1);
    }

    @Override
    public Position end() {
        return new Position(window.offset(), line, isInArray);
    }

    /** An object or array whose end is searched. */
    private static final class OpenValue {

        /** How deep the type of containers is tracked; more is not valid for any parser. */
        private static final int MAX_DEPTH = 1 << 20;

        /** The number of its first line. */
        private long line;

        /** The indentation of its first line, if it starts there. */
        private int indentation;

        private long lineFeeds;

        /** The index after the first line feed, or -1. */
        private int firstLineEnd;

        /** Whether its first line contains only the brace. */
        private boolean isPretty;

        /** Whether its second line is indented more than its first. */
        private boolean isIndented;

        private boolean isInString;
        private boolean isEscaped;
        private int depth;
        private final BitSet arrays = new BitSet();

        /** The last byte that is not white space and not in a string. */
        private int last;

        void reset(long line, int indentation) {
            this.line = line;
            this.indentation = indentation;
            lineFeeds = 0;
            firstLineEnd = -1;
            isPretty = false;
            isIndented = false;
            isInString = false;
            isEscaped = false;
            depth = 0;
            last = 0;
        }

        boolean isFirstLine() {
            return lineFeeds == 0;
        }

        /** Reads a byte. Returns whether it ends the value. */
        boolean endsWith(int c) {
            if (isInString) {
                if (isEscaped) {
                    isEscaped = false;
                } else if (c == '\\') {
                    isEscaped = true;
                } else if (c == '"') {
                    isInString = false;
                }
                return false;
            }
            isEscaped = false;
            if (isBlank(c)) {
                return false;
            }
            last = c;
            switch (c) {
                case '"' -> isInString = true;
                case '{', '[' -> {
                    if (depth < MAX_DEPTH) {
                        arrays.set(depth, c == '[');
                    }
                    depth++;
                }
                case '}', ']' -> depth--;
                default -> {}
            }
            return depth == 0;
        }

        /** Whether JSON allows an object here. */
        boolean mayContinueWithObject() {
            return last == '[' || last == ':' || last == ',' && arrays.get(depth - 1);
        }
    }
}
