"""The audit bucket: there, versioned, lockable. Nothing is put: a lock could not be taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import ClientError

from ops.doctor import clock
from ops.doctor.check import Check, fail, ok, skipped, warn
from ops.doctor.run import Probe, what_happened
from ops.doctor.system import ANSWER_SECONDS, System
from ops.embedded.s3 import AUDIT_BUCKET, REGION, s3_endpoint
from ops.process_servers import named_reader_settings
from pipeline.settings import Settings, read_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SUBJECT: Final = "object store"
REACHED: Final = "bucket"
READER: Final = "reader"
ABSENT: Final = "not running; `awgp up` starts it"
NEW_BUCKET: Final = (
    "make a bucket with Object Lock (it cannot be added everywhere) and name it in AWGP_S3_BUCKET"
)
_REFUSED: Final = frozenset({"AccessDenied", "403", "NotImplemented"})
_UNLOCKED: Final = "ObjectLockConfigurationNotFoundError"


def settings_of(system: System) -> Settings:
    if system.data is None or not system.is_embedded("s3"):
        return system.settings
    return Settings(
        s3_endpoint=s3_endpoint(system.data),
        s3_bucket=AUDIT_BUCKET,
        s3_region=REGION,
        s3_access_key=system.secret("s3-access-key") or "",
        s3_secret_key=system.secret("s3-secret-key") or "",
    )


def reader_of(system: System) -> Settings | None:
    """As the control plane has the store; None where it was given no keys.

    Raises:
        SettingInvalid: A variable names a file that cannot be read.
    """
    if system.data is None or not system.is_embedded("s3"):
        given = named_reader_settings(system.environ)
        return read_settings(given) if given else None
    return replace(
        settings_of(system),
        s3_access_key=system.secret("s3-reader-access-key") or "",
        s3_secret_key=system.secret("s3-reader-secret-key") or "",
    )


def client_of(settings: Settings) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key,
        config=Config(
            connect_timeout=ANSWER_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


def bucket(system: System) -> Iterator[Check]:
    """With the exporter's keys, so that its rights are examined along."""
    if system.is_absent("s3"):
        yield skipped(REACHED, ABSENT)
        return
    settings = settings_of(system)
    client_of(settings).list_objects_v2(Bucket=settings.s3_bucket, MaxKeys=1)
    yield ok(REACHED, f"{settings.s3_bucket} at {settings.s3_endpoint} can be listed")


def reader(system: System) -> Iterator[Check]:
    """With the keys by which the control plane looks at exports and hands them out."""
    settings = reader_of(system)
    if settings is None:
        yield skipped(READER, "AWGP_S3_READER_ACCESS_KEY is not set: the web shows no exports")
        return
    client_of(settings).list_objects_v2(Bucket=settings.s3_bucket, MaxKeys=1)
    yield ok(READER, "the control plane can list exports")


def versioning(system: System) -> Iterator[Check]:
    settings, name = settings_of(system), "versioning"
    try:
        client = client_of(_looking(system, settings))
        state = client.get_bucket_versioning(Bucket=settings.s3_bucket).get("Status", "never on")
    except ClientError as error:
        yield from _not_asked(name, error)
        return
    if state == "Enabled":
        yield ok(name, "on")
    else:
        said = f"{state}: an object could be replaced"
        mend = f"aws s3api put-bucket-versioning --bucket {settings.s3_bucket}"
        yield fail(name, said, f"{mend} --versioning-configuration Status=Enabled")


def object_lock(system: System) -> Iterator[Check]:
    settings, name = settings_of(system), "object lock"
    try:
        answer = client_of(settings).get_object_lock_configuration(Bucket=settings.s3_bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == _UNLOCKED:
            yield fail(name, "off: whoever may write may delete the audit's export", NEW_BUCKET)
        else:
            yield from _not_asked(name, error)
        return
    configuration = answer["ObjectLockConfiguration"]
    if configuration.get("ObjectLockEnabled") != "Enabled":
        yield fail(name, "off: whoever may write may delete the audit's export", NEW_BUCKET)
        return
    rule: Any = configuration.get("Rule", {}).get("DefaultRetention")
    default = f"by default {rule['Mode']}" if rule else "no default"
    yield ok(name, f"on ({default}); every export asks for COMPLIANCE itself")


def _looking(system: System, settings: Settings) -> Settings:
    """The embedded server's exporter may not ask for versioning; its administrator may."""
    if not system.is_embedded("s3"):
        return settings
    return Settings(
        s3_endpoint=settings.s3_endpoint,
        s3_region=settings.s3_region,
        s3_access_key=system.secret("s3-admin-access-key") or "",
        s3_secret_key=system.secret("s3-admin-secret-key") or "",
    )


def _not_asked(name: str, error: ClientError) -> Iterator[Check]:
    if str(error.response["Error"]["Code"]) in _REFUSED:
        mend = "let the exporter's key read the bucket's configuration, or look at it yourself"
        yield warn(name, f"cannot be told: {what_happened(error)}", mend)
    else:
        raise error


def server_clock(system: System) -> Iterator[Check]:
    """Of its Date header, in whole seconds; S3 refuses signatures 15 minutes off."""
    asked_at = clock.now()
    answer = httpx.get(settings_of(system).s3_endpoint, timeout=ANSWER_SECONDS)
    answered_at = clock.now()
    stamp = answer.headers.get("date")
    if stamp is None:
        yield skipped("clock", "its answers carry no Date")
        return
    server = parsedate_to_datetime(stamp)
    if server.tzinfo is None:
        server = server.replace(tzinfo=UTC)
    yield clock.compare("clock", server.timestamp(), asked_at, answered_at, 1.0)


PROBES: Final = (
    Probe(
        subject=SUBJECT,
        name=REACHED,
        ask=bucket,
        mend="is it running (`awgp status`), and do endpoint, bucket and keys fit?",
    ),
    Probe(
        subject=SUBJECT,
        name=READER,
        ask=reader,
        needs=(REACHED,),
        mend="do the keys of AWGP_S3_READER_ACCESS_KEY, or of the data folder, fit the store?",
    ),
    Probe(subject=SUBJECT, name="versioning", ask=versioning, needs=(REACHED,)),
    Probe(subject=SUBJECT, name="object lock", ask=object_lock, needs=(REACHED,)),
    Probe(subject=SUBJECT, name="clock", ask=server_clock, needs=(REACHED,)),
)
