"""Check the web UI: types, style, tests, that its API types fit, and how large a build is.

Part of `make lint`. The size is that of the build in `dist`, where there is one.

What was checked and found good is remembered by its hash: an unchanged tree costs nothing.
"""

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from ops.node_packages import NodeUnavailable, run_node
from ops.web_ui import FOLDER, link_packages

_BIN: Final = "node_modules"
CHECKS: Final = {
    "types": (f"{_BIN}/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"),
    "style": (
        f"{_BIN}/eslint/bin/eslint.js",
        *("--cache", "--cache-location", ".cache/eslint", "--max-warnings", "0", "."),
    ),
    "form": (f"{_BIN}/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."),
    "api": ("scripts/api.mjs", "--check"),
    "tests": (f"{_BIN}/vitest/vitest.mjs", "run", "--reporter", "dot"),
    "size": ("scripts/size.mjs",),
}
_BUILT: Final = FOLDER / "dist" / ".vite" / "manifest.json"
_CHECKED: Final = FOLDER / ".cache" / "checked"
_NOT_OURS: Final = frozenset({"node_modules", "dist", ".cache"})


def main() -> int:
    """Run every check; return 1 and say what failed where one does."""
    wanted = _fingerprint()
    if _CHECKED.is_file() and _CHECKED.read_text(encoding="utf-8") == wanted:
        return 0
    link_packages()
    with ThreadPoolExecutor(max_workers=2) as pool:
        failures = [each for each in pool.map(_failure, _wanted_checks()) if each is not None]
    for name, said in failures:
        print(f"web UI, {name}:\n{said}\n", file=sys.stderr)
    if failures:
        print("in web/ui, `npm run format` mends style and form", file=sys.stderr)
        return 1
    _CHECKED.parent.mkdir(exist_ok=True)
    _CHECKED.write_text(wanted, encoding="utf-8")
    return 0


def _wanted_checks() -> list[str]:
    return [name for name in CHECKS if name != "size" or _BUILT.is_file()]


def _failure(name: str) -> tuple[str, str] | None:
    try:
        run_node(CHECKS[name], FOLDER)
    except NodeUnavailable as exc:
        return name, str(exc)
    return None


def _fingerprint() -> str:
    total = hashlib.sha256()
    for path in sorted(_sources(FOLDER)):
        content = path.read_bytes()
        total.update(f"{path.relative_to(FOLDER)} {len(content)}\n".encode())
        total.update(content)
    if _BUILT.is_file():
        total.update(_BUILT.read_bytes())
    return total.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_OURS or path.name.startswith(".dist-"):
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


if __name__ == "__main__":
    sys.exit(main())
