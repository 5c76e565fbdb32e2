"""The secrets an embedded AWGP makes for itself: names, and how each is generated.

One file per secret under `secrets/` of the data folder, 0600, so that each process can be given
exactly the files its kind needs.
"""

import base64
import secrets
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ops.logins import LOGINS

VALKEY_USERS = ("admin", "ingest", "web", "worker", "relay")
PEOPLE = ("ada", "ben", "cleo", "dora", "emil", "gwen", "hana", "otto")
CONFIDENTIAL_CLIENTS = ("awgp", "acme-erp", "globex-ci")


def _password() -> str:
    return secrets.token_urlsafe(24)


def readable_password() -> str:
    """A person types this one: 79 bits in lower-case groups, no look-alikes."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def owner_password() -> str:
    """As `readable_password`, with the capital letter and the digit N8N insists on."""
    return f"N8-{readable_password()}"


def _signing_key() -> str:
    """256 bits, base64, for SeaweedFS's JWTs and for cookies."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _key_ring() -> str:
    """One line of a key ring (pipeline/envelope.py): the key's id and 256 bits in base64."""
    return "k1:" + _signing_key()


def _access_key() -> str:
    return "AWGP" + secrets.token_hex(8).upper()


def _ed25519_pem() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _layout() -> dict[str, Callable[[], str]]:
    return {
        "postgres": _password,
        **dict.fromkeys(LOGINS, _password),
        **{f"valkey-{user}": _password for user in VALKEY_USERS},
        "s3-admin-access-key": _access_key,
        "s3-admin-secret-key": _password,
        "s3-access-key": _access_key,
        "s3-secret-key": _password,
        "s3-reader-access-key": _access_key,
        "s3-reader-secret-key": _password,
        "s3-jwt-volume": _signing_key,
        "s3-jwt-volume-read": _signing_key,
        "s3-jwt-filer": _signing_key,
        "s3-jwt-filer-read": _signing_key,
        "s3-console": _password,
        "kek": _key_ring,
        "checkpoint.key": _ed25519_pem,
        "session.key": _signing_key,
        "oidc-cookies": _signing_key,
        "n8n-database": _password,
        "n8n-encryption": _password,
        "n8n-owner": owner_password,
        **{f"oidc-client-{client}": _password for client in CONFIDENTIAL_CLIENTS},
        **{f"person-{person}": readable_password for person in PEOPLE},
    }


SECRETS: Mapping[str, Callable[[], str]] = _layout()
"""File name under `secrets/` -> generator. `kek` is a key ring of one key; `checkpoint.key` an
Ed25519 key as PKCS8 PEM."""
