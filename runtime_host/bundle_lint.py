"""Look over a bundle and say all that is wrong with it, each with its file and how to mend it.

`inspect` stops at the first thing a sandbox would refuse; this goes on, and also tells what only
an author can judge. Nothing is unpacked to disk and nothing of the bundle is run.
"""

import ast
import difflib
import re
import tomllib
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Final

from runtime_host.bundle import BundleRefused, inspect
from runtime_host.bundle_files import read_files
from runtime_host.manifest import FIELDS, FILE_NAME, ManifestInvalid, parse_manifest

WHEELS: Final = "wheels/"
# The language of the runtime python3, whatever Python checks it.
FEATURES: Final = (3, 11)
_REFERENCE: Final = "docs/reference/bundle-manifest.md has every field"
_SECRETS: Final = re.compile(r"(\.env(\..+)?|id_(rsa|ed25519|ecdsa)|.+\.(pem|key|p12|pfx))")
_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|PRIVATE\+KEY\+")
_UNKNOWN: Final = re.compile(r"bundle\.(\w+) is unknown")


class Severity(StrEnum):
    """Whether the bundle can run at all."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at. `file` is its path in the bundle, `fix` what to do."""

    severity: Severity
    file: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.file}: {self.problem}. {self.fix}"


def lint(unverified: bytes, *, built: Collection[str] | None = None) -> list[Finding]:
    """All that is found, errors first.

    Args:
        built: Names of the runtimes this machine has; None where that is not known.
    """
    try:
        files = {name: each.content for name, each in read_files(unverified).items()}
    except BundleRefused as error:
        fix = "Pack the folder anew with `awgp bundle build`"
        return [_error("(archive)", str(error), fix)]
    found = [*_of_the_manifest(files, built)]
    found += [each for name, content in files.items() for each in _of_a_file(name, content)]
    if not any(each.severity is Severity.ERROR for each in found):
        found += _of_the_whole(unverified)
    return sorted(found, key=lambda each: (each.severity, each.file))


def _of_the_manifest(
    files: Mapping[str, bytes], built: Collection[str] | None
) -> Iterator[Finding]:
    if FILE_NAME not in files:
        yield _error(FILE_NAME, "there is none at the top", "`awgp bundle init` writes one")
        return
    try:
        manifest = parse_manifest(files[FILE_NAME])
    except ManifestInvalid as error:
        yield _error(FILE_NAME, str(error).removeprefix(f"{FILE_NAME}: "), _manifest_fix(error))
        yield from _of_the_entrypoint(_asked_entrypoint(files[FILE_NAME]), files)
        return
    yield from _of_the_entrypoint(manifest.entrypoint[0], files)
    if built is not None and manifest.runtime not in built:
        yield Finding(
            severity=Severity.WARNING,
            file=FILE_NAME,
            problem=f"this machine has not built the runtime {manifest.runtime!r}",
            fix=f"`awgp runtime build --name {manifest.runtime}`, or name one of"
            f" {', '.join(sorted(built)) or 'none'}",
        )


def _of_the_entrypoint(entrypoint: str | None, files: Collection[str]) -> Iterator[Finding]:
    if entrypoint is not None and entrypoint not in files:
        alike = difflib.get_close_matches(entrypoint, files, n=1)
        fix = f"Did you mean {alike[0]!a}?" if alike else "Add the file, or name another"
        yield _error(FILE_NAME, f"the entrypoint {entrypoint!a} is not in the bundle", fix)


def _asked_entrypoint(text: bytes) -> str | None:
    """The entrypoint a manifest names that is wrong elsewhere."""
    try:
        values: Any = tomllib.loads(text.decode("utf-8"))
        named = values["bundle"]["entrypoint"][0]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return named if isinstance(named, str) else None


def _manifest_fix(error: ManifestInvalid) -> str:
    unknown = _UNKNOWN.search(str(error))
    alike = difflib.get_close_matches(unknown[1], FIELDS, n=1) if unknown else []
    return f"Did you mean bundle.{alike[0]}?" if alike else _REFERENCE


def _of_a_file(name: str, content: bytes) -> Iterator[Finding]:
    path = PurePosixPath(name)
    if path.suffix == ".py":
        yield from _of_python(name, content)
    if _SECRETS.fullmatch(path.name) or _KEY.search(content):
        yield Finding(
            severity=Severity.WARNING,
            file=name,
            problem="it looks like a secret, and whoever may read the tenant's bundles reads it",
            fix="Take it out of the folder; what was pushed stays",
        )
    if name.startswith(WHEELS) and path.suffix == ".whl":
        yield from _of_a_wheel(name, content)


def _of_python(name: str, content: bytes) -> Iterator[Finding]:
    try:
        ast.parse(content, name, feature_version=FEATURES)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = name if line is None else f"{name}:{line}"
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        fix = f"Write it for Python {FEATURES[0]}.{FEATURES[1]}"
        yield _error(where, f"it is not Python: {said}", fix)


def _of_a_wheel(name: str, content: bytes) -> Iterator[Finding]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as wheel:
            native = [each for each in wheel.namelist() if re.search(r"\.so(\.|$)", each)]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        yield _error(name, "it is not a wheel", "`pip download --only-binary :all:` fetches one")
        return
    if native:
        yield _error(
            name,
            f"it holds machine code ({native[0]!a}), which cannot be imported out of a wheel",
            "Put it into a runtime: `awgp runtime build --lock`",
        )


def _of_the_whole(unverified: bytes) -> list[Finding]:
    try:
        inspect(unverified)
    except (BundleRefused, ManifestInvalid) as error:
        return [_error("(archive)", str(error), _REFERENCE)]
    return []


def _error(file: str, problem: str, fix: str) -> Finding:
    return Finding(severity=Severity.ERROR, file=file, problem=problem, fix=fix)
