package io.github.flinksplade.connector;

import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** TLS with authorities of the user's own in place of Java's. */
public final class TrustedCertificates {

    private TrustedCertificates() {}

    /**
     * Trusts what these certificates have signed, and nothing else.
     *
     * @param pem certificates in PEM form, at least one
     * @throws GeneralSecurityException when there is none, or one is damaged
     */
    public static SSLContext trusting(InputStream pem)
            throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
            trusted.setCertificateEntry("ca" + trusted.size(), one);
        }
        if (trusted.size() == 0) {
            throw new CertificateException("no certificates");
        }
        TrustManagerFactory managers =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
