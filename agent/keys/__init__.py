"""What an agent and a bot share to make, store and trust keys: keys decide, dates do not."""

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h), for which the ssl module has no name.

The clock may be the very fault to be mended: before a certificate's notBefore every handshake would fail.
"""
