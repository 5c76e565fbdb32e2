"""The export's S3 side: objects written once, locked where the bucket can, read back whole."""

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from audit_export.object_store import (
    ObjectDiffers,
    ObjectMissing,
    StoredObject,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 65_536
CONNECT_TIMEOUT_SECONDS = 3
LOCK_MODE: Literal["COMPLIANCE"] = (
    "COMPLIANCE"  # nobody can shorten it, the account's root user included
)
# An answer cut short may be no XML, or hold a header that is none; the library then lets its
# parser's own errors out.
FAILED = (ClientError, BotoCoreError, ResponseParserError, ValueError)
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_PRESENT = frozenset({"PreconditionFailed", "412"})
_UNLOCKED = frozenset({"ObjectLockConfigurationNotFoundError", "NotImplemented"})


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Store:
    """One bucket, by endpoint and credentials; connects on first use.

    Args:
        secret_key: Kept out of the representation.
        answer_seconds: How long the server may say nothing; then the request is tried again.
        attempts: How often a request is made, with pauses between, before it is given up.
    """

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    answer_seconds: float = 20.0
    attempts: int = 4
    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def has_object_lock(self) -> bool:
        """Whether the bucket has Object Lock, asked once.

        Raises:
            StoreUnavailable: The bucket cannot be asked: not the same as having no lock.
        """
        if "lock" not in self._found:
            try:
                answer = self._client.get_object_lock_configuration(Bucket=self.bucket)
                state = answer["ObjectLockConfiguration"].get("ObjectLockEnabled")
                self._found["lock"] = state == "Enabled"
            except FAILED as exc:
                if _code(exc) not in _UNLOCKED:
                    raise self._unavailable(exc) from exc
                self._found["lock"] = False
        return bool(self._found["lock"])

    def put_locked(
        self, key: str, body: bytes | Path, retain_until: datetime, sha256: str
    ) -> StoredObject:
        """Write an object once; the same bytes again change nothing but a lock too short.

        Args:
            body: Bytes, or a file that is streamed.
            sha256: Hex; sent along, so that the server refuses bytes damaged on the way.

        Raises:
            ObjectDiffers: Other bytes stand under this key.
            StoreUnavailable: The server refused or could not be reached.
        """
        created = True
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        try:
            self._put(key, body, retain_until, sha256)
        except FAILED as exc:
            if _code(exc) not in _PRESENT:
                raise self._unavailable(exc) from exc
            created = False
            if self._digest(key) != sha256:
                raise ObjectDiffers(f"{self.bucket}/{key} already holds other bytes") from exc
        locked_until = self._ensure_lock(key, retain_until) if self.has_object_lock else None
        return StoredObject(
            key=key, size=size, sha256=sha256, created=created, locked_until=locked_until
        )

    def read_back(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes in chunks of 64 KiB.

        Raises:
            ObjectMissing: Nothing is there.
            StoreUnavailable: The server refused or could not be reached.
        """
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
            with contextlib.closing(body):
                yield from body.iter_chunks(CHUNK_BYTES)
        except FAILED as exc:
            if _code(exc) in _MISSING:
                raise ObjectMissing(f"{self.bucket}/{key} is not there") from exc
            raise self._unavailable(exc) from exc

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order."""
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (entry["Key"] for entry in page.get("Contents", []))
        except FAILED as exc:
            raise self._unavailable(exc) from exc

    def download_folder(self, prefix: str, folder: Path) -> list[Path]:
        """Write every object under a prefix to `folder/<key>`, and return the files.

        A tenant's prefix (`<tenant>/`) gives `folder/<tenant>/...`; the empty prefix gives every
        tenant's: either way the offline verifier reads `folder`.

        Raises:
            StoreUnavailable: A key would leave the folder, or the server refused.
        """
        written = []
        for key in self.keys(prefix):
            relative = PurePosixPath(key)
            if relative.is_absolute() or ".." in relative.parts or "\\" in key:
                raise StoreUnavailable(f"the key {key!r} would be written outside {folder}")
            path = folder.joinpath(*relative.parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                for chunk in self.read_back(key):
                    file.write(chunk)
            written.append(path)
        return written

    @property
    def _client(self) -> "S3Client":
        if "client" not in self._found:
            self._found["client"] = boto3.client(
                "s3",
                endpoint_url=self.endpoint,
                region_name=self.region,
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                config=Config(
                    s3={"addressing_style": "path"},
                    # A half-open connection is given up, so that an export is retried in minutes.
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    read_timeout=self.answer_seconds,
                    retries={"mode": "standard", "total_max_attempts": self.attempts},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        client: S3Client = self._found["client"]
        return client

    def _put(self, key: str, body: bytes | Path, retain_until: datetime, sha256: str) -> None:
        lock: dict[str, Any] = {}
        if self.has_object_lock:
            lock = {"ObjectLockMode": LOCK_MODE, "ObjectLockRetainUntilDate": retain_until}
        with contextlib.ExitStack() as stack:
            content: bytes | IO[bytes] = (
                body if isinstance(body, bytes) else stack.enter_context(body.open("rb"))
            )
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content,
                IfNoneMatch="*",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                **lock,
            )

    def _ensure_lock(self, key: str, retain_until: datetime) -> datetime:
        """Return until when an object is locked, and lengthen what is too short."""
        wanted = retain_until.astimezone(UTC).replace(microsecond=0)
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=key)
            until = head.get("ObjectLockRetainUntilDate")
            if head.get("ObjectLockMode") == LOCK_MODE and until and until >= wanted:
                return until
            self._client.put_object_retention(
                Bucket=self.bucket,
                Key=key,
                Retention={"Mode": LOCK_MODE, "RetainUntilDate": retain_until},
            )
        except FAILED as exc:
            raise self._unavailable(exc) from exc
        return wanted

    def _digest(self, key: str) -> str:
        digest = hashlib.sha256()
        for chunk in self.read_back(key):
            digest.update(chunk)
        return digest.hexdigest()

    def _unavailable(self, exc: Exception) -> StoreUnavailable:
        return StoreUnavailable(f"the bucket {self.bucket} at {self.endpoint}: {exc}")


def _code(exc: Exception) -> str:
    return str(exc.response["Error"]["Code"]) if isinstance(exc, ClientError) else ""
