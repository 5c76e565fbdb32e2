"""Read `awgp.toml`, the manifest of a bundle.

[bundle]
name = "invoice-booker"
version = "1.2.0"
runtime = "python3"           # default; or "node", "static", "python3-NAME"
entrypoint = ["main.py"]      # file in the bundle, then its arguments; default
retry = "never"               # or "safe": a lost execution may simply run again
environment = ["REGION"]      # variables it would like; the tenant gives them values, or not

[limits]                      # each optional; the tenant's ceiling applies on top
wall_seconds = 30

[[network]]                   # where it would like to go; nowhere the tenant does not allow, too
url = "https://api.example.com/v1/"
methods = ["GET", "POST"]

[gateway]                     # how much of it; each optional
calls = 20

[llm]                         # a model, if the tenant has one for it
tokens = 20000

[syscalls]                    # less than everybody has: a plain program, and what it names besides
profile = "strict"
add = ["threads"]

[memory]                      # what it remembers from run to run, if the tenant lets it
entries = 1000
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.errors import AwgpError
from pipeline.execution import Limits, LimitsInvalid
from pipeline.gateway_scope import SandboxPolicyInvalid
from pipeline.sandbox_policy import Asked

FILE_NAME = "awgp.toml"
MAX_MANIFEST_BYTES = 64 * 1024
MAX_ARGUMENTS = 32
MAX_ARGUMENT_CHARACTERS = 1024

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_VERSION = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.+_-]{0,63})")
FIELDS = frozenset({"name", "version", "runtime", "entrypoint", "retry", "environment"})
SECTIONS = frozenset({"bundle", "limits", "network", "gateway", "llm", "memory", "syscalls"})

# Runtimes of these names are built from this product; those of a tenant's own begin with one.
RUNTIMES = ("python3", "node", "static")
OWN_RUNTIME = re.compile(r"python3-[a-z0-9-]{1,40}")


class ManifestInvalid(AwgpError):
    """The manifest is missing something or says something we do not know; names the field."""


class RuntimeUnknown(AwgpError):
    """A name that means no runtime; the message says what it must be."""


class Retry(StrEnum):
    """Whether an execution whose outcome is unknown may be run again."""

    SAFE = "safe"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle says about itself."""

    name: str
    version: str
    runtime: str
    entrypoint: tuple[str, ...]
    retry: Retry
    limits: Limits
    asked: Asked

    def as_json(self) -> dict[str, Any]:
        """The form the database keeps, whole numbers only."""
        return {
            "name": self.name,
            "version": self.version,
            "runtime": self.runtime,
            "entrypoint": list(self.entrypoint),
            "retry": self.retry.value,
            "limits": self.limits.as_json(),
            **self.asked.as_json(),
        }


def parse_manifest(text: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestInvalid: Naming the field at fault.
    """
    if len(text) > MAX_MANIFEST_BYTES:
        raise ManifestInvalid(f"{FILE_NAME} is larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        values = tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ManifestInvalid(f"{FILE_NAME} is not TOML: {exc}") from exc
    for section in values:
        if section not in SECTIONS:
            raise ManifestInvalid(f"{FILE_NAME}: [{section}] is unknown")
    bundle = _table(values, "bundle")
    for field in bundle:
        if field not in FIELDS:
            raise ManifestInvalid(f"{FILE_NAME}: bundle.{field} is unknown")
    return Manifest(
        name=_matching(bundle, "name", _NAME, "small letters, digits and hyphens, at most 64"),
        version=_matching(bundle, "version", _VERSION, "letters, digits and . + _ -, at most 64"),
        runtime=_runtime(bundle),
        entrypoint=_entrypoint(bundle.get("entrypoint", ["main.py"])),
        retry=_retry(bundle.get("retry", "never")),
        limits=_limits(_table(values, "limits")),
        asked=_asked({**values, "environment": bundle.get("environment", [])}),
    )


def kind_of(runtime: str) -> str:
    """Which of the kinds a runtime's name means.

    Raises:
        RuntimeUnknown: None of them.
    """
    if runtime in RUNTIMES:
        return runtime
    if not OWN_RUNTIME.fullmatch(runtime):
        raise RuntimeUnknown(
            f"must be one of {', '.join(RUNTIMES)}, or python3-NAME, built from a lock file;"
            f" not {runtime!a}"
        )
    return RUNTIMES[0]


def _runtime(bundle: Mapping[str, Any]) -> str:
    named = {"runtime": RUNTIMES[0], **bundle}
    name = _matching(named, "runtime", _NAME, "the name of a runtime")
    try:
        kind_of(name)
    except RuntimeUnknown as exc:
        raise ManifestInvalid(f"{FILE_NAME}: bundle.runtime {exc}") from exc
    return name


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, dict):
        raise ManifestInvalid(f"{FILE_NAME}: [{name}] must be a table")
    return table


def _matching(bundle: Mapping[str, Any], field: str, pattern: re.Pattern[str], rule: str) -> str:
    value = bundle.get(field)
    if value is None:
        raise ManifestInvalid(f"{FILE_NAME}: bundle.{field} is missing")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ManifestInvalid(f"{FILE_NAME}: bundle.{field} must be {rule}")
    return value


def _entrypoint(value: object) -> tuple[str, ...]:
    sound = (
        isinstance(value, list)
        and 1 <= len(value) <= MAX_ARGUMENTS
        and all(isinstance(part, str) and "\0" not in part for part in value)
        and all(len(part) <= MAX_ARGUMENT_CHARACTERS for part in value)
    )
    if not sound or not isinstance(value, list):
        raise ManifestInvalid(f"{FILE_NAME}: bundle.entrypoint must be a list of texts")
    return tuple(value)


def _retry(value: object) -> Retry:
    try:
        return Retry(str(value))
    except ValueError as exc:
        raise ManifestInvalid(f'{FILE_NAME}: bundle.retry must be "safe" or "never"') from exc


def _limits(values: Mapping[str, object]) -> Limits:
    try:
        return Limits.from_mapping(values)
    except LimitsInvalid as exc:
        raise ManifestInvalid(f"{FILE_NAME}: {exc}") from exc


def _asked(values: Mapping[str, Any]) -> Asked:
    try:
        return Asked.from_mapping(values)
    except SandboxPolicyInvalid as exc:
        raise ManifestInvalid(f"{FILE_NAME}: {exc}") from exc
