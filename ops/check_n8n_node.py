"""Check our N8N node: types, N8N's own rules for nodes, form. Part of `make e2e`.

What was checked and found good is remembered by its hash: an unchanged node costs nothing.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from ops.n8n_packages import NODE, NODE_NAME, dev_packages, fingerprint
from ops.node_packages import NodeUnavailable, cache_folder, run_node

CHECKS: Final = {
    "types": ("node_modules/typescript/bin/tsc", "--noEmit"),
    "rules": ("node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."),
    "form": (
        *("node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn"),
        *("nodes", "credentials", "eslint.config.mjs"),
    ),
}


def main() -> int:
    """Run every check; return 1 and say what failed where one does."""
    checked = cache_folder() / f"{NODE_NAME}-{fingerprint()}.checked"
    if checked.is_file():
        return 0
    with tempfile.TemporaryDirectory(prefix="awgp-node-") as folder:
        copy = Path(folder) / NODE_NAME
        shutil.copytree(NODE, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
        (copy / "node_modules").symlink_to(dev_packages())
        failures = [said for name in CHECKS if (said := _failure(name, copy)) is not None]
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures:
        return 1
    checked.touch()
    return 0


def _failure(name: str, folder: Path) -> str | None:
    try:
        run_node(CHECKS[name], folder)
    except NodeUnavailable as exc:
        return f"{NODE_NAME}, {name}:\n{exc}\n"
    return None


if __name__ == "__main__":
    sys.exit(main())
