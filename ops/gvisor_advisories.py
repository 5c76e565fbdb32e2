"""What is publicly known against gVisor, and from which release on it is mended.

From gVisor's own history: each release is the first whose tag holds the fix. Of August 2026.
"""

import re
from dataclasses import dataclass
from typing import Final

REVIEWED: Final = 20260821
"""The day this list was last compared with gVisor's releases and the CVE records."""

WHERE_TO_LOOK: Final = "https://gvisor.dev/security"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One of them.

    Args:
        fixed: The first release without it, YYYYMMDD.
        means: What it lets an agent do, in a few words.
    """

    name: str
    fixed: int
    means: str


ADVISORIES: Final = (
    Advisory(
        name="CVE-2018-16359",
        fixed=20180823,
        means="files of the machine can be renamed",
    ),
    Advisory(
        name="CVE-2018-19333",
        fixed=20181101,
        means="an agent can become root within its sandbox",
    ),
    Advisory(
        name="CVE-2024-10603",
        fixed=20231113,
        means="ports and header fields can be foretold; without a network of no use",
    ),
    Advisory(
        name="CVE-2024-10026",
        fixed=20231204,
        means="the machine can be told apart over TCP; without a network of no use",
    ),
    Advisory(
        name="CVE-2023-7258",
        fixed=20231204,
        means="root inside can end its own sandbox",
    ),
    Advisory(
        name="CVE-2025-2713",
        fixed=20240325,
        means="an agent can read files inside that are root's alone",
    ),
)


def released_on(version: str) -> int | None:
    """The day in a version such as `0.0~20240729.0` or `release-20240729.0`, None without one."""
    found = re.search(r"(20\d{6})", version)
    return int(found[1]) if found else None


def known_against(version: str) -> tuple[Advisory, ...]:
    """What is known against a version; nothing of one that names no day."""
    day = released_on(version)
    if day is None:
        return ()
    return tuple(each for each in ADVISORIES if day < each.fixed)
