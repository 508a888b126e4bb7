"""Flags of OpenSSL that the ssl module has no name for."""

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h): keys decide, dates do not.

The clock may be the very fault to be mended: before a certificate's notBefore every handshake would fail.
"""
