"""A set of Cedar policies, accepted whole or refused with every fault named.

What makes a set acceptable: it parses; it validates strictly against the schema; every policy
has an `@id`, no two the same; no annotation but `id hold auto description`; `auto` and `hold`
carry a value and never occur together; a `forbid` carries neither; no templates.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

import cedarpy
import rfc8785

from pipeline.approval import DEFAULT_RULE_NAME, RULE_NAME
from pipeline.policy_context import ContextFields, parsed_schema
from pipeline.policy_source import PolicyInvalid, PolicyProblem, PolicyText, read_policies

ANNOTATIONS: Final = frozenset({"id", "hold", "auto", "description"})
MAX_TEXT: Final = 500  # characters of an @auto reason or a @description

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_POSITIONAL = re.compile(r"^for policy `policy\d+`, ")
_DEFAULT_FIX: Final = "make it fit the schema"
_FIXES: Final[Mapping[str, str]] = {
    "optional attribute": "ask first: context.payload has NAME && context.payload.NAME ...",
    "not found": "declare it as a context field, or correct the name",
    "unrecognized": "use Source, Person, Client, Assistant, Tenant and the action run",
    "are not compatible": "compare values of one type; money is an integer in minor units",
}


class Effect(StrEnum):
    """What a satisfied policy does."""

    PERMIT = "permit"
    FORBID = "forbid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy of an accepted set.

    A permit whose `hold` and `auto` are both None holds by the default rule.
    """

    policy_id: str
    line: int
    effect: Effect
    hold: str | None
    auto: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """An accepted set, parsed once; `parse` is the only way to one.

    `digest` is `sha256:` and SHA-256("awgp.policy.v1" 0x00 || JCS{source, context_fields}) in hex.
    """

    source: str
    fields: ContextFields
    policies: tuple[Policy, ...]
    digest: str
    engine: cedarpy.PolicySet = field(repr=False, compare=False)
    schema: cedarpy.Schema = field(repr=False, compare=False)

    @staticmethod
    def parse(source: str, fields: ContextFields | None = None) -> PolicySet:
        """Accept a set, or return the one accepted before for the same source and fields.

        Args:
            source: Cedar policies. None at all is a set that denies everything.
            fields: What they may read of the payload; nothing unless declared.

        Raises:
            PolicyInvalid: With every problem found.
        """
        return _accept(source, fields or ContextFields())

    @property
    def hold_rules(self) -> tuple[str, ...]:
        """The names of the approval rules the set asks for by `@hold`, sorted."""
        return tuple(sorted({policy.hold for policy in self.policies if policy.hold}))

    @property
    def rules_in_use(self) -> tuple[str, ...]:
        """`hold_rules`, and the default rule where a permit holds without naming one."""
        by_default = {
            DEFAULT_RULE_NAME
            for policy in self.policies
            if policy.effect is Effect.PERMIT and not policy.hold and not policy.auto
        }
        return tuple(sorted({*self.hold_rules, *by_default}))

    def by_engine_id(self, engine_id: str) -> Policy:
        """Return the policy behind cedarpy's positional id (`policy0`, `policy1`, ...)."""
        return self.policies[int(engine_id.removeprefix("policy"))]


@lru_cache(maxsize=256)
def _accept(source: str, fields: ContextFields) -> PolicySet:
    texts = read_policies(source)
    schema = parsed_schema(fields)
    problems = [problem for text in texts for problem in _problems(text, schema)]
    problems += _repeated_ids(texts)
    if problems:
        raise PolicyInvalid(tuple(sorted(problems, key=lambda problem: problem.line)))
    body = rfc8785.dumps({"source": source, "context_fields": fields.as_json()})
    return PolicySet(
        source=source,
        fields=fields,
        policies=tuple(_policy(text) for text in texts),
        digest="sha256:" + hashlib.sha256(b"awgp.policy.v1\0" + body).hexdigest(),
        engine=cedarpy.PolicySet.from_str(source),
        schema=schema,
    )


def _policy(text: PolicyText) -> Policy:
    annotations = text.annotations
    return Policy(
        policy_id=str(text.policy_id),
        line=text.line,
        effect=Effect(text.body["effect"]),
        hold=annotations.get("hold"),
        auto=annotations.get("auto"),
        description=annotations.get("description"),
    )


def _problems(text: PolicyText, schema: cedarpy.Schema) -> Iterator[PolicyProblem]:
    if text.is_template:
        yield text.problem("is a template", "write the principal or resource instead of the ?slot")
        return
    yield from _annotation_problems(text)
    # Validated alone, so that the fault is this policy's without trusting positions.
    for error in cedarpy.validate_policies(text.text, schema).errors:
        message = _POSITIONAL.sub("", error.error)
        fixes = (fix for mark, fix in _FIXES.items() if mark in message)
        yield text.problem(message, next(fixes, _DEFAULT_FIX))


def _annotation_problems(text: PolicyText) -> Iterator[PolicyProblem]:
    annotations = text.annotations
    for name in sorted(set(annotations) - ANNOTATIONS):
        known = ", ".join(f"@{known}" for known in sorted(ANNOTATIONS))
        yield text.problem(f"has the annotation @{name}", f"use only {known}")
    if not text.policy_id:
        yield text.problem("has no @id", 'put @id("a-name") in front of it')
    elif not _ID.fullmatch(text.policy_id):
        yield text.problem("has an @id no log can carry", "use letters, digits and . _ : - only")
    if text.body["effect"] == Effect.FORBID:
        for name in ("auto", "hold"):
            if name in annotations:
                yield text.problem(f"is a forbid with @{name}", f"remove @{name}: it only denies")
    else:
        yield from _passage_problems(text)
    if "description" in annotations and not _is_plain(annotations["description"]):
        yield text.problem("has an unfit @description", f"write 1 to {MAX_TEXT} plain characters")


def _passage_problems(text: PolicyText) -> Iterator[PolicyProblem]:
    annotations = text.annotations
    if "auto" in annotations and "hold" in annotations:
        yield text.problem("has both @auto and @hold", "keep one: a person decides or nobody does")
    if "auto" in annotations and not _is_plain(annotations["auto"]):
        yield text.problem("has @auto without a reason", 'say why: @auto("a plain reason")')
    if "hold" in annotations and not RULE_NAME.fullmatch(annotations["hold"] or ""):
        yield text.problem(
            "has @hold without a rule's name", 'name one: @hold("two-directors"), small letters'
        )


def _is_plain(text: str | None) -> bool:
    return bool(text and text.strip() and text.isprintable() and len(text) <= MAX_TEXT)


def _repeated_ids(texts: tuple[PolicyText, ...]) -> list[PolicyProblem]:
    first: dict[str, int] = {}
    problems = []
    for text in texts:
        if text.policy_id in first:
            line = first[text.policy_id]
            problems.append(text.problem(f"repeats the @id of line {line}", "give it its own"))
        elif text.policy_id:
            first[text.policy_id] = text.line
    return problems
