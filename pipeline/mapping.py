"""A source's mapping: from an event to an assistant, a payload and what policies may read of it.

    {"rules": [
      {"name": "paid",
       "when": "event.type == 'invoice.paid'",       CEL; every event where it is left out
       "assistant": "booker",                        the source's own where it is left out
       "payload": {"invoice": {"$pointer": "/data/id"}},   the event itself where it is left out
       "context": {"amount_cents": {"$pointer": "/data/amount"}}}]}

The first rule whose condition holds takes the event. An event that none takes is ignored: answered
and counted, and no run. Whatever cannot be said for certain (a condition that is neither true nor
false, a pointer to nothing, a context value of no type that policies know) fails the event.
"""

from collections.abc import Mapping as MappingOf
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from pipeline.condition import Asked, Condition, ConditionFailed, ConditionInvalid, read_condition
from pipeline.policy_context import MAX_SET_MEMBERS, is_context_name, is_long, is_short_string
from pipeline.refusal import Refusal
from pipeline.registry_names import FieldInvalid, check_name
from pipeline.template import NotInEvent, Template, read_template

MOST_RULES: Final = 50
MOST_CONTEXT: Final = 32
_MEMBERS: Final = frozenset({"name", "when", "assistant", "payload", "context"})


class MappingFailed(Refusal):
    """The mapping cannot be applied to this event.

    Args:
        hint: Names the place in the mapping and what is wrong there, for its source's people;
            nothing of the event's. Its sender is told none of it.
    """

    def __init__(self, hint: str) -> None:
        super().__init__("the source's mapping cannot be applied to this event")
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; None is what the docstring above says of what is left out."""

    name: str
    field: str
    when: Condition | None
    assistant: str | None
    payload: Template | None
    context: Template | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What an event becomes. `payload` is None where it stays as it came."""

    rule: str
    assistant: str | None
    payload: MappingOf[str, Any] | None
    context: MappingOf[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A mapping that was found sound."""

    rules: tuple[Rule, ...]

    @property
    def assistants(self) -> AbstractSet[str]:
        return {rule.assistant for rule in self.rules if rule.assistant is not None}

    def apply(self, event: MappingOf[str, Any], headers: MappingOf[str, str]) -> Mapped | None:
        """What the first rule that takes an event makes of it; None where none takes it.

        Raises:
            MappingFailed: Says where.
        """
        asked = Asked(event, headers)
        for rule in self.rules:
            try:
                if rule.when is None or rule.when.holds(asked):
                    return _made(rule, event, headers)
            except ConditionFailed as error:
                raise MappingFailed(f"{rule.field}.when: {error}") from error
            except NotInEvent as error:
                raise MappingFailed(str(error)) from error
        return None


def read_mapping(source: object) -> Mapping:
    """Check a mapping and compile it.

    Raises:
        FieldInvalid: Names the place in it that cannot be.
    """
    if not isinstance(source, MappingOf) or set(source) != {"rules"}:
        raise FieldInvalid("mapping", 'an object with one member, "rules"')
    rules = source["rules"]
    if not isinstance(rules, list) or not 1 <= len(rules) <= MOST_RULES:
        raise FieldInvalid("mapping.rules", f"1 to {MOST_RULES} rules")
    read = tuple(_rule(f"rules[{at}]", rule) for at, rule in enumerate(rules))
    for at, rule in enumerate(read):
        if rule.name in {each.name for each in read[:at]}:
            raise FieldInvalid(f"{rule.field}.name", "each rule has a name of its own")
        if rule.when is None and at + 1 < len(read):
            raise FieldInvalid(f"{rule.field}.when", "a rule for every event must be the last")
    return Mapping(rules=read)


def _rule(field: str, rule: object) -> Rule:
    if not isinstance(rule, MappingOf) or set(rule) - _MEMBERS:
        raise FieldInvalid(field, f"an object of {', '.join(sorted(_MEMBERS))}")
    name, assistant = rule.get("name"), rule.get("assistant")
    check_name(f"{field}.name", name if isinstance(name, str) else "")
    if assistant is not None:
        check_name(f"{field}.assistant", assistant if isinstance(assistant, str) else "")
    return Rule(
        name=str(name),
        field=field,
        when=_condition(f"{field}.when", rule.get("when")),
        assistant=assistant,
        payload=_payload(f"{field}.payload", rule.get("payload")),
        context=_context(f"{field}.context", rule.get("context")),
    )


def _condition(field: str, text: object) -> Condition | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise FieldInvalid(field, "a condition in CEL")
    try:
        return read_condition(text)
    except ConditionInvalid as error:
        raise FieldInvalid(field, str(error)) from error


def _payload(field: str, source: object) -> Template | None:
    if source is None:
        return None
    if not isinstance(source, str | MappingOf):
        raise FieldInvalid(field, "a JSON pointer, or an object with pointers in it")
    return read_template(field, source)


def _context(field: str, source: object) -> Template | None:
    if source is None:
        return None
    if not isinstance(source, MappingOf) or len(source) > MOST_CONTEXT:
        raise FieldInvalid(field, f"an object of {MOST_CONTEXT} members at most")
    for name in source:
        if not is_context_name(name):
            raise FieldInvalid(
                f"{field}.{name}", "small letters, digits and _, and no word of Cedar's own"
            )
    return read_template(field, source)


def _made(rule: Rule, event: MappingOf[str, Any], headers: MappingOf[str, str]) -> Mapped:
    payload = None if rule.payload is None else rule.payload.fill(event, headers)
    if payload is not None and not isinstance(payload, dict):
        raise MappingFailed(f"{rule.field}.payload: what it makes is no object")
    context = {} if rule.context is None else rule.context.fill(event, headers)
    for name, value in context.items():
        if not _readable(value):
            raise MappingFailed(
                f"{rule.field}.context.{name}: a whole number, a short text, true or false, or a"
                " list of short texts"
            )
    return Mapped(rule=rule.name, assistant=rule.assistant, payload=payload, context=context)


def _readable(value: Any) -> bool:
    """Whether a policy can read it: Cedar has no floats and no nulls."""
    if isinstance(value, bool) or is_long(value) or is_short_string(value):
        return True
    return (
        isinstance(value, list)
        and len(value) <= MAX_SET_MEMBERS
        and all(is_short_string(each) for each in value)
    )
