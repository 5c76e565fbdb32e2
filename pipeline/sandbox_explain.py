"""Why an assistant may go where it may: what its bundle asks for beside what the tenant allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.errors import AwgpError
from pipeline.reach import Reach, meet
from pipeline.sandbox_policy import Allowed, Asked, Granted, granted
from pipeline.sandbox_words import budget_in_words
from pipeline.setup_rows import Row, rows
from pipeline.syscalls import ADDITIONS, Syscalls
from pipeline.work import Work

_POLICY: Final = """
    SELECT v.version, b.manifest, v.sandbox_policy
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id
        AND v.version = coalesce(CAST(:version AS integer), a.current_version)
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    WHERE a.name = :name"""

_POLICIES: Final = """
    SELECT a.name, a.active, v.version, b.manifest, v.sandbox_policy
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id AND v.version = a.current_version
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    WHERE (CAST(:after AS text) IS NULL OR a.name > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(a.name, lower(:q)) > 0)
    ORDER BY a.name LIMIT :limit"""


class AssistantUnknown(AwgpError):
    """The tenant has no assistant of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Sentences.

    Args:
        may: What it is granted, and how much of it.
        asked_only: What its bundle asks for and the tenant does not allow.
        allowed_only: What the tenant allows and its bundle does not ask for.
    """

    may: tuple[str, ...]
    asked_only: tuple[str, ...]
    allowed_only: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "may": list(self.may),
            "asked_but_not_allowed": list(self.asked_only),
            "allowed_but_not_asked": list(self.allowed_only),
        }


def policy_of_version(
    work: Work, name: str, version: int | None
) -> tuple[int, Mapping[str, Any], Mapping[str, Any]] | None:
    """A version's number, its bundle's manifest and its policy, as they are kept; None without.

    Args:
        version: None is the one in force.
    """
    row = work.execute(_POLICY, name=name, version=version).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def policies_page(work: Work, *, q: str | None, after: str | None, limit: int) -> list[Row]:
    """The same of every assistant by name, each at the version in force."""
    return rows(work, _POLICIES, q=q, after=after, limit=limit)


def policy_of(work: Work, name: str) -> tuple[int, Asked, Allowed]:
    """The version an assistant is at, with what it asks for and is allowed.

    Raises:
        AssistantUnknown: There is none.
    """
    found = policy_of_version(work, name, None)
    if found is None:
        raise AssistantUnknown(f"the tenant has no assistant {name!r}; see: awgp assistant list")
    version, manifest, policy = found
    return version, Asked.from_mapping(manifest), Allowed.from_mapping(policy)


def explain(asked: Asked, allowed: Allowed) -> Explanation:
    """Say it, rule by rule."""
    given = granted(asked, allowed)
    return Explanation(
        may=_may(given),
        asked_only=(
            *(
                f"{', '.join(sorted(reach.methods - met))} {reach.url}"
                for reach in asked.reaches
                if (met := _methods_met(reach, allowed)) != reach.methods
            ),
            *(f"the variable {name}" for name in sorted(asked.variables - set(given.variables))),
            *(("a model",) if asked.tokens and allowed.llm is None else ()),
            *_calls_beyond(asked.syscalls, given.syscalls),
            *(("a memory",) if asked.entries and allowed.memory is None else ()),
        ),
        allowed_only=(
            *(
                f"{', '.join(grant.reach.sorted_methods)} {grant.reach.url}"
                for grant in allowed.grants
                if all(meet(grant.reach, reach) is None for reach in asked.reaches)
            ),
            *(f"the variable {name}" for name in sorted(set(allowed.variables) - asked.variables)),
            *((allowed.llm.in_words(),) if allowed.llm and not asked.tokens else ()),
            *_calls_beyond(allowed.syscalls, given.syscalls),
            *((allowed.memory.in_words(),) if allowed.memory and not asked.entries else ()),
        ),
    )


def _methods_met(reach: Reach, allowed: Allowed) -> frozenset[str]:
    found = (meet(grant.reach, reach) for grant in allowed.grants)
    return frozenset(method for each in found if each is not None for method in each.methods)


def _may(given: Granted) -> tuple[str, ...]:
    scope = given.scope
    return (
        *(() if scope.goes_out else ("It reaches no other machine.",)),
        *(each.in_words() for each in scope.grants),
        *(() if scope.llm is None else (scope.llm.in_words(),)),
        *(() if scope.memory is None else (scope.memory.in_words(),)),
        *((budget_in_words(scope.budget),) if scope else ()),
        *(f"It finds {name}={value}." for name, value in given.variables.items()),
        *given.syscalls.in_words(),
    )


def _calls_beyond(said: Syscalls, given: Syscalls) -> tuple[str, ...]:
    """Additions to the strict profile that one side has and that are not granted."""
    return tuple(f"system calls: it {ADDITIONS[each]}" for each in given.lacking(said))
