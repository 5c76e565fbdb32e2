"""Fetch packages from the Debian archive this machine already trusts, without touching its apt.

The archive's address comes from the machine's own apt sources and its signatures are checked
with Debian's keyring; only the suite is ours to choose. apt is given a folder of its own for
lists and caches, so nothing is installed, updated or locked; any user may do it.
"""

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import AwgpError

APT_FOLDER = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_SECONDS = 300


class DebianUnavailable(AwgpError):
    """Packages cannot be had on this machine; the message says what is lacking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One package archive as apt knows it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def archives(apt_folder: Path = APT_FOLDER) -> list[Archive]:
    """Every binary package archive of the machine's sources, in both of apt's notations."""
    found: list[Archive] = []
    parts = apt_folder / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        found += _from_deb822(path.read_text())
    for path in [apt_folder / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            found += _from_one_line(path.read_text())
    return found


def main_archive(apt_folder: Path = APT_FOLDER, os_release: Path = OS_RELEASE) -> Archive:
    """The archive that serves this machine's own release.

    Raises:
        DebianUnavailable: This is not Debian, or no source serves its release.
    """
    identity = _identity(os_release)
    if identity.get("ID") != "debian":
        raise DebianUnavailable("packages are taken from Debian's archive; this is not Debian")
    codename = identity.get("VERSION_CODENAME", "")
    for archive in archives(apt_folder):
        if codename in archive.suites and "main" in archive.components:
            return archive
    raise DebianUnavailable(f"no apt source serves Debian {codename} main")


def security_archive(apt_folder: Path = APT_FOLDER, os_release: Path = OS_RELEASE) -> str | None:
    """Address of the archive of security fixes, if the machine has one."""
    suite = _identity(os_release).get("VERSION_CODENAME", "") + "-security"
    return next((a.uri for a in archives(apt_folder) if suite in a.suites), None)


class PrivateApt:
    """apt over one suite of the machine's archive, with every path in a folder of ours.

    Args:
        folder: Scratch; holds lists and downloads.
        suite: Codename of a Debian release, which need not be the machine's.

    Raises:
        DebianUnavailable: As `main_archive`, or the archive's keyring is missing.
    """

    def __init__(self, folder: Path, suite: str) -> None:
        if not KEYRING.is_file():
            raise DebianUnavailable("the package debian-archive-keyring is missing")
        self._folder = folder
        for name in ("lists/partial", "cache/archives/partial", "downloads"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "suite.sources").write_text(_sources(suite))

    def update(self) -> None:
        """Fetch the suite's signed lists."""
        self._run("apt-get", "update")

    def versions(self, packages: Iterable[str]) -> dict[str, str]:
        """The newest version of each package.

        Raises:
            DebianUnavailable: The suite lacks one.
        """
        found = {}
        for name in packages:
            out = self._run("apt-cache", "show", "--no-all-versions", name)
            match = re.search(r"^Version: (\S+)$", out, re.MULTILINE)
            if match is None:
                raise DebianUnavailable(f"Debian has no package {name} in that suite")
            found[name] = match[1]
        return found

    def download(self, packages: Iterable[str]) -> list[Path]:
        """Fetch packages, checked against the signed lists."""
        downloads = self._folder / "downloads"
        before = set(downloads.glob("*.deb"))
        self._run("apt-get", "download", *packages, cwd=downloads)
        return sorted(set(downloads.glob("*.deb")) - before)

    def _run(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        options = {
            "Dir::Etc::sourcelist": self._folder / "suite.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self._folder,
            "Dir::State::lists": self._folder / "lists",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
            "Acquire::Retries": "3",
            "APT::Sandbox::User": "root",
            "APT::Update::Post-Invoke-Success": "",
        }
        flags = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        try:
            done = subprocess.run(
                [program, "-q", *flags, *arguments],
                cwd=cwd or self._folder,
                capture_output=True,
                text=True,
                timeout=APT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise DebianUnavailable(f"{program} did not run: {exc}") from exc
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise DebianUnavailable(f"{program} {arguments[0]} failed: {' '.join(last)}")
        return done.stdout


def unpack(package: Path, into: Path) -> None:
    """Unpack a package's files; its scripts are not run."""
    try:
        subprocess.run(
            ["dpkg-deb", "-x", str(package), str(into)], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as exc:
        raise DebianUnavailable(f"{package.name} could not be unpacked: {exc}") from exc


def _sources(suite: str) -> str:
    stanza = "Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\nSigned-By: {keyring}\n"
    text = stanza.format(uri=main_archive().uri, suites=f"{suite} {suite}-updates", keyring=KEYRING)
    security = security_archive()
    if security is not None:
        text += "\n" + stanza.format(uri=security, suites=f"{suite}-security", keyring=KEYRING)
    return text


def _from_deb822(text: str) -> list[Archive]:
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        joined = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
        fields = {
            key.strip().lower(): value.split()
            for key, _, value in (line.partition(":") for line in joined.splitlines())
        }
        enabled = fields.get("enabled", ["yes"])[0].lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", []):
            found += [
                Archive(
                    uri=uri,
                    suites=tuple(fields.get("suites", [])),
                    components=tuple(fields.get("components", [])),
                )
                for uri in fields.get("uris", [])
            ]
    return found


def _from_one_line(text: str) -> list[Archive]:
    found = []
    for line in text.splitlines():
        words = re.sub(r"\[[^\]]*\]", "", line.split("#", 1)[0]).split()
        if len(words) >= 3 and words[0] == "deb":
            found.append(Archive(uri=words[1], suites=(words[2],), components=tuple(words[3:])))
    return found


def _identity(os_release: Path) -> dict[str, str]:
    """The machine's `os-release`, as names and values."""
    if not os_release.is_file():
        return {}
    pairs = (line.split("=", 1) for line in os_release.read_text().splitlines() if "=" in line)
    return {key: value.strip().strip('"') for key, value in pairs}
