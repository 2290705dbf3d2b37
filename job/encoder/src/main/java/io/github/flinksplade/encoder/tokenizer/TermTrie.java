package io.github.flinksplade.encoder.tokenizer;

import java.util.Arrays;

/**
 * Maps terms to ids, character by character: a trie as one hash table of edges. Must not be
 * modified once it is shared between threads.
 */
final class TermTrie {

    /** The node at which every term starts. */
    static final int ROOT = 0;

    /** Neither a node nor an id. */
    static final int NONE = -1;

    private static final int NODE_BITS = 24;

    /**
     * Each edge: the node (24 bits), the character (16), the next node (24, never the root); 0:
     * free.
     */
    private long[] edges = new long[1 << 10];

    private int[] ids = {NONE};
    private int nodes = 1;

    /**
     * Adds a term, or replaces its id.
     *
     * @throws IllegalStateException if there are too many terms
     */
    void put(String term, int id) {
        int node = add(term);
        ids[node] = id;
    }

    /** The node of a term or of a prefix, which is added if it does not exist. */
    int add(String term) {
        int node = ROOT;
        for (int i = 0; i < term.length(); i++) {
            int next = next(node, term.charAt(i));
            node = next == NONE ? addNode(node, term.charAt(i)) : next;
        }
        return node;
    }

    /** The node after a character, or {@link #NONE}. */
    int next(int node, char c) {
        long[] table = edges;
        long edge = (long) node << 16 | c;
        int mask = table.length - 1;
        for (int slot = slot(edge, mask); ; slot = slot + 1 & mask) {
            long entry = table[slot];
            if (entry >>> NODE_BITS == edge && entry != 0) {
                return (int) entry & (1 << NODE_BITS) - 1;
            }
            if (entry == 0) {
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

    private int addNode(int node, char c) {
        if (nodes == 1 << NODE_BITS) {
            throw new IllegalStateException("the vocabulary is too large");
        }
        if (3 * nodes > edges.length) {
            long[] smaller = edges;
            edges = new long[4 * smaller.length];
            for (long edge : smaller) {
                if (edge != 0) {
                    insert(edge);
                }
            }
        }
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, 2 * nodes);
        }
        ids[nodes] = NONE;
        insert(((long) node << 16 | c) << NODE_BITS | nodes);
        return nodes++;
    }

    private void insert(long edge) {
        int mask = edges.length - 1;
        int slot = slot(edge >>> NODE_BITS, mask);
        while (edges[slot] != 0) {
            slot = slot + 1 & mask;
        }
        edges[slot] = edge;
    }
}
