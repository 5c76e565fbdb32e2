"""What an agent may keep from run to run: so many entries, its assistant's own.

Whose they are is never said here: the host takes tenant and assistant from the run it was told of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pipeline.gateway_grant import SandboxPolicyInvalid
from pipeline.llm_scope import MODEL

MAX_ENTRIES: Final = 100_000
_FIELDS: Final = frozenset({"entries", "model"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What an assistant may remember.

    Args:
        entries: In all its collections together, at any time.
        model: Makes texts into vectors, at the tenant's endpoint of models; empty where they are
            found by their words.
    """

    entries: int = MAX_ENTRIES
    model: str = ""

    def within(self, entries: int) -> "Memory":
        """With no more entries than these."""
        return replace(self, entries=min(self.entries, entries))

    def as_json(self) -> dict[str, Any]:
        model = {"model": self.model} if self.model else {}
        return {"entries": self.entries, **model}

    def in_words(self) -> str:
        """For a person."""
        found = f"by vectors of {self.model}" if self.model else "by their words"
        return (
            f"It remembers from run to run, {self.entries} entries at most, found {found}; no other"
            " assistant or tenant reads or writes them."
        )

    @classmethod
    def from_mapping(cls, values: object) -> "Memory":
        """Read what a tenant says, or what is kept of it.

        Raises:
            SandboxPolicyInvalid: Names what is unknown or malformed.
        """
        if not isinstance(values, Mapping) or not set(values) <= _FIELDS:
            raise SandboxPolicyInvalid("memory", f"an object of {', '.join(sorted(_FIELDS))}")
        model = values.get("model", "")
        if not isinstance(model, str) or (model and not MODEL.fullmatch(model)):
            raise SandboxPolicyInvalid("memory.model", "the name of a model")
        return cls(entries=check_entries(values.get("entries", MAX_ENTRIES)), model=model)


def check_entries(value: object) -> int:
    """Let a number of entries pass.

    Raises:
        SandboxPolicyInvalid: It is none.
    """
    if type(value) is not int or not 1 <= value <= MAX_ENTRIES:
        raise SandboxPolicyInvalid("memory.entries", f"a whole number, 1 to {MAX_ENTRIES}")
    return value
