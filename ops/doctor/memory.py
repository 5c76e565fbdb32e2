"""What agents remember with on this machine: the engine or server, its folder, its cap."""

import json
import os
import re
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from ops.doctor.check import Check, fail, ok, skipped, warn
from ops.doctor.run import Probe
from ops.doctor.sandbox import DELEGATE
from ops.doctor.system import System
from ops.memory_settings import is_here, memory_settings
from pipeline.execution import MIB
from runtime_host.cgroups import CgroupTree
from runtime_host.memory.beside import (
    TASKS,
    MemorySettings,
    MemoryUnavailable,
    OwnerProcess,
    lending,
)
from runtime_host.memory.engine import FREE_SHARE
from runtime_host.memory.lexical import entry_vector, query_vector
from runtime_host.memory.requests import SEARCH, UPSERT
from runtime_host.wire import Decoder, encode, receive

SUBJECT: Final = "memory"
SETTINGS: Final = "settings"
FOLDER_MEND: Final = "AWGP_MEMORY_FOLDER: an empty folder that the runtime host may write"
EMBEDDED: Final = "qdrant-edge-py"
# To start an owner, and for it to keep something.
TRY_SECONDS: Final = 90.0
EACH_SECONDS: Final = 15.0
# Queries as we ask them came with it.
LEAST_VERSION: Final = (1, 10)
# Neither their locks nor the order of what is written is a local disk's.
NETWORK: Final = re.compile(
    "9p|afs|beegfs|ceph|cifs|fuse[.].*|gfs2|glusterfs|gpfs|lustre|nfs|nfs4|ocfs2|smb3|smbfs"
)
IN_MEMORY: Final = frozenset({"ramfs", "tmpfs"})
LITTLE_SHARE: Final = 2 * FREE_SHARE


def said_where(system: System) -> Iterator[Check]:
    """Which it is."""
    url = _settings(system).url
    yield ok(SETTINGS, f"a server for several machines, {url}" if url else "the embedded engine")


def engine(system: System) -> Iterator[Check]:
    """A server is asked; an embedded one keeps an entry, in a folder that is gone afterwards."""
    settings = _settings(system)
    if settings.url:
        yield from _server(settings)
        return
    try:
        version = metadata.version(EMBEDDED)
    except metadata.PackageNotFoundError:
        mend = f"install {EMBEDDED}, or name a server: AWGP_QDRANT_URL"
        yield fail("engine", "Qdrant Edge is not installed: no agent can remember anything", mend)
        return
    groups = CgroupTree(f"awgp-doctor-{os.getpid()}")
    try:
        with tempfile.TemporaryDirectory(prefix="awgp-doctor-") as place:
            _try(replace(settings, folder=Path(place, "memory")), groups)
    finally:
        groups.remove()
    said = f"Qdrant Edge {version} kept an entry and found it"
    yield ok("engine", f"{said}; this machine remembers by itself, AWGP_QDRANT_URL names a server")


def _try(settings: MemorySettings, groups: CgroupTree) -> None:
    """An owner as the host would start it, asked as a gateway would.

    Raises:
        MemoryUnavailable: It does not start, or does not do it.
        WireBroken, OSError: It went away.
    """
    owner = OwnerProcess(settings, groups, lambda _: None)
    ours, its = socket.socketpair()
    try:
        with ours:
            with its:
                owner.send(lending(tenant=uuid4(), assistant=uuid4(), entries=1), its)
            ours.settimeout(EACH_SECONDS)
            entry = {"id": "a", "text": "doctor", "vector": entry_vector("doctor")}
            _asked(ours, UPSERT, {"entries": [entry]})
            if not _asked(ours, SEARCH, {"vector": query_vector("doctor")})["hits"]:
                raise MemoryUnavailable("the engine does not find what it was given")
    finally:
        owner.end()


