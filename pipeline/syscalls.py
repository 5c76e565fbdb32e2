"""Which system calls an agent may make: a profile by name, and what is added to the strict one.

`default` is what the sandbox lets anybody do. `strict` is what a program needs that reads its
request, thinks and writes its result; more comes by name. Every addition is part of `default`, so
of two profiles each call that both have is in the narrower one of the two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pipeline.gateway_scope import SandboxPolicyInvalid

DEFAULT: Final = "default"
STRICT: Final = "strict"
FIELD: Final = "syscalls"

ADDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "files": "makes folders and links, and renames, removes and changes what is there",
        "processes": "starts other programs",
        "signals": "sends signals and sets timers",
        "sockets": "opens network sockets, which reach nothing but the sandbox itself",
        "threads": "starts threads",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Syscalls:
    """A profile. `additions` are names of `ADDITIONS`; `default` has them all."""

    strict: bool = False
    additions: frozenset[str] = frozenset()

    def within(self, other: "Syscalls") -> "Syscalls":
        """What both have."""
        if not self.strict or not other.strict:
            return other if other.strict else self
        return Syscalls(strict=True, additions=self.additions & other.additions)

    def lacking(self, other: "Syscalls") -> tuple[str, ...]:
        """Additions of another that this one has not."""
        if not self.strict:
            return ()
        wanted = other.additions if other.strict else frozenset(ADDITIONS)
        return tuple(sorted(wanted - self.additions))

    def as_json(self) -> dict[str, Any]:
        """Empty of `default`."""
        if not self.strict:
            return {}
        return {"profile": STRICT} | ({"add": sorted(self.additions)} if self.additions else {})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Syscalls":
        """Read `syscalls` of a manifest or of what a tenant allows.

        Raises:
            SandboxPolicyInvalid: Names what is unknown.
        """
        unknown = sorted(set(values) - {"profile", "add"})
        if unknown:
            raise SandboxPolicyInvalid(f"{FIELD}.{unknown[0]}", "is not known: profile and add are")
        profile, added = values.get("profile", DEFAULT), values.get("add", [])
        if not isinstance(profile, str) or profile not in {DEFAULT, STRICT}:
            raise SandboxPolicyInvalid(f"{FIELD}.profile", f"{DEFAULT} or {STRICT}")
        if not isinstance(added, list | tuple) or not _are_additions(added):
            raise SandboxPolicyInvalid(f"{FIELD}.add", f"a list of {', '.join(ADDITIONS)}")
        if added and profile != STRICT:
            raise SandboxPolicyInvalid(f"{FIELD}.add", f"is for {STRICT}; {DEFAULT} has them all")
        return cls(strict=profile == STRICT, additions=frozenset(added))

    def in_words(self) -> tuple[str, ...]:
        """Sentences for a person; none of `default`."""
        if not self.strict:
            return ()
        told = [ADDITIONS[each] for each in sorted(self.additions)]
        return (
            "Of system calls it has those of a plain program (profile strict); any other ends it.",
            *((f"Besides, it {'; '.join(told)}.",) if told else ()),
        )

    @property
    def name(self) -> str:
        """On one line, as it is written on the command line."""
        return ",".join((STRICT, *sorted(self.additions))) if self.strict else DEFAULT


ANY: Final = Syscalls()


def _are_additions(added: Iterable[object]) -> bool:
    return all(isinstance(each, str) and each in ADDITIONS for each in added)
