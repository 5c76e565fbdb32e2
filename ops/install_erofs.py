"""Put mkfs.erofs on this machine, from Debian: with it sandboxes start with one process less.

Nothing AWGP runs needs it, so its absence is told by `awgp doctor runtime` and is no failure.
"""

import os

from ops.install_chromium import install_packages
from runtime_host import root_image

PACKAGE = "erofs-utils"
BY_HAND = f"apt-get install {PACKAGE}, as root, brings it"


def install() -> str:
    """Install it where it is missing and may be installed; returns why it is still missing."""
    if root_image.program() is not None:
        return ""
    return install_packages([PACKAGE]) if os.geteuid() == 0 else BY_HAND
