"""Starting points for a bundle: folders of `ops/templates/bundles`, one a runtime.

A template is itself a sound bundle with a sample request; `bundle-name` in it is a place to fill.
"""

import re
from pathlib import Path
from typing import Final

from pipeline.errors import AwgpError
from runtime_host.manifest import FILE_NAME

FOLDER: Final = Path(__file__).parent / "templates" / "bundles"
RUNTIMES: Final = ("python3", "node")
SAMPLE: Final = "request.json"


class BundleThere(AwgpError):
    """The folder holds a bundle already; nothing was written."""


def write_template(folder: Path, runtime: str) -> list[Path]:
    """Write a first bundle into a folder, beside what is there; returns what was written.

    Raises:
        BundleThere: One of its files is there already.
    """
    files = {path.name: path.read_bytes() for path in sorted((FOLDER / runtime).iterdir())}
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise BundleThere(f"{folder / there[0]} is there already; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    name = name_for(folder.resolve().name).encode()
    for file, content in files.items():
        filled = content.replace(b"bundle-name", name) if file == FILE_NAME else content
        (folder / file).write_bytes(filled)
    return [folder / file for file in files]


def name_for(folder: str) -> str:
    """A bundle's name made of a folder's."""
    kept = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:64].strip("-")
    return kept or "assistant"
