"""What a process of each scalable kind is told, as the running AWGP was started with.

Who scales later may have another environment than who started: a new process must not differ from
its siblings. No secret is in here, only the names of files that hold one.
"""

import json
import signal
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ops.embedded.data_folder import DataFolder, write_atomically
from ops.embedded.program import Program
from pipeline.errors import AwgpError


class TemplateMissing(AwgpError):
    """AWGP was not started here by a version that keeps templates."""


def keep_templates(data: DataFolder, programs: Sequence[Program]) -> None:
    """Write them down, each under its name, in the place of those of an earlier start."""
    folder = _folder(data)
    folder.mkdir(exist_ok=True, mode=0o700)
    for stale in folder.glob("*.json"):
        stale.unlink()
    for program in programs:
        kept = asdict(program) | {
            "secrets": {str(copy): str(source) for copy, source in program.secrets.items()},
            "folder": None if program.folder is None else str(program.folder),
            "stop_signal": int(program.stop_signal),
        }
        write_atomically(folder / f"{program.name}.json", json.dumps(kept, indent=2) + "\n")


def template(data: DataFolder, name: str) -> Program:
    """Read one back.

    Raises:
        TemplateMissing: It was never written.
    """
    try:
        kept: dict[str, Any] = json.loads((_folder(data) / f"{name}.json").read_text("utf-8"))
    except FileNotFoundError as exc:
        message = f"what {name} is started with is not known; restart with `awgp down`, `awgp up`"
        raise TemplateMissing(message) from exc
    return Program(
        **kept
        | {
            "command": tuple(kept["command"]),
            "secrets": {Path(copy): Path(source) for copy, source in kept["secrets"].items()},
            "shown": {closed: tuple(paths) for closed, paths in kept["shown"].items()},
            "folder": None if kept["folder"] is None else Path(kept["folder"]),
            "stop_signal": signal.Signals(kept["stop_signal"]),
        }
    )


def _folder(data: DataFolder) -> Path:
    return data.folder("supervisor") / "templates"