def _asked(connection: socket.socket, operation: str, body: dict[str, object]) -> dict[str, Any]:
    connection.sendall(encode({"type": operation, "number": 1}, json.dumps(body).encode()))
    frame = receive(connection, Decoder())
    if frame.type != "answer":
        raise MemoryUnavailable(f"the engine refuses: {frame.body.get('detail')}")
    answer: dict[str, Any] = json.loads(frame.blob)
    return answer


def _server(settings: MemorySettings) -> Iterator[Check]:
    url, key = settings.url, ""
    if settings.api_key_file is not None:
        key = settings.api_key_file.read_text().strip()
        if not key or not key.isascii() or not key.isprintable():
            mend = "one line, as the server was given it"
            yield fail("key", f"{settings.api_key_file} holds none that can be sent", mend)
            return
    # What an owner has: no proxy of ours, and the authorities it is told.
    trusted = ssl.create_default_context(cafile=settings.certificates)
    with httpx.Client(
        headers={"api-key": key} if key else {},
        verify=trusted if settings.certificates else True,
        timeout=EACH_SECONDS,
        trust_env=False,
    ) as client:
        try:
            about = client.get(f"{url.rstrip('/')}/")
            listed = client.get(f"{url.rstrip('/')}/collections")
        except httpx.HTTPError as error:
            said = f"{url} does not answer: {' '.join(str(error).split())}"
            mend = "start it, or mend AWGP_QDRANT_URL; until then agents remember nothing"
            yield fail("engine", said, mend)
            return
    yield _version(url, about)
    yield _key(settings, listed)
    if url.startswith("http:") and not is_here(url):
        said = "http: what agents remember can be read on its way"
        yield warn("transport", said, "https:// in AWGP_QDRANT_URL")


def _version(url: str, about: httpx.Response) -> Check:
    found = re.search(r'"version"\s*:\s*"((\d+)\.(\d+)[^"]*)"', about.text[:1000])
    if found is None or "qdrant" not in about.text[:1000]:
        said = f"what answers at {url} (status {about.status_code}) is no Qdrant"
        return fail("engine", said, "mend AWGP_QDRANT_URL")
    if (int(found[2]), int(found[3])) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        return fail("engine", f"Qdrant {found[1]} at {url}", f"run {least} or later there")
    return ok("engine", f"Qdrant {found[1]} at {url}")


def _key(settings: MemorySettings, listed: httpx.Response) -> Check:
    asked = settings.api_key_file is not None
    if listed.status_code in {401, 403}:
        said = "refused by the server" if asked else "the server asks for one, and none is named"
        return fail("key", said, "AWGP_QDRANT_API_KEY_FILE: a file with a key that may write")
    if not listed.is_success:
        said = f"listing collections is answered with {listed.status_code}"
        return fail("key", said, "see the server's log")
    if asked:
        return ok("key", "accepted; whether it may write shows with the first entry")
    if is_here(settings.url):
        return ok("key", "none is asked for: whoever is on this machine reads what agents remember")
    said = f"none is asked for: whoever reaches {urlsplit(settings.url).hostname} reads memories"
    return warn("key", said, "give the server a key, and AWGP_QDRANT_API_KEY_FILE a file with it")


def folder(system: System, mounts: str | None = None) -> Iterator[Check]:
    """Of the embedded engine; what is there belongs to its owner and is left alone."""
    settings = _settings(system)
    if settings.url:
        return
    if not (system.environ.get("AWGP_MEMORY_FOLDER") or _state(system)):
        why = "no data folder, and neither AWGP_MEMORY_FOLDER nor AWGP_RUNTIME_STATE says where"
        yield skipped("folder", why)
        return
    place = settings.folder
    there = next(each for each in (place, *place.parents) if each.exists())
    yield _writable(place, there)
    yield _kind(there, Path("/proc/self/mounts").read_text() if mounts is None else mounts)
    yield _room(there)


