package io.github.flinksplade.encoder.tokenizer;

import java.util.Arrays;

/**
 * Terms and their ids, found character by character: one hash table of edges. Not to be changed
 * once it is shared.
 */
final class TermTrie {

    /** The node where every term begins. */
    static final int ROOT = 0;

    /** Neither a node nor an id. */
    static final int NONE = -1;

    private static final int NODE_BITS = 24;

    /**
     * A node (24 bits), a character (16), the node that it leads to (24, never the root); 0: free.
     */
    private long[] edges = new long[1 << 10];

    private int[] ids = {NONE};
    private int nodes = 1;

    /**
     * Adds a term, or changes its id.
     *
     * @throws IllegalStateException when it has grown too large
     */
    void put(String term, int id) {
        int node = add(term);
        ids[node] = id;
    }

    /** The node of a term or of the beginning of one, made if there is none. */
    int add(String term) {
        int node = ROOT;
        for (int i = 0; i < term.length(); i++) {
            int next = next(node, term.charAt(i));
            node = next == NONE ? grow(node, term.charAt(i)) : next;
        }
        return node;
    }

    /** The node to which a character leads, or {@link #NONE}. */
    int next(int node, char c) {
        long[] table = edges;
        long edge = (long) node << 16 | c;
        int mask = table.length - 1;
        for (int slot = slot(edge, mask); ; slot = slot + 1 & mask) {
            long found = table[slot];
            if (found >>> NODE_BITS == edge && found != 0) {
                return (int) found & (1 << NODE_BITS) - 1;
            }
            if (found == 0) {
                return NONE;
            }
        }
    }

    /** The id of the term that ends at a node, or {@link #NONE}. */
    int id(int node) {
        return ids[node];
    }

    /** The id of a term, or {@link #NONE}. */
    int id(String term) {
        int node = ROOT;
        for (int i = 0; i < term.length() && node != NONE; i++) {
            node = next(node, term.charAt(i));
        }
        return node == NONE ? NONE : ids[node];
    }

    private static int slot(long edge, int mask) {
        return (int) (edge * 0x9E3779B97F4A7C15L >>> 32) & mask;
    }

    private int grow(int node, char c) {
        if (nodes == 1 << NODE_BITS) {
            throw new IllegalStateException("the vocabulary is too large");
        }
        if (3 * nodes > edges.length) {
            long[] smaller = edges;
            edges = new long[4 * smaller.length];
            for (long edge : smaller) {
                if (edge != 0) {
                    place(edge);
                }
            }
        }
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, 2 * nodes);
        }
        ids[nodes] = NONE;
        place(((long) node << 16 | c) << NODE_BITS | nodes);
        return nodes++;
    }

    private void place(long edge) {
        int mask = edges.length - 1;
        int slot = slot(edge >>> NODE_BITS, mask);
        while (edges[slot] != 0) {
            slot = slot + 1 & mask;
        }
        edges[slot] = edge;
    }
}
