"""A certificate authority of the test's own, and a certificate for ``localhost``."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Its certificate is the file ``trusted``; ``certificate`` and ``key`` are the server's."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self.certificate, self.key = (folder / name for name in ("ca.pem", "server.pem", "server.key"))
        own_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Solo's tests")])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        own = _builder(name, name, own_key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        own = own.add_extension(usage, critical=True)
        own = own.add_extension(x509.SubjectKeyIdentifier.from_public_key(own_key.public_key()), critical=False)
        server = _builder(name, x509.Name([]), server_key.public_key())
        server = server.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key.public_key())
        server = server.add_extension(issuer, critical=False)
        pem = serialization.Encoding.PEM
        self.trusted.write_bytes(own.sign(own_key, hashes.SHA256()).public_bytes(pem))
        self.certificate.write_bytes(server.sign(own_key, hashes.SHA256()).public_bytes(pem))
        form, nothing = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key.write_bytes(server_key.private_bytes(pem, form, nothing))


def _builder(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    return made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