def _writable(place: Path, there: Path) -> Check:
    if not there.is_dir():
        return fail("folder", f"{there} is no folder", FOLDER_MEND)
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return fail("folder", f"{there} cannot be written by this user", FOLDER_MEND)
    if there != place:
        return ok("folder", f"{place}, made when an agent first remembers something")
    if any(place.iterdir()) and not (place / "lock").is_file():
        return fail("folder", f"{place} holds something else, and is left alone", FOLDER_MEND)
    return ok("folder", f"{place}, which can be written")


def _kind(there: Path, mounts: str) -> Check:
    kind = file_system(there.resolve(), mounts)
    mend = "AWGP_MEMORY_FOLDER on a local disk"
    if NETWORK.fullmatch(kind):
        said = f"{there} is on {kind}, which is no local disk: what is remembered may be lost"
        return fail("disk", said, mend)
    if kind in IN_MEMORY:
        return warn("disk", f"{there} is on {kind}: forgotten when the machine starts again", mend)
    return ok("disk", f"{kind}, a local one")


def file_system(path: Path, mounts: str) -> str:
    """The type of the one a path is on, by /proc/self/mounts; the last mounted of the nearest."""
    found, nearest = "unknown", -1
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        above = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if path.is_relative_to(above) and len(above.parts) >= nearest:
            found, nearest = kind, len(above.parts)
    return found


def _room(there: Path) -> Check:
    system, total = os.statvfs(there), shutil.disk_usage(there).total
    share = system.f_bavail / max(1, system.f_blocks)
    free = system.f_bavail * system.f_frsize / 1024 / MIB
    said = f"{free:.1f} of {total / 1024 / MIB:.1f} GiB free at {there}"
    mend = "make room, or a larger disk"
    if share < FREE_SHARE:
        return fail("room", f"{said}: under a tenth, so agents are refused what they put in", mend)
    if share < LITTLE_SHARE:
        return warn("room", f"{said}: under a tenth nothing is put in any more", mend)
    return ok("room", said)


def cap(system: System, held: frozenset[str] | None = None) -> Iterator[Check]:
    """What the owner may take of the machine, and what happens to one that takes more."""
    settings = _settings(system)
    mib = settings.memory_bytes // MIB
    if held is None:
        tree = CgroupTree(f"awgp-doctor-{os.getpid()}")
        held = tree.controllers
        tree.remove()
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    if "memory" not in held:
        data = settings.data_bytes // MIB
        said = f"no group can be made: {data} MiB that are no file are the cap, not {mib}"
        yield warn("cap", said, DELEGATE)
    elif mib > machine:
        said = f"{mib} MiB are more than this machine's {machine}: others may be ended in its place"
        yield warn("cap", said, "AWGP_MEMORY_MIB: less than there is")
    else:
        threads = f" and {TASKS} threads" if "pids" in held else ""
        then = "an owner that takes more is ended, and who remembers then is told it is away"
        yield ok("cap", f"{mib} MiB{threads}: {then}; the next run has another")


def _settings(system: System) -> MemorySettings:
    """As the host reads them.

    Raises:
        HostRefuses: One is not what it must be.
    """
    return memory_settings(system.environ, (_state(system) or Path("/")) / "memory")


def _state(system: System) -> Path | None:
    named = system.environ.get("AWGP_RUNTIME_STATE")
    if named:
        return Path(named).absolute()
    return None if system.data is None else system.data.folder("runtime-state").absolute()


PROBES: Final = (
    Probe(subject=SUBJECT, name=SETTINGS, ask=said_where, mend="set it anew, or not at all"),
    Probe(
        subject=SUBJECT,
        name="engine",
        ask=engine,
        needs=(SETTINGS,),
        mend="what the message says; until then agents remember nothing",
        limit=TRY_SECONDS,
    ),
    Probe(subject=SUBJECT, name="folder", ask=folder, needs=(SETTINGS,), mend=FOLDER_MEND),
    Probe(subject=SUBJECT, name="cap", ask=cap, needs=(SETTINGS,), mend=DELEGATE),
)
