"""An S3 server from a wheel: SeaweedFS, with versioning and a real Object Lock.

It has two ways around its S3 door, and both are shut here: without signing keys in `security.toml`
an unauthenticated DELETE on the filer's port removes a locked object, and without certificates
anyone on the host may call the gRPC ports. Anonymous telemetry and the web consoles are off.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ops.embedded.data_folder import (
    DataFolder,
    give_folder,
    hold_data_folder,
    open_data_folder,
    write_atomically,
)
from ops.embedded.ports import is_free
from ops.embedded.program import Program
from ops.embedded.running import Running
from ops.embedded.s3_certificates import grpc_settings, write_certificates
from pipeline.errors import AwgpError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AUDIT_BUCKET = "awgp-audit"
_GRPC_OFFSET = 10_000
"""A part's gRPC port is this much above its HTTP port."""

REGION = "us-east-1"
_EXPORTER_ACTIONS = (
    "Read",
    "Write",
    "List",
    "PutObjectRetention",
    "GetObjectRetention",
    "GetBucketObjectLockConfiguration",
)


class S3Unavailable(AwgpError):
    """The server's program is missing, or the bucket is not what an audit needs."""


@contextlib.contextmanager
def start_s3(folder: Path) -> Iterator[Running]:
    """Run a server on a data folder, made if need be; stop it at the end and keep the data.

    `Running.url` is the endpoint. The bucket `awgp-audit` exists, locked and versioned.
    """
    data = open_data_folder(folder)
    with hold_data_folder(data, shared=True):
        prepare_s3(data)
        server = Running(
            data=data,
            program=s3_program(data),
            url=s3_endpoint(data),
            ready=lambda: s3_ready(data),
        )
        try:
            server.wait_until_ready()
            ensure_bucket(s3_admin_client(data))
            yield server
        finally:
            server.stop()


def s3_endpoint(data: DataFolder) -> str:
    """Return the S3 endpoint's URL."""
    return f"http://127.0.0.1:{data.ports['s3']}"


def s3_client(data: DataFolder) -> "S3Client":
    """Return a client with the exporter's rights: read, write and list in the audit bucket."""
    return _client(data, "s3-access-key", "s3-secret-key")


def s3_admin_client(data: DataFolder) -> "S3Client":
    """Return a client with every right, for making buckets."""
    return _client(data, "s3-admin-access-key", "s3-admin-secret-key")


def ensure_bucket(client: "S3Client", bucket: str = AUDIT_BUCKET) -> None:
    """Create a versioned bucket with Object Lock; do nothing where it exists.

    Raises:
        S3Unavailable: A bucket of that name exists without Object Lock, which cannot be added.
    """
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
        client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    try:
        lock = client.get_object_lock_configuration(Bucket=bucket)
    except ClientError as exc:
        message = f"the bucket {bucket} exists without Object Lock; name another bucket"
        raise S3Unavailable(message) from exc
    if lock["ObjectLockConfiguration"].get("ObjectLockEnabled") != "Enabled":
        raise S3Unavailable(f"the bucket {bucket} has Object Lock turned off; name another bucket")
    if client.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def prepare_s3(data: DataFolder, user: int | None = None) -> None:
    """Write the server's configuration anew from the folder's secrets."""
    home = data.folder("s3")
    for folder in (home, _sockets(data)):
        give_folder(folder, user)
    remove_left_sockets(data)
    certificates = write_certificates(home, owner=user)
    contents = {
        "security.toml": security_settings(data) + grpc_settings(certificates),
        "options": options(data),
        "identities.json": json.dumps(identities(data), indent=2),
    }
    for name, content in contents.items():
        write_atomically(home / name, content, owner=user)
    if not (home / "data").is_dir():
        (home / "data").mkdir(mode=0o700)
        if user is not None:
            os.chown(home / "data", user, user, follow_symlinks=False)


def security_settings(data: DataFolder) -> str:
    """Return the signing keys' part of `security.toml`, read from the working folder."""
    return f"""[jwt.signing]
key = "{data.secret("s3-jwt-volume")}"
[jwt.signing.read]
key = "{data.secret("s3-jwt-volume-read")}"
[jwt.filer_signing]
key = "{data.secret("s3-jwt-filer")}"
[jwt.filer_signing.read]
key = "{data.secret("s3-jwt-filer-read")}"
[access]
ui = false
[filer.expose_directory_metadata]
enabled = false
"""


