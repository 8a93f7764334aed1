"""TLS: contexts, and what a handshake showed. In: a TLS connection. Out: model.Tls. Never: a decision to trust."""

from __future__ import annotations

import hashlib
import ssl

from archiver.model import Tls


def context(*, verified: bool, ca_file: str | None = None) -> ssl.SSLContext:
    """Make a client context: certificate and host name checked unless `verified` is false. HTTP/1.1 only (ALPN)."""
    made = ssl.create_default_context(cafile=ca_file)
    if not verified:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(["http/1.1"])
    return made


def facts(connection: ssl.SSLObject | ssl.SSLSocket, *, verified: bool) -> Tls:
    """Read what a record keeps of a finished handshake. An unreadable certificate leaves its fields empty."""
    der = connection.getpeercert(binary_form=True) or b""
    subject, issuer, not_after = _names(der)
    cipher = connection.cipher()
    return Tls(
        version=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        verified=verified,
        subject=subject,
        issuer=issuer,
        not_after=not_after,
        sha256=hashlib.sha256(der).hexdigest() if der else "",
    )


def words(error: ssl.SSLError) -> str:
    """Say in one line what is wrong with a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    return (error.reason or str(error)).replace("_", " ").lower()


def _names(der: bytes) -> tuple[str, str, str]:
    from cryptography import x509  # 40 ms to import, and only https needs it

    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
        return subject, issuer, certificate.not_valid_after_utc.isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # a certificate is input, too
        return "", "", ""
