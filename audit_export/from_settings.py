"""Build the signer and the store a process is told of."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from audit_export.checkpoint import CheckpointInvalid, SignerKey
from audit_export.signer import Signer
from pipeline.settings import SettingInvalid, Settings

if TYPE_CHECKING:
    from audit_export.s3_store import S3Store


def make_signer(settings: Settings) -> Signer:
    """Raises: SettingInvalid."""
    if not settings.signer_folder:
        raise SettingInvalid("AWGP_SIGNER_FOLDER is not set; it keeps what was signed last")
    return Signer(
        private_key=_private_key(settings),
        key_name=settings.checkpoint_key_name,
        folder=Path(settings.signer_folder),
    )


def make_signer_key(settings: Settings) -> SignerKey:
    """The signer's public side, for who must not hold the private one.

    AWGP_CHECKPOINT_PUBLIC_KEY is base64 of the 32 bytes; without it the private key, where this
    process has one, says the same.

    Raises: SettingInvalid.
    """
    if not settings.checkpoint_public_key:
        private = _private_key(settings)
        raw = private.public_key().public_bytes_raw()
    else:
        try:
            raw = base64.b64decode(settings.checkpoint_public_key, validate=True)
        except ValueError as error:
            raise SettingInvalid("AWGP_CHECKPOINT_PUBLIC_KEY is not base64") from error
    try:
        return SignerKey(key_name=settings.checkpoint_key_name, public_key=raw)
    except CheckpointInvalid as error:
        raise SettingInvalid(f"AWGP_CHECKPOINT_PUBLIC_KEY: {error}") from error


def _private_key(settings: Settings) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(settings.checkpoint_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingInvalid("AWGP_CHECKPOINT_KEY is not a private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingInvalid("AWGP_CHECKPOINT_KEY is not an Ed25519 key")
    return key


def make_store(settings: Settings) -> "S3Store":
    """Raises: SettingInvalid."""
    from audit_export.s3_store import S3Store  # noqa: PLC0415  # boto3, which a signer never needs

    if not settings.s3_endpoint or not settings.s3_access_key or not settings.s3_secret_key:
        raise SettingInvalid(
            "AWGP_S3_ENDPOINT, AWGP_S3_ACCESS_KEY and AWGP_S3_SECRET_KEY must be set to export"
        )
    return S3Store(
        endpoint=settings.s3_endpoint,
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
    )
