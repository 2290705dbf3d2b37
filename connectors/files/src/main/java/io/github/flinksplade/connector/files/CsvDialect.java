package io.github.flinksplade.connector.files;

import java.io.Serializable;

/**
 * How rows of cells are written.
 *
 * @param delimiter between cells
 * @param hasHeader whether the first row contains names
 * @param hasQuotes whether a cell that starts with a quotation mark is quoted
 */
record CsvDialect(String delimiter, boolean hasHeader, boolean hasQuotes) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** With commas, a header and quotation marks. */
    static final CsvDialect CSV = new CsvDialect(",", true, true);

    /** Lines of {@code id<TAB>text}. */
    static final CsvDialect TSV_LINES = new CsvDialect("\t", false, false);
}
