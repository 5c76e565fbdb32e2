"""Where this machine keeps its runtimes: one place for every data folder on it."""

import os
from collections.abc import Mapping
from pathlib import Path

from ops import build_runtime, install_erofs, install_runsc
from runtime_host.rootfs import runtimes

OF_THE_MACHINE = Path("/var/lib/awgp/runtimes")


def runtime_folder(environ: Mapping[str, str]) -> Path:
    """AWGP_RUNTIME_FOLDER, else the machine's for root, else the user's own."""
    if "AWGP_RUNTIME_FOLDER" in environ:
        return Path(environ["AWGP_RUNTIME_FOLDER"]).absolute()
    if os.getuid() == 0:
        return OF_THE_MACHINE
    share = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(share) / "awgp/runtimes"


def runtime_digest(environ: Mapping[str, str], name: str = "python3") -> str | None:
    """The digest of a runtime that is built, None where it is not."""
    record = runtimes(runtime_folder(environ)).get(name)
    return None if record is None else record.digest


def ensure_runtime(environ: Mapping[str, str], name: str = "python3") -> str:
    """Install runsc and build a runtime where they are missing; returns its digest.

    Raises:
        AwgpError: One line that says what this user lacks.
    """
    install_runsc.install()
    install_erofs.install()
    folder = runtime_folder(environ)
    folder.mkdir(parents=True, exist_ok=True)
    return build_runtime.build(folder, name).digest
