"""The database counts votes as `pipeline.tally` does, over rules, votes and times of all sorts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from pipeline.approval import (
    Escalation,
    Outcome,
    Reason,
    Reauthentication,
    Requirement,
    Rule,
    Turn,
    Verdict,
    combine,
)
from pipeline.tally import Vote, tally
from tests.integration.conftest import Database
from tests.integration.driving import hold
from tests.integration.world import World

OPENED_AT = datetime(2026, 1, 1, tzinfo=UTC)
GROUPS = st.sampled_from(["finance", "it", "board", "night"])
SOME = st.lists(GROUPS, min_size=1, max_size=3, unique=True).map(tuple)
# Few and close values, so that votes meet the edges of escalations and of proofs.
SECONDS = st.integers(min_value=1, max_value=6)
MOMENTS = st.builds(timedelta, seconds=st.integers(-1, 7), microseconds=st.integers(-1, 1))
TURNS = st.builds(Turn, quorum=st.integers(1, 2), groups=SOME)
REASONS = st.sampled_from(["", "fine", " ", "\u00a0\u3000", "\x1f", "\u200b", "\u2028\t"])


def a_rule(name: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        name=st.just(name),
        version=st.just(1),
        quorum=st.integers(1, 3),
        groups=SOME,
        reason=st.sampled_from([Reason.OPTIONAL, Reason.OPTIONAL, Reason.REQUIRED]),
        expires_in_seconds=st.just(3600),
        execution_expires_in_seconds=st.just(60),
        escalate=st.lists(st.builds(Escalation, after_seconds=SECONDS, to=SOME), max_size=2).map(
            tuple
        ),
        stages=st.lists(TURNS, max_size=2).map(tuple),
        reauthenticate=st.one_of(
            st.none(),
            st.builds(
                Reauthentication,
                max_age_seconds=SECONDS,
                acr=st.sampled_from([None, None, "gold"]),
            ),
        ),
    )


REQUIREMENTS = st.one_of(st.tuples(a_rule("one")), st.tuples(a_rule("one"), a_rule("two"))).map(
    combine
)


def some_votes(digest: bytes) -> st.SearchStrategy[list[Vote]]:
    """Everybody stands behind one vote at most, as the keys have it."""
    votes = st.builds(
        Vote,
        person_id=st.uuids().map(str),
        verdict=st.sampled_from([Verdict.APPROVE] * 9 + [Verdict.REJECT]),
        groups=st.frozensets(GROUPS, max_size=2),
        reason=REASONS,
        digest=st.just(digest),
        cast_after=MOMENTS,
        proven_before=st.one_of(st.none(), MOMENTS),
        acr=st.sampled_from([None, "gold", "silver"]),
        on_behalf_of=st.one_of(st.none(), st.uuids().map(str)),
    )
    return st.lists(votes, max_size=7, unique_by=lambda vote: vote.person_id)


@pytest.fixture
def counting(database: Database, world: World) -> Iterator[tuple[Connection, UUID, UUID, bytes]]:
    """A superuser's connection on which no trigger fires, and an approval to do anything with."""
    _, approval_id = hold(database, world.acme)
    with database.admin.connect() as connection:
        digest = connection.execute(
            text("SELECT action_digest FROM awgp.approvals WHERE approval_id = :id"),
            {"id": approval_id},
        ).scalar_one()
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SET search_path = awgp"))
        connection.commit()
        yield connection, world.acme.tenant_id, approval_id, bytes(digest)


def put(
    connection: Connection, ids: tuple[UUID, UUID], required: Requirement, votes: list[Vote]
) -> None:
    tenant_id, approval_id = ids
    connection.execute(
        text("UPDATE approvals SET requirement = :rules, opened_at = :at WHERE approval_id = :id"),
        {"rules": Jsonb(required.as_json()), "at": OPENED_AT, "id": approval_id},
    )
    for vote in votes:
        cast_at = OPENED_AT + vote.cast_after
        proven = None if vote.proven_before is None else cast_at - vote.proven_before
        values: dict[str, Any] = {
            "tenant": tenant_id,
            "id": approval_id,
            "person": vote.person_id,
            "verdict": vote.verdict.value,
            "digest": vote.digest,
            "reason": vote.reason,
            "groups": Jsonb(sorted(vote.groups)),
            "at": cast_at,
            "proven": proven,
            "acr": vote.acr,
            "lender": vote.on_behalf_of,
        }
        connection.execute(
            text(
                "INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict,"
                " action_digest, reason, groups, voted_at, authenticated_at, acr,"
                " on_behalf_of_person_id, delegation_id) VALUES (:tenant, gen_random_uuid(), :id,"
                " :person, :verdict, :digest, :reason, :groups, :at, :proven, :acr, :lender,"
                " CASE WHEN CAST(:lender AS uuid) IS NULL THEN NULL ELSE gen_random_uuid() END)"
            ),
            values,
        )


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_both_count_the_same(
    counting: tuple[Connection, UUID, UUID, bytes], data: st.DataObject
) -> None:
    connection, tenant_id, approval_id, digest = counting
    required = data.draw(REQUIREMENTS)
    votes = data.draw(some_votes(digest))
    put(connection, (tenant_id, approval_id), required, votes)
    met, turns = connection.execute(
        text(
            "SELECT quorum_is_met(:tenant, :id), (SELECT array_agg(turn_of(a, rule))"
            " FROM approvals a, jsonb_array_elements(a.requirement -> 'rules') AS rule"
            " WHERE a.approval_id = :id)"
        ),
        {"tenant": tenant_id, "id": approval_id},
    ).one()
    connection.rollback()
    counted = tally(required, votes, digest=digest)
    assert turns == [rule.turn for rule in counted.rules]
    assert met == (counted.outcome is Outcome.APPROVED)
