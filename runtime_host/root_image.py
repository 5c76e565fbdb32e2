"""A runtime's tree as one EROFS image, which a sandbox's kernel reads by itself.

With a tree gVisor starts a second process that opens files for the sandbox, at each start; with an
image there is none. The host makes its images itself, of trees it has just verified, in its own
folder, so nobody else can have put anything into them.

EROFS: https://erofs.docs.kernel.org; gVisor's annotations for it: runsc/boot/mount_hints.go there.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from pipeline.errors import AwgpError

PROGRAM: Final = "mkfs.erofs"
# A service's PATH may leave these out, where some systems keep it.
PLACES: Final = "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin:/usr/local/sbin"
MAKE_SECONDS: Final = 120.0
# The same bytes for the same tree. gVisor maps whole blocks only, so no file ends in its inode.
OPTIONS: Final = (
    "-E",
    "noinline_data",
    "-T0",
    "--all-root",
    "-U",
    "00000000-0000-0000-0000-000000000000",
)


class ImageFailed(AwgpError):
    """An image could not be made of a tree."""


def program() -> str | None:
    """What makes images on this machine, or None."""
    return shutil.which(PROGRAM, path=PLACES)


def make(tree: Path, image: Path) -> None:
    """Make the image of a tree; a tenth of a second of processor time for 50 MB.

    Raises:
        ImageFailed: There is nothing to make one with, or it went wrong.
    """
    found = program()
    if found is None:
        raise ImageFailed(f"there is no {PROGRAM}")
    image.parent.mkdir(mode=0o700, exist_ok=True)
    partial = image.with_suffix(".partial")
    try:
        done = subprocess.run(
            [found, *OPTIONS, str(partial), str(tree)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MAKE_SECONDS,
            check=False,
            env={"PATH": PLACES},
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ImageFailed(f"{found} did not run: {exc}") from exc
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise ImageFailed(f"{found}: {said[0]}")
    os.replace(partial, image)  # noqa: PTH105  # whole or not at all


def annotations(image: Path) -> dict[str, Any]:
    """What tells runsc to take an image as root file system, in place of the tree."""
    return {
        "dev.gvisor.spec.rootfs.source": str(image),
        "dev.gvisor.spec.rootfs.type": "erofs",
    }
