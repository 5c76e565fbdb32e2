"""Compiled modules that every part can read, where root starts parts that may not write any.

Python keeps what it compiled beside the source. Our parts' users cannot write there, and what a
process with a closed umask wrote there they cannot read: each would compile hundreds of modules
anew at every start. So root imports them once after a change of the program, and opens the results
to whoever may read the source.
"""

import hashlib
import os
import site
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ops.embedded.data_folder import write_atomically
from ops.embedded.users import PACKAGES

_CACHE = Path("/var/cache/awgp")
_ROOTS = (
    *("ops.cli", "ops.gunicorn_conf", "actors.worker", "ingest.app", "web.app"),
    *("ops.commands.worker", "ops.commands.relay", "ops.commands.runtime_host", "ops.observed_app"),
    *("actors.policy", "actors.hold", "actors.execute", "actors.post_action", "actors.audit"),
    *("actors.export", "audit_export.s3_store", "prometheus_client.multiprocess"),
    *("dramatiq.__main__", "dramatiq.cli", "gunicorn.app.wsgiapp", "ops.reading_worker"),
)
_IMPORT = """
import importlib, os, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for module in list(sys.modules.values()):
    source, compiled = getattr(module, "__file__", None), getattr(module, "__cached__", None)
    if source and compiled and source != compiled and os.path.exists(compiled):
        for original, copy in ((source, compiled), *[map(os.path.dirname, (source, compiled))]):
            mode = os.stat(copy).st_mode & 0o7777
            wanted = mode | os.stat(original).st_mode & 0o555
            if wanted != mode:
                os.chmod(copy, wanted)
"""


def share_bytecode() -> None:
    """Compile what the parts import, if the program has changed since; a failure only costs time.

    Root only.
    """
    marker = _CACHE / f"bytecode-{hashlib.sha256(sys.prefix.encode()).hexdigest()[:16]}"
    state = _state_of_the_program()
    if marker.is_file() and marker.read_text(encoding="ascii") == state:
        return
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, *_ROOTS],
        cwd="/",
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        umask=0o022,
    )
    if done.returncode == 0:
        _CACHE.mkdir(parents=True, exist_ok=True)
        _CACHE.chmod(0o755)
        write_atomically(marker, state)


def _state_of_the_program() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for folder in site.getsitepackages():
        if Path(folder).is_dir():
            digest.update(f"{folder} {Path(folder).stat().st_mtime_ns}\n".encode())
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{path} {path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()
