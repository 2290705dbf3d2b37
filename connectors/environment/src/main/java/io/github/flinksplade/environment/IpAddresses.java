package io.github.flinksplade.environment;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Parses IP addresses without resolving host names. */
final class IpAddresses {

    private static final String OCTET = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
    private static final String V4 = OCTET + "(\\." + OCTET + "){3}";
    private static final String V6 = "[0-9a-f:]*:[0-9a-f:.]*";

    private IpAddresses() {}

    /** The bytes of an address, in brackets or not; null for a host name. */
    static byte[] parse(String host) {
        String text = host.replaceFirst("^\\[(.*)]$", "$1");
        if (!text.matches(V4) && !text.matches(V6)) {
            return null;
        }
        try {
            // addresses of both formats are parsed, not resolved
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            return null; // has colons but is not an address
        }
    }

    /** Whether two addresses are of one kind and have the same leading bits. */
    static boolean sameNetwork(byte[] one, byte[] other, int bits) {
        if (one.length != other.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> bit % 8;
            if (((one[bit / 8] ^ other[bit / 8]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }
}