def identities(data: DataFolder) -> dict[str, object]:
    """Return the S3 identities: an admin; an exporter and a reader confined to the audit bucket."""

    def identity(name: str, prefix: str, actions: list[str]) -> dict[str, object]:
        keys = {
            "accessKey": data.secret(f"{prefix}access-key"),
            "secretKey": data.secret(f"{prefix}secret-key"),
        }
        return {"name": name, "credentials": [keys], "actions": actions}

    def confined(*actions: str) -> list[str]:
        return [f"{action}:{AUDIT_BUCKET}" for action in actions]

    return {
        "identities": [
            identity("admin", "s3-admin-", ["Admin"]),
            identity("exporter", "s3-", confined(*_EXPORTER_ACTIONS)),
            identity("reader", "s3-reader-", confined("Read", "List")),
        ]
    }


def s3_program(data: DataFolder, user: int | None = None) -> Program:
    """Return how to run the server.

    `mini`, because `server` loses its raft leader after a `kill -9`.

    Raises:
        S3Unavailable: The wheel is not installed.
    """
    home = data.folder("s3")
    return Program(
        name="s3",
        command=(_weed(), "mini", f"-options={home / 'options'}"),
        environment={"HOME": str(home)},
        user=user,
        folder=home,
        stop_seconds=20,
    )


def options(data: DataFolder) -> str:
    """Return the server's options as a file, since one of them is a password.

    Its administration server cannot be turned off, only closed: it gets a port of ours, a password
    and no user interface.
    """
    home, ports = data.folder("s3"), data.ports
    chosen = {
        "dir": home / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": ports["s3-master"],
        "master.telemetry": "false",
        "volume.port": ports["s3-volume"],
        "filer.port": ports["s3-filer"],
        "filer.localSocket": _sockets(data) / "filer.sock",
        "s3.port": ports["s3"],
        "s3.localSocket": _sockets(data) / "s3.sock",
        "s3.config": home / "identities.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.autoCreateBucket": "false",
        "webdav": "false",
        "admin.ui": "false",
        "volume.preStopSeconds": 0,
        "admin.port": ports["s3-admin"],
        "admin.password": data.secret("s3-console"),
    }
    return "".join(f"{name}={value}\n" for name, value in chosen.items())


def s3_ready(data: DataFolder) -> bool:
    """Tell whether the server answers a signed request."""
    if is_free(data.ports["s3"]):
        return False  # spares building a client at every look
    try:
        s3_admin_client(data).list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True


def remove_left_sockets(data: DataFolder) -> None:
    """Remove what the server leaves behind at its end, in our folder and in /tmp.

    Those in /tmp another user than the one before could not remove; they are named by their ports,
    which are this folder's.
    """
    numbers = {str(port + _GRPC_OFFSET) for port in data.ports.values()}
    in_tmp = Path("/tmp").glob("seaweedfs-*-grpc-*.sock")  # noqa: S108 - not our choice
    ours = [path for path in in_tmp if path.stem.rpartition("-")[2] in numbers]
    for path in [*ours, *_sockets(data).glob("*.sock")]:
        if path.is_socket():
            with contextlib.suppress(PermissionError):  # another user's: not ours to judge
                path.unlink()


def _sockets(data: DataFolder) -> Path:
    return data.sockets / "s3"


def _client(data: DataFolder, access_key: str, secret_key: str) -> "S3Client":
    # Slow to import, and most who come here only want to know where the server is.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "s3",
        endpoint_url=s3_endpoint(data),
        region_name=REGION,
        aws_access_key_id=data.secret(access_key),
        aws_secret_access_key=data.secret(secret_key),
        config=Config(
            connect_timeout=2,
            read_timeout=20,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


def _weed() -> str:
    beside_python = Path(sys.executable).parent / "weed"
    found = str(beside_python) if beside_python.is_file() else shutil.which("weed")
    if found is None:
        message = "the embedded S3 server is not installed; install awgp[embedded], or set "
        raise S3Unavailable(message + "AWGP_S3_ENDPOINT to a server of yours")
    return found
