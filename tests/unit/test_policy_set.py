"""Which policy sets are accepted; every fault of a refused one is named."""

from __future__ import annotations

import threading

import pytest

from pipeline.policy_context import ContextFields
from pipeline.policy_set import Effect, PolicySet
from pipeline.policy_source import MAX_NESTING, MAX_POLICIES, MAX_POLICY_BYTES, PolicyInvalid

FIELDS = ContextFields.from_mapping(
    {
        "amount": {"pointer": "/invoice/amount_cents", "type": "long"},
        "vendor": {"pointer": "/invoice/vendor", "type": "string"},
        "tags": {"pointer": "/tags", "type": "set of string"},
        "urgent": {"pointer": "/urgent", "type": "bool"},
    }
)


def refusal(source: str) -> list[str]:
    with pytest.raises(PolicyInvalid) as caught:
        PolicySet.parse(source, FIELDS)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


def test_an_accepted_set_knows_its_policies_their_lines_and_their_rules() -> None:
    accepted = PolicySet.parse(
        """// the house rules; a "comment" with (brackets; and semicolons
@id("small") @auto("under 100.00; posted at once") @description("Small; invoices")
permit (principal, action == Action::"run", resource == Assistant::"invoice-clerk")
when { context.payload has amount && context.payload.amount < 10000 };
@id("large") @hold("two-directors") permit (principal is Source, action, resource)
unless { context.payload has vendor && context.payload.vendor == "a;b\\"c" };
@id("night") forbid (principal, action, resource) when { context.time.hour < 6 };
@id("tenant") permit (principal, action, resource in Tenant::"northwind");
""",
        FIELDS,
    )
    told = [(p.policy_id, p.line, p.effect, p.hold, p.auto) for p in accepted.policies]
    assert told == [
        ("small", 2, Effect.PERMIT, None, "under 100.00; posted at once"),
        ("large", 5, Effect.PERMIT, "two-directors", None),
        ("night", 7, Effect.FORBID, None, None),
        ("tenant", 8, Effect.PERMIT, None, None),
    ]
    assert accepted.hold_rules == ("two-directors",)
    assert accepted.policies[0].description == "Small; invoices"


def test_a_set_is_parsed_once_and_its_digest_covers_source_and_fields() -> None:
    source = '@id("a") permit (principal, action, resource);'
    once = PolicySet.parse(source, FIELDS)
    assert PolicySet.parse(source, FIELDS) is once
    assert PolicySet.parse(source).digest != once.digest
    assert PolicySet.parse(source + "\n", FIELDS).digest != once.digest
    assert once.digest.startswith("sha256:")
    assert PolicySet.parse(source).digest == (
        "sha256:d7a798c2b6f706dbbd7de43313fdbbbd650bf3e310cbe2192c9b200a32a60d1c"
    )


ANYONE = "(principal, action, resource);"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (f"permit {ANYONE}", "line 1: has no @id; put @id"),
        (f"@id permit {ANYONE}", "line 1: has no @id"),
        (f'@id("") permit {ANYONE}', "line 1: has no @id"),
        (f'@id("a\\nb") permit {ANYONE}', "has an @id no log can carry"),
        (f'@id("a") @auto permit {ANYONE}', "line 1, policy 'a': has @auto without a reason"),
        (f'@id("a") @auto("  ") permit {ANYONE}', "has @auto without a reason"),
        (f'@id("a") @hold permit {ANYONE}', "has @hold without a rule's name"),
        (f'@id("a") @hold("") permit {ANYONE}', "has @hold without a rule's name"),
        (f'@id("a") @hold("Two Men") permit {ANYONE}', "has @hold without a rule's name"),
        (f'@id("a") @hold("b") @auto("c") permit {ANYONE}', "has both @auto and @hold"),
        (f'@id("a") @hold("b") forbid {ANYONE}', "is a forbid with @hold; remove @hold"),
        (f'@id("a") @auto("b") forbid {ANYONE}', "is a forbid with @auto; remove @auto"),
        (f'@id("a") @advice("x") permit {ANYONE}', "has the annotation @advice; use only"),
        (f'@id("a") @Hold("b") permit {ANYONE}', "has the annotation @Hold"),
        (f'@id("a") @description("") permit {ANYONE}', "has an unfit @description"),
        (f'@id("a") permit {ANYONE} @id("a") permit {ANYONE}', "repeats the @id of line 1"),
        ('@id("a") permit (principal == ?principal, action, resource);', "is a template"),
        (f'@id("a") @id("b") permit {ANYONE}', "does not parse: duplicate annotation"),
        ('@id("a") permit (principal, action, resource)', "does not parse: unexpected end"),
        (f'@id("a") allow {ANYONE}', "does not parse"),
        (f'@id("a") permit {ANYONE} @id("b', "has a string that does not end"),
        ('@id("a") permit (principal, action == Action::"fly", resource);', "unrecognized action"),
        ('@id("a") permit (principal == User::"x", action, resource);', "unrecognized entity"),
    ],
)
def test_a_fault_is_named_with_its_line_and_fix(source: str, problem: str) -> None:
    assert any(problem in told for told in refusal(source))


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("context.payload.amount < 5", "optional attribute `payload.amount`"),
        ("context.payload has vendor && context.payload.amount < 5", "optional attribute"),
        ("context.payload has total && context.payload.total < 5 || true && principal.x", "x"),
        ('context.payload has amount && context.payload.amount < "5"', "type"),
        ("context.payload has amount && context.payload.amount < 5.5", "does not parse"),
        ("[] == context.payload", "empty set"),
        ('[1, "a"].contains(1)', "not compatible"),
        ('ip(context.origin).isIpv4() || principal == "x"', ""),
        ("resource.owner == principal", "`owner`"),
        ('context.time.at < datetime("tomorrow")', "datetime"),
        ("context.secret", "`secret`"),
    ],
)
def test_a_condition_that_does_not_fit_the_schema_is_refused(condition: str, problem: str) -> None:
    told = refusal(f'\n@id("a") permit (principal, action, resource) when {{ {condition} }};')
    assert all(line.startswith("line 2") for line in told)
    assert any(problem in line for line in told)


