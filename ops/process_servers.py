"""Where a process finds the servers: those of the data folder, or the operator's own.

Each function returns variables of a process's environment. Secrets are never among them, only the
names of files that hold them; a URL of the operator's that carries one is refused.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from audit_export.from_settings import make_signer_key
from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import AUDIENCE, WEB_CLIENT, issuer_url
from ops.embedded.postgres import login_url_without_password
from ops.embedded.s3 import AUDIT_BUCKET, REGION, s3_endpoint
from ops.embedded.valkey import valkey_url_without_password
from pipeline.errors import AwgpError
from pipeline.settings import Settings

READER_KEYS = (
    "AWGP_S3_READER_ACCESS_KEY",
    "AWGP_S3_READER_ACCESS_KEY_FILE",
    "AWGP_S3_READER_SECRET_KEY_FILE",
)


class ServerUrlUnsafe(AwgpError):
    """A server's URL carries a secret, which would show in a process's environment."""


def database_settings(data: DataFolder, login: str, given: Mapping[str, str]) -> dict[str, str]:
    url = login_url_without_password(data, login)
    if "AWGP_DATABASE_URL" in given:
        try:
            parsed = make_url(given["AWGP_DATABASE_URL"]).set(username=login)
        except ArgumentError as exc:
            raise ServerUrlUnsafe("AWGP_DATABASE_URL is not a database URL") from exc
        # Its password is the administrator's and serves migrations only.
        url = parsed._replace(password=None).render_as_string(hide_password=False)
    return {
        "AWGP_DATABASE_URL": url,
        "AWGP_DATABASE_PASSWORD_FILE": str(data.secret_file(login)),
    }


def broker_settings(data: DataFolder, user: str, given: Mapping[str, str]) -> dict[str, str]:
    if "AWGP_REDIS_URL" not in given:
        return {
            "AWGP_REDIS_URL": valkey_url_without_password(data, user),
            "AWGP_REDIS_PASSWORD_FILE": str(data.secret_file(f"valkey-{user}")),
        }
    if urlsplit(given["AWGP_REDIS_URL"]).password is not None:
        message = "AWGP_REDIS_URL carries a password; put it in a file AWGP_REDIS_PASSWORD_FILE "
        raise ServerUrlUnsafe(message + "names")
    return _given(given, "AWGP_REDIS_URL", "AWGP_REDIS_PASSWORD_FILE")


def identity_settings(data: DataFolder, kind: str, given: Mapping[str, str]) -> dict[str, str]:
    variables = {
        "AWGP_OIDC_ISSUER": given.get("AWGP_OIDC_ISSUER", issuer_url(data)),
        "AWGP_OIDC_AUDIENCE": given.get("AWGP_OIDC_AUDIENCE", AUDIENCE),
    }
    if kind == "web":
        secret = secret_path(data, "oidc-client-awgp", "AWGP_OIDC_CLIENT_SECRET_FILE", given)
        variables["AWGP_OIDC_CLIENT_ID"] = given.get("AWGP_OIDC_CLIENT_ID", WEB_CLIENT)
        variables["AWGP_OIDC_CLIENT_SECRET_FILE"] = secret
        variables["AWGP_SESSION_KEY_FILE"] = secret_path(
            data, "session.key", "AWGP_SESSION_KEY_FILE", given
        )
    return variables


def object_store_settings(data: DataFolder, given: Mapping[str, str]) -> dict[str, str]:
    if "AWGP_S3_ENDPOINT" in given:
        return _given(
            given,
            *("AWGP_S3_ENDPOINT", "AWGP_S3_BUCKET", "AWGP_S3_REGION", "AWGP_S3_ACCESS_KEY"),
            *("AWGP_S3_ACCESS_KEY_FILE", "AWGP_S3_SECRET_KEY_FILE"),
        )
    return {
        "AWGP_S3_ENDPOINT": s3_endpoint(data),
        "AWGP_S3_BUCKET": AUDIT_BUCKET,
        "AWGP_S3_REGION": REGION,
        "AWGP_S3_ACCESS_KEY_FILE": str(data.secret_file("s3-access-key")),
        "AWGP_S3_SECRET_KEY_FILE": str(data.secret_file("s3-secret-key")),
    }


def store_reader_settings(data: DataFolder, given: Mapping[str, str]) -> dict[str, str]:
    """The same store with rights to read and no more; nothing where no such keys are given."""
    if "AWGP_S3_ENDPOINT" in given:
        return named_reader_settings(given)
    return object_store_settings(data, given) | {
        "AWGP_S3_ACCESS_KEY_FILE": str(data.secret_file("s3-reader-access-key")),
        "AWGP_S3_SECRET_KEY_FILE": str(data.secret_file("s3-reader-secret-key")),
    }


def named_reader_settings(given: Mapping[str, str]) -> dict[str, str]:
    """As `store_reader_settings`, of a store named by URL."""
    keys = {name.replace("_READER_", "_"): given[name] for name in READER_KEYS if name in given}
    where = _given(given, "AWGP_S3_ENDPOINT", "AWGP_S3_BUCKET", "AWGP_S3_REGION")
    return where | keys if keys else {}


def signer_public_key(data: DataFolder, given: Mapping[str, str]) -> str:
    """The signer's public key: the export checks signatures and never makes one."""
    if "AWGP_CHECKPOINT_PUBLIC_KEY" in given:
        return given["AWGP_CHECKPOINT_PUBLIC_KEY"]
    path = Path(secret_path(data, "checkpoint.key", "AWGP_CHECKPOINT_KEY_FILE", given))
    settings = Settings(checkpoint_key=path.read_text(encoding="utf-8"))
    return base64.b64encode(make_signer_key(settings).public_key).decode()


def secret_path(data: DataFolder, secret: str, name: str, given: Mapping[str, str]) -> str:
    return given.get(name, str(data.secret_file(secret)))


def _given(given: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: given[name] for name in names if name in given}
