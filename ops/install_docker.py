"""Put Debian's Docker engine on this machine: tests start one of their own, beside any other.

`make attacks` runs this. Nothing AWGP runs by default needs it, so its absence is told and no
failure.
"""

import os
import shutil
import sys

from ops.install_chromium import install_packages

_PACKAGES = ("docker.io",)
_WITHOUT = "so tests with a Docker engine are skipped"


def main() -> int:
    """Install it where it is missing and may be installed; say in one line what is there."""
    if shutil.which("dockerd") is None:
        by_hand = "apt-get install docker.io, as root, brings it"
        why = install_packages(_PACKAGES) if os.geteuid() == 0 else by_hand
        if shutil.which("dockerd") is None:
            print(f"docker    missing, {_WITHOUT}: {why}")
            return 1 if os.environ.get("CI") else 0
    print(f"docker    {shutil.which('dockerd')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