def test_every_fault_of_a_set_is_told_at_once_in_the_order_of_the_source() -> None:
    told = refusal(
        f"""@id("a") @oops("x") permit {ANYONE}
permit {ANYONE}
@id("b") forbid (principal, action, resource) when {{ context.payload.urgent }};
@id("a") @hold permit {ANYONE}
"""
    )
    assert [line.partition(":")[0] for line in told] == [
        "line 1, policy 'a'",
        "line 2",
        "line 3, policy 'b'",
        "line 4, policy 'a'",
        "line 4, policy 'a'",
    ]


def test_every_policy_that_does_not_parse_is_told_at_once() -> None:
    told = refusal(f'@id("a") permit (;\n@id("b") permit {ANYONE}\n@id("c") forbid when;')
    assert [line.partition(":")[0] for line in told] == ["line 1", "line 3"]


def test_what_could_exhaust_the_parser_never_reaches_it() -> None:
    deep = "(" * 20_000 + "true" + ")" * 20_000
    assert "nests deeper" in refusal(_when(deep))[0]
    assert "is longer" in refusal(_when("true" + " && true" * 20_000))[0]
    many = "".join(f'@id("p{n}") permit {ANYONE}\n' for n in range(MAX_POLICIES + 1))
    assert refusal(many)[0].startswith(f"line {MAX_POLICIES + 1}: the set has more than")
    assert "larger than" in refusal("// " + "x" * 300_000)[0]
    assert "no text" in refusal("// \ud800")[0]


def _when(condition: str) -> str:
    return f'@id("a") permit (principal, action, resource) when {{ {condition} }};'


def _filled(unit: str, tail: str) -> str:
    room = MAX_POLICY_BYTES - len(_when(tail)) - 1
    return _when(unit * (room // len(unit)) + tail)


@pytest.mark.parametrize(
    "source",
    [
        _when("(" * (MAX_NESTING - 1) + "true" + ")" * (MAX_NESTING - 1)),
        _filled("true&&", "true"),
        _filled("1+", "1==1"),
        _filled("if true then true else ", "true"),
        _filled("if ", "true"),
        _filled("context.", "time.hour==1"),
        _filled("principal.", "x"),
        _when("context" + ".time" * ((MAX_POLICY_BYTES - 100) // 5) + ".hour == 1"),
        _when("true" + " || true" * ((MAX_POLICY_BYTES - 100) // 8)),
        _when("!!!!" + "(!!!!" * (MAX_NESTING - 2) + "true" + ")" * (MAX_NESTING - 2)),
    ],
)
def test_the_deepest_policies_within_bounds_neither_crash_nor_hang(source: str) -> None:
    """Given a thread, whose stack is the smaller one; a crash would end the whole test run."""
    outcome: list[str] = []

    def parse() -> None:
        try:
            outcome.append(PolicySet.parse(source, FIELDS).digest)
        except PolicyInvalid as error:
            outcome.append(str(error))

    thread = threading.Thread(target=parse)
    thread.start()
    thread.join()
    assert outcome


def test_a_chain_of_operators_is_bounded_before_evaluation_would_be() -> None:
    PolicySet.parse(_when("true" + " || true" * 150), FIELDS)
    assert "chain of operators" in refusal(_when("true" + " || true" * 250))[0]


def test_a_set_of_many_policies_keeps_each_in_its_place() -> None:
    source = "".join(f'@id("p{n}") permit {ANYONE}\n' for n in range(120))
    accepted = PolicySet.parse(source)
    for n in (0, 9, 10, 11, 99, 119):
        assert accepted.by_engine_id(f"policy{n}").policy_id == f"p{n}"


def test_an_empty_set_is_accepted_and_holds_nothing() -> None:
    assert PolicySet.parse("// nothing yet\n").policies == ()
