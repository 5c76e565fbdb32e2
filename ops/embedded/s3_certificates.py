"""Certificates for SeaweedFS's gRPC ports, where anyone on the host could delete anything.

Tried: without them, `weed shell` as any user removed an object under a COMPLIANCE lock. All parts
of the server share one certificate of a private authority made anew at every start; the authority's
key is thrown away at once, so nobody can ever be given a second certificate.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ops.embedded.data_folder import write_atomically

COMPONENTS = ("volume", "master", "filer", "s3", "msg_broker", "msg_agent", "admin", "worker")
"""Each part that listens on gRPC, as `security.toml` names it; `client` is who calls them."""

_LIFE = timedelta(days=3650)
"""Longer than any process runs; there is nothing to renew while it does."""


def write_certificates(folder: Path, *, owner: int | None = None) -> Mapping[str, Path]:
    """Make an authority and one certificate; return the paths of `ca`, `cert` and `key`."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("awgp object store authority", authority_key, authority_key)
    server = _certificate("awgp object store", server_key, authority_key)
    contents = {
        "ca": authority.public_bytes(serialization.Encoding.PEM),
        "cert": server.public_bytes(serialization.Encoding.PEM),
        "key": server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    }
    paths = {name: folder / f"grpc-{name}.pem" for name in contents}
    for name, path in paths.items():
        write_atomically(path, contents[name], owner=owner)
    return paths


def grpc_settings(paths: Mapping[str, Path]) -> str:
    """Return the part of `security.toml` that makes every gRPC port ask for a certificate."""
    pair = f'cert = "{paths["cert"]}"\nkey = "{paths["key"]}"\n'
    sections = "".join(f"[grpc.{name}]\n{pair}" for name in (*COMPONENTS, "client"))
    return f'[grpc]\nca = "{paths["ca"]}"\n{sections}'


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, authority_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    is_authority = key is authority_key
    now = datetime.now(UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "awgp object store authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return builder.sign(authority_key, hashes.SHA256())
