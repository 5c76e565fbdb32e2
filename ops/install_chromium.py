"""Put Debian's Chromium on this machine: the browser tests and the tour's pictures look through it.

`make setup` runs this. Nothing AWGP runs needs a browser, so its absence is told and no failure.

The headless shell is the same Chromium without the windows, menus and pages of its own that a
browser without a screen only works out: a visit takes a third of the processor time, and the
package has half the size.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

CHROMIUM: Final = Path("/usr/bin/chromium-headless-shell")
_PACKAGES: Final = ("chromium-headless-shell", "fonts-dejavu-core")
_SECONDS: Final = 900


def main() -> int:
    """Install it where it is missing and may be installed; say in one line what is there."""
    if not CHROMIUM.exists():
        why = (
            install_packages(_PACKAGES)
            if os.geteuid() == 0
            else f"apt-get install {_PACKAGES[0]}, as root, brings it"
        )
        if not CHROMIUM.exists():
            print(f"browser   missing, so tests in a browser are skipped: {why}")
            return 1 if os.environ.get("CI") else 0
    print(f"browser   {CHROMIUM}")
    return 0


def install_packages(packages: Sequence[str]) -> str:
    """Install Debian packages, as root; returns why that failed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        try:
            done = subprocess.run(
                ["apt-get", "-q", *arguments],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                env=environment,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or ["apt-get failed"])[-1]
    return ""


if __name__ == "__main__":
    sys.exit(main())
