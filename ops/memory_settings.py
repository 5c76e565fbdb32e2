"""Where agents' memories are, as the runtime host's environment says it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pipeline.execution import MIB
from runtime_host.host import HostRefuses
from runtime_host.memory.beside import MEMORY_BYTES, MemorySettings

# One request of the largest takes 114 MiB.
LEAST_MIB: Final = 128
MOST_MIB: Final = 1 << 20
HERE: Final = re.compile(r"https?://(localhost|127\.0\.0\.1)[:/]")


def memory_settings(environment: Mapping[str, str], folder: Path) -> MemorySettings:
    """Read them.

    Args:
        folder: Of the embedded engine where the environment names none.

    Raises:
        HostRefuses: One is not what it must be.
    """
    url, key_file = _server(environment)
    return MemorySettings(
        folder=Path(environment.get("AWGP_MEMORY_FOLDER") or folder).absolute(),
        url=url,
        api_key_file=key_file,
        certificates=environment.get("SSL_CERT_FILE") or None,
        memory_bytes=_mib(environment) * MIB,
    )


def is_here(url: str) -> bool:
    """Whether what is sent to a URL stays on this machine."""
    return HERE.match(url + "/") is not None


def _server(environment: Mapping[str, str]) -> tuple[str, Path | None]:
    url = environment.get("AWGP_QDRANT_URL", "")
    key_file = environment.get("AWGP_QDRANT_API_KEY_FILE")
    if url and not re.fullmatch(r"https?://[^\s@?#]+", url):
        raise HostRefuses("AWGP_QDRANT_URL must be http:// or https:// and a host, no key in it")
    if key_file and not (url and Path(key_file).is_file()):
        raise HostRefuses("AWGP_QDRANT_API_KEY_FILE must be a file, and go with AWGP_QDRANT_URL")
    if key_file and not (url.startswith("https:") or is_here(url)):
        raise HostRefuses("AWGP_QDRANT_URL must be https:// where a key is sent elsewhere")
    return url, Path(key_file).absolute() if key_file else None


def _mib(environment: Mapping[str, str]) -> int:
    value = environment.get("AWGP_MEMORY_MIB") or str(MEMORY_BYTES // MIB)
    if not value.isascii() or not value.isdigit() or not LEAST_MIB <= int(value) <= MOST_MIB:
        raise HostRefuses(f"AWGP_MEMORY_MIB must be a whole number from {LEAST_MIB} to {MOST_MIB}")
    return int(value)
