"""Turns, escalation, withdrawal, loans, emergencies, lapses: on a real database, and in races."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from actors.hold import on_due
from pipeline.approval import Escalation, Reason, Reauthentication, Rule, Turn, Verdict
from pipeline.approval_edit import edit_payload
from pipeline.approval_errors import (
    AlreadyDecided,
    DigestMismatch,
    NothingToWithdraw,
    ReauthenticationNeeded,
    VoteNotLent,
    VoterExcluded,
)
from pipeline.approval_store import cast_vote, withdraw_vote
from pipeline.approval_view import StoredApproval, load_approval, tally_of
from pipeline.break_glass import ReviewClosed, ReviewVerdict, break_glass, close_review
from pipeline.cancel import Canceller, cancel_run
from pipeline.decision_link import (
    LinkNotYours,
    LinkOver,
    LinkUnknown,
    make_decision_link,
    read_token,
    use_link,
)
from pipeline.delegation import DelegationInvalid, DelegationOver, lend_vote, revoke_loan
from pipeline.outbox import Outbox
from pipeline.policy_store import add_rule
from pipeline.reauthentication import Proof
from pipeline.run import Stage
from pipeline.run_store import RunChanged, replay
from pipeline.tally import NotYourTurn, VoteRefused
from pipeline.work import Actor
from tests.integration.conftest import Database
from tests.integration.stages import declared, rows, status, work_off
from tests.integration.test_hold import at_one_instant, make_late
from tests.integration.world import KEYRING, TenantWorld, World, submit

BASE = Rule(
    name="two-approvers",
    version=1,
    quorum=1,
    groups=("finance",),
    reason=Reason.OPTIONAL,
    expires_in_seconds=3600,
    execution_expires_in_seconds=3600,
)
CHAIN = replace(BASE, stages=(Turn(quorum=1, groups=("board",)),))
# The world's policy holds amounts like this by the rule `two-approvers` alone.
LARGE = {"amount_cents": 2_000_000}


@pytest.fixture
def acme(world: World) -> TenantWorld:
    return world.acme


class Hold:
    """One tenant's held run under a rule of the test's own, and who does what with it."""

    def __init__(
        self, database: Database, tenant: TenantWorld, rule: Rule, *, author: str = "axel"
    ) -> None:
        self.database, self.tenant = database, tenant
        broker = database.outbox("awgp_web").broker
        self.web = Outbox(database.engine("awgp_web", pool_size=24), broker)
        with Outbox(database.owner, broker).work(tenant.tenant_id) as work:
            add_rule(work, rule, by=tenant.persons[author])
        stages = declared(database)
        self.run_id = submit(database.outbox("awgp_ingest"), tenant, LARGE)
        work_off(database, stages, tenant, Stage.POLICY)
        work_off(database, stages, tenant, Stage.HOLD)
        self.approval_id: UUID = self.rows(
            "SELECT approval_id FROM approvals WHERE run_id = :run", run=self.run_id
        )[0][0]

    def rows(self, statement: str, **values: object) -> list[Any]:
        return rows(self.database, self.tenant, statement, **values)

    def run_status(self) -> object:
        return status(self.database, self.tenant, self.run_id)["status"]

    def look(self) -> StoredApproval:
        with self.web.work(self.tenant.tenant_id) as work:
            return load_approval(work, self.approval_id)

    def person(self, name: str) -> UUID:
        return self.tenant.persons[name]

    def give_groups(self, name: str, *groups: str) -> None:
        self.rows(
            "UPDATE persons SET groups = :groups WHERE person_id = :person RETURNING 1",
            groups=Jsonb(sorted(groups)),
            person=self.person(name),
        )

    def vote(
        self,
        name: str,
        *groups: str,
        verdict: Verdict = Verdict.APPROVE,
        digest: bytes | None = None,
        **further: Any,
    ) -> StoredApproval:
        seen = digest or self.look().digest
        with self.web.work(self.tenant.tenant_id) as work:
            return cast_vote(
                work,
                KEYRING,
                self.approval_id,
                person_id=self.person(name),
                display_name=name.title(),
                groups=frozenset(groups),
                verdict=verdict,
                digest=seen,
                **further,
            )

    def withdraw(self, name: str) -> StoredApproval:
        with self.web.work(self.tenant.tenant_id) as work:
            return withdraw_vote(work, self.approval_id, person_id=self.person(name))

    def lend(self, by: str, to: str, *groups: str, **further: Any) -> UUID:
        ends_at = further.pop("ends_at", datetime.now(UTC) + timedelta(days=3))
        with self.web.work(self.tenant.tenant_id) as work:
            return lend_vote(
                work,
                by=self.person(by),
                to=self.person(to),
                groups=groups,
                ends_at=ends_at,
                **further,
            ).delegation_id

    def break_glass(self, name: str, *, digest: bytes | None = None) -> StoredApproval:
        seen = digest or self.look().digest
        with self.web.work(self.tenant.tenant_id) as work:
            return break_glass(
                work,
                KEYRING,
                self.approval_id,
                person_id=self.person(name),
                display_name=name.title(),
                digest=seen,
                reason="the plant stands still",
            )

    def refuses(self, statement: str, match: str, **values: Any) -> None:
        """Asked directly, the database says no."""
        named = {
            "tenant": self.tenant.tenant_id,
            "approval": self.approval_id,
            "run": self.run_id,
            "digest": self.look().digest,
        }
        with (
            pytest.raises(DBAPIError, match=match),
            self.web.work(self.tenant.tenant_id) as work,
        ):
            work.execute(statement, **named, **values)


# --- turns, escalation ------------------------------------------------------------------------


def test_turns_are_taken_one_after_the_other(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, CHAIN)
    with pytest.raises(NotYourTurn, match="finance"):
        held.vote("cleo", "board")
    held.vote("ben", "finance", "board")
    (chain,) = tally_of(held.look()).rules
    assert (chain.turn, chain.have, chain.needed) == (1, 1, 2)
    assert held.run_status() == "held"
    held.vote("cleo", "board")
    assert held.run_status() == "approved"


def test_a_reject_is_never_too_early(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, CHAIN)
    held.vote("cleo", "board", verdict=Verdict.REJECT)
    assert held.run_status() == "rejected"


def test_the_database_refuses_a_vote_before_its_turn(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, CHAIN)
    held.refuses(
        "WITH place AS (INSERT INTO approval_persons (tenant_id, approval_id, person_id, part,"
        " vote_id) VALUES (:tenant, :approval, :person, 'voter', :vote) RETURNING 1)"
        " INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict, action_digest,"
        " groups) SELECT :tenant, :vote, :approval, :person, 'approve', :digest, :groups"
        " FROM place",
        "counts towards nothing",
        person=held.person("cleo"),
        vote=uuid4(),
        groups=Jsonb(["board"]),
    )


def due_rows(held: Hold, kind: str) -> list[Any]:
    return held.rows(
        "UPDATE due SET sends = 1 WHERE kind = :kind AND subject_id = :id"
        " RETURNING due_id, after_seconds",
        kind=kind,
        id=held.approval_id,
    )


def grow_older(held: Hold, seconds: int) -> None:
    """Let the question have been opened so long ago, as only a superuser could."""
    with held.database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            "UPDATE awgp.approvals SET opened_at = opened_at - make_interval(secs => %(s)s)"
            " WHERE approval_id = %(id)s",
            {"s": seconds, "id": held.approval_id},
        )


def records(held: Hold, action: str) -> list[Any]:
    # Of the log's owner alone.
    with held.database.admin.connect() as connection:
        return list(
            connection.exec_driver_sql(
                "SELECT record -> 'metadata' FROM awgp.audit_pending"
                " WHERE record ->> 'action' = %(action)s",
                {"action": action},
            ).scalars()
        )


def test_escalation_lets_others_vote_too_and_says_so(database: Database, acme: TenantWorld) -> None:
    rule = replace(BASE, escalate=(Escalation(after_seconds=600, to=("night",)),))
    held = Hold(database, acme, rule)
    with pytest.raises(VoteRefused):
        held.vote("ben", "night")
    grow_older(held, 601)
    (row,) = due_rows(held, "hold.escalate")
    assert row.after_seconds == 600
    worker = database.outbox("awgp_worker")
    on_due(worker, acme.tenant_id, row.due_id)
    on_due(worker, acme.tenant_id, row.due_id)  # again: it is done
    (told,) = records(held, "hold:approval:escalated")
    assert (told["to"], told["after_seconds"]) == (["night"], 600)
    held.vote("ben", "night")
    assert held.run_status() == "approved"


def test_reminders_come_at_their_times_and_end_with_the_question(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, replace(BASE, remind=(60, 1800, 7200)))
    found = due_rows(held, "hold.remind")
    assert sorted(row.after_seconds for row in found) == [60, 1800]  # it expires within the hour
    on_due(database.outbox("awgp_worker"), acme.tenant_id, found[0].due_id)
    assert len(records(held, "hold:approval:reminded")) == 1
    held.vote("ben", "finance")
    assert due_rows(held, "hold.remind") == []


# --- withdrawal -------------------------------------------------------------------------------


def test_a_withdrawn_vote_counts_no_more_and_another_can_be_given(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, replace(BASE, quorum=2))
    held.vote("ben", "finance", reason="yes")
    assert held.withdraw("ben").votes == ()
    with pytest.raises(NothingToWithdraw):
        held.withdraw("ben")
    held.vote("cleo", "finance")
    assert held.run_status() == "held"
    held.vote("ben", "finance", reason="after all")
    assert held.run_status() == "approved"
    with pytest.raises(AlreadyDecided, match="nothing is left to decide"):
        held.withdraw("cleo")
    kept = held.rows(
        "SELECT reason, withdrawn_at IS NOT NULL FROM votes WHERE person_id = :ben ORDER BY 1",
        ben=held.person("ben"),
    )
    assert [tuple(row) for row in kept] == [("after all", False), ("yes", True)]


def test_what_was_said_after_a_withdrawn_vote_is_said_again(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, replace(CHAIN, stages=(Turn(quorum=2, groups=("board",)),)))
    held.vote("ben", "finance")
    held.vote("cleo", "board")
    held.withdraw("ben")
    chain = tally_of(held.look()).rules[0]
    assert (chain.turn, chain.have) == (0, 0)


@pytest.mark.parametrize("change", ["withdrawn_at = NULL", "withdrawn_at = 'infinity'"])
def test_the_database_lets_no_withdrawn_vote_return(
    database: Database, acme: TenantWorld, change: str
) -> None:
    held = Hold(database, acme, replace(BASE, quorum=2))
    held.vote("ben", "finance")
    held.withdraw("ben")
    held.refuses(f"UPDATE votes SET {change} WHERE approval_id = :approval", "is withdrawn once")


def test_a_standing_votes_place_cannot_be_taken_away(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, replace(BASE, quorum=2))
    held.vote("ben", "finance")
    held.refuses("DELETE FROM approval_persons WHERE approval_id = :approval", "foreign key")
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        gone = work.execute(
            "DELETE FROM approval_persons WHERE approval_id = :id AND part = 'excluded'",
            id=held.approval_id,
        )
        assert gone.rowcount == 0


# --- loans ------------------------------------------------------------------------------------


def test_a_lent_vote_is_the_lenders_and_both_are_used_up(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, replace(BASE, quorum=2))
    held.give_groups("ben", "finance", "board")
    held.lend("ben", "cleo", "finance")
    voted = held.vote("cleo", "finance", lent_by=held.person("ben"))
    assert (voted.votes[0].on_behalf_of, voted.votes[0].groups) == (
        held.person("ben"),
        ("finance",),
    )
    for name in ("ben", "cleo"):
        with pytest.raises(VoteRefused):
            held.vote(name, "finance", reason="once more")
    assert tally_of(held.look()).rules[0].have == 1
    assert held.withdraw("ben").votes == ()  # whoever lent it may take it back
    held.vote("ben", "finance")
    held.vote("cleo", "finance")
    assert held.run_status() == "approved"


def test_only_ones_own_groups_are_lent_to_a_person_for_ninety_days(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, BASE)
    held.give_groups("ben", "finance")
    now = datetime.now(UTC)
    for groups, to, ends_at in (
        (["board"], "cleo", now + timedelta(days=1)),
        (["finance"], "ben", now + timedelta(days=1)),
        (["finance"], "cleo", now + timedelta(days=91)),
        (["finance"], "cleo", now - timedelta(seconds=1)),
        ([], "cleo", now + timedelta(days=1)),
    ):
        with pytest.raises(DelegationInvalid):
            held.lend("ben", to, *groups, ends_at=ends_at)
    for values, match in (
        ({"groups": ["board"]}, "do not have"),
        ({"to": held.person("ben")}, "nobody_lends_to_themselves"),
        ({"ends": now + timedelta(days=91)}, "a_delegation_ends"),
    ):
        held.refuses(
            "INSERT INTO delegations (tenant_id, delegation_id, delegator_person_id,"
            " delegate_person_id, groups, starts_at, ends_at, created_at)"
            " VALUES (:tenant, :id, :by, :to, :groups, now(), :ends, now() + interval '1 year')",
            match,
            id=uuid4(),
            by=held.person("ben"),
            to=values.get("to", held.person("cleo")),
            groups=Jsonb(values.get("groups", ["finance"])),
            ends=values.get("ends", now + timedelta(days=1)),
        )


def test_what_was_lent_is_not_lent_on_and_ends(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, BASE)
    held.give_groups("ben", "finance")
    loan = held.lend("ben", "cleo", "finance")
    with pytest.raises(DelegationInvalid, match="only your own can be lent"):
        held.lend("cleo", "ada", "finance")
    with held.web.work(acme.tenant_id) as work:
        revoke_loan(work, loan, by=held.person("cleo"), may_any=False)
    with pytest.raises(DelegationOver), held.web.work(acme.tenant_id) as work:
        revoke_loan(work, loan, by=held.person("ben"), may_any=False)
    with pytest.raises(VoteNotLent):
        held.vote("cleo", lent_by=held.person("ben"))
    held.lend("ben", "cleo", "finance")
    held.give_groups("ben", "night")  # no longer in it
    with pytest.raises(VoteRefused):
        held.vote("cleo", lent_by=held.person("ben"))


def test_whoever_acts_for_someone_excluded_is_excluded_too(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, BASE)
    held.give_groups("olga", "finance")  # owns the source
    held.give_groups("ben", "night")
    held.lend("ben", "cleo", "night")
    held.lend("olga", "ben", "finance")  # and so cleo acts, over a step, for olga
    assert {"ben", "cleo"} <= {each.display_name.lower() for each in held.look().excluded}
    for name in ("ben", "cleo"):
        with pytest.raises(VoterExcluded):
            held.vote(name, "finance")
    with pytest.raises(VoterExcluded):
        held.vote("ben", lent_by=held.person("olga"))
    later = Hold(database, acme, BASE)
    assert {"ben", "cleo"} <= {each.display_name.lower() for each in later.look().excluded}


def test_a_loan_that_begins_later_excludes_when_it_does(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, BASE)
    held.give_groups("olga", "finance")
    loan = held.lend("olga", "ben", "finance", starts_at=datetime.now(UTC) + timedelta(days=1))
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            "UPDATE awgp.delegations SET starts_at = now() WHERE delegation_id = %(id)s",
            {"id": loan},
        )
    with pytest.raises(VoterExcluded):
        held.vote("ben", "finance")


def test_the_database_takes_no_vote_that_was_not_lent(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, BASE)
    held.give_groups("ben", "finance", "board")
    loan = held.lend("ben", "cleo", "board")
    cast = (
        "WITH place AS (INSERT INTO approval_persons (tenant_id, approval_id, person_id, part,"
        " vote_id) VALUES (:tenant, :approval, :person, 'voter', :vote),"
        " (:tenant, :approval, :lender, 'voter', :vote) RETURNING 1)"
        " INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict, action_digest,"
        " groups, on_behalf_of_person_id, delegation_id) SELECT :tenant, :vote, :approval,"
        " :person, 'approve', :digest, :groups, :lender, :loan FROM (SELECT count(*) FROM place)"
        " AS made"
    )
    for person, lender, match in (
        ("cleo", "ben", "not lent"),
        ("ada", "ben", "votes_delegation_fkey|not lent"),
        ("cleo", "olga", "approval_persons_pkey|votes_"),
    ):
        held.refuses(
            cast,
            match,
            vote=uuid4(),
            person=held.person(person),
            lender=held.person(lender),
            groups=Jsonb(["finance"]),
            loan=loan,
        )


def test_nobody_stands_behind_two_votes(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, replace(BASE, quorum=3))
    held.give_groups("ben", "finance")
    held.lend("ben", "cleo", "finance")
    held.vote("cleo", lent_by=held.person("ben"))
    for vote in (uuid4(), held.look().votes[0].vote_id):
        held.refuses(
            "INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict,"
            " action_digest, groups) VALUES (:tenant, :vote, :approval, :person, 'approve',"
            " :digest, :groups)",
            "votes_pkey|votes_place_fkey",
            vote=vote,
            person=held.person("ben"),
            groups=Jsonb(["finance"]),
        )


# --- proof of who one is ----------------------------------------------------------------------


def test_a_rule_may_ask_for_a_fresh_proof(database: Database, acme: TenantWorld) -> None:
    rule = replace(BASE, reauthenticate=Reauthentication(max_age_seconds=300, acr="gold"))
    held = Hold(database, acme, rule)
    now = datetime.now(UTC)
    for proof in (
        Proof(),
        Proof(authenticated_at=now - timedelta(seconds=301), acr="gold"),
        Proof(authenticated_at=now),
        Proof(authenticated_at=now, acr="silver"),
    ):
        with pytest.raises(ReauthenticationNeeded) as refused:
            held.vote("ben", "finance", proof=proof)
        assert held.look().votes == ()
    assert refused.value.members == {"max_age": 300, "acr_values": "gold"}
    assert 'acr_values="gold"' in refused.value.headers["WWW-Authenticate"]
    held.vote("ben", "finance", proof=Proof(authenticated_at=now, acr="gold"))
    assert held.run_status() == "approved"


# --- emergencies ------------------------------------------------------------------------------


def test_breaking_the_glass_approves_alone_and_asks_for_a_review(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, replace(CHAIN, quorum=3))
    held.give_groups("ben", "break-glass")
    with pytest.raises(DigestMismatch):
        held.break_glass("ben", digest=bytes(32))
    held.break_glass("ben")
    assert held.run_status() == "approved"
    (review,) = held.rows("SELECT review_id, closed_at FROM reviews")
    assert review.closed_at is None

    def close(name: str) -> None:
        with held.web.work(acme.tenant_id) as work:
            close_review(
                work,
                KEYRING,
                review.review_id,
                person_id=held.person(name),
                display_name=name.title(),
                verdict=ReviewVerdict.JUSTIFIED,
                note="it did",
            )

    for name in ("ben", "olga", "axel"):  # who broke it, and whom four eyes exclude
        with pytest.raises(VoterExcluded):
            close(name)
        held.refuses(
            "UPDATE reviews SET closed_at = now(), closed_by_person_id = :person,"
            " verdict = 'justified' WHERE approval_id = :approval",
            "may not close|nobody_reviews_themselves",
            person=held.person(name),
        )
    close("cleo")
    with pytest.raises(ReviewClosed):
        close("ada")
    held.refuses("UPDATE reviews SET verdict = 'unjustified'", "already closed")


@pytest.mark.parametrize("name", ["olga", "axel", "ada"])
def test_who_is_excluded_or_has_not_the_role_breaks_no_glass(
    database: Database, acme: TenantWorld, name: str
) -> None:
    held = Hold(database, acme, BASE)
    if name != "ada":
        held.give_groups(name, "break-glass")
    said = "may not decide this" if name == "ada" else "four eyes: you are the"
    with pytest.raises(VoterExcluded, match=said):
        held.break_glass(name)
    held.refuses(
        "INSERT INTO reviews (tenant_id, review_id, approval_id, action_digest, person_id, reason)"
        " VALUES (:tenant, :id, :approval, :digest, :person, 'now')",
        "may not break the glass",
        id=uuid4(),
        person=held.person(name),
    )
    assert held.run_status() == "held"


def test_a_review_lets_one_question_through_and_no_other(
    database: Database, acme: TenantWorld
) -> None:
    held, other = Hold(database, acme, BASE), Hold(database, acme, BASE)
    held.give_groups("ben", "break-glass")
    held.break_glass("ben")
    other.refuses(
        "UPDATE approvals SET status = 'approved', decided_at = now(),"
        " execution_expires_at = now() + interval '1 minute' WHERE approval_id = :approval",
        "quorum",
    )
    other.refuses(
        "INSERT INTO reviews (tenant_id, review_id, approval_id, action_digest, person_id, reason)"
        " SELECT :tenant, :id, :approval, action_digest, :person, 'now' FROM approvals"
        " WHERE approval_id = :first",
        "foreign key",
        id=uuid4(),
        person=other.person("ben"),
        first=held.approval_id,
    )


# --- links ------------------------------------------------------------------------------------


def test_a_link_is_one_persons_for_one_digest_once(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, BASE)
    digest = held.look().digest
    with held.web.work(acme.tenant_id) as work:
        text = make_decision_link(work, held.approval_id, person_id=held.person("ben"))
        with pytest.raises(VoterExcluded):
            make_decision_link(work, held.approval_id, person_id=held.person("olga"))
    token = read_token(text)
    assert "secret" not in repr(token)

    def use(name: str, seen: bytes) -> None:
        with held.web.work(acme.tenant_id) as work:
            use_link(work, token, person_id=held.person(name), digest=seen)

    with pytest.raises(LinkNotYours):
        use("cleo", digest)
    with pytest.raises(LinkOver):
        use("ben", bytes(32))
    with pytest.raises(LinkUnknown):
        read_token(text + "x")
    answers = at_one_instant([lambda: use("ben", digest)] * 8)
    assert sum(answer is None for answer in answers) == 1
    held.refuses("UPDATE decision_links SET used_at = NULL", "was used")
    found = held.rows("SELECT token_hash FROM decision_links")
    assert bytes(found[0][0]) == token.digest
    assert held.run_status() == "held"


# --- time to start ----------------------------------------------------------------------------


def let_its_time_pass(held: Hold) -> UUID:
    with held.database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.approvals SET execution_expires_at = clock_timestamp()"
            " WHERE approval_id = %(id)s",
            {"id": held.approval_id},
        )
    ((due_id, _),) = due_rows(held, "hold.lapse")
    return UUID(str(due_id))


def test_an_approved_run_that_does_not_start_lapses(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, BASE)
    held.vote("ben", "finance")
    worker = database.outbox("awgp_worker")
    ((early, _),) = due_rows(held, "hold.lapse")
    on_due(worker, acme.tenant_id, early)
    assert held.run_status() == "approved"
    due_id = let_its_time_pass(held)
    on_due(worker, acme.tenant_id, due_id)
    assert held.run_status() == "expired"
    assert held.rows("SELECT stage FROM handoffs") == [("audit",)]
    assert held.rows("SELECT 1 FROM due WHERE kind = 'hold.lapse'") == []


def test_what_has_started_does_not_lapse(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, BASE)
    held.vote("ben", "finance")
    held.rows(
        "UPDATE runs SET status = 'executing' WHERE run_id = :run RETURNING 1", run=held.run_id
    )
    due_id = let_its_time_pass(held)
    on_due(database.outbox("awgp_worker"), acme.tenant_id, due_id)
    assert held.run_status() == "executing"
    assert held.rows("SELECT 1 FROM due WHERE kind = 'hold.lapse'") == []


# --- at one instant ---------------------------------------------------------------------------


def outcomes(answers: list[object]) -> tuple[int, int]:
    """How many were taken, and how many refused; anything else is a fault."""
    refused = (AlreadyDecided, NothingToWithdraw, VoteRefused, DigestMismatch, RunChanged)
    taken = sum(isinstance(each, StoredApproval | UUID) for each in answers)
    no = sum(isinstance(each, refused) for each in answers)
    assert taken + no == len(answers), answers
    return taken, no


@pytest.mark.parametrize("round_", range(4))
def test_a_withdrawal_and_the_deciding_vote_give_one_outcome(
    database: Database, acme: TenantWorld, round_: int
) -> None:
    held = Hold(database, acme, replace(BASE, quorum=2))
    held.vote("ben", "finance")
    digest = held.look().digest
    calls: list[Callable[[], object]] = [
        lambda: held.withdraw("ben"),
        lambda: held.vote("cleo", "finance", digest=digest),
    ]
    at_one_instant(calls[:: 1 if round_ % 2 else -1])
    standing = {vote.display_name for vote in held.look().votes}
    assert (held.run_status(), standing) in [("approved", {"Ben", "Cleo"}), ("held", {"Cleo"})]


@pytest.mark.parametrize("round_", range(4))
def test_an_edit_and_a_vote_give_one_outcome(
    database: Database, acme: TenantWorld, round_: int
) -> None:
    held = Hold(database, acme, BASE)
    digest = held.look().digest

    def edit() -> UUID:
        with held.web.work(acme.tenant_id) as work:
            return edit_payload(
                work,
                held.approval_id,
                person_id=held.person("ada"),
                digest=digest,
                content=b'{"amount_cents": 2000001}',
            )

    calls: list[Callable[[], object]] = [edit, lambda: held.vote("ben", "finance", digest=digest)]
    taken, _ = outcomes(at_one_instant(calls[:: 1 if round_ % 2 else -1]))
    assert taken == 1
    assert (held.run_status(), held.look().status) in [
        ("approved", "approved"),
        ("held", "superseded"),
    ]


@pytest.mark.parametrize("round_", range(4))
def test_breaking_the_glass_and_a_reject_give_one_outcome(
    database: Database, acme: TenantWorld, round_: int
) -> None:
    held = Hold(database, acme, CHAIN)
    held.give_groups("ben", "break-glass")
    digest = held.look().digest
    calls: list[Callable[[], object]] = [
        lambda: held.break_glass("ben", digest=digest),
        lambda: held.vote("cleo", "board", verdict=Verdict.REJECT, digest=digest),
    ]
    taken, _ = outcomes(at_one_instant(calls[:: 1 if round_ % 2 else -1]))
    assert taken == 1
    ended = (held.run_status(), len(held.rows("SELECT 1 FROM reviews")))
    assert ended in [("approved", 1), ("rejected", 0)]


@pytest.mark.parametrize("round_", range(4))
def test_a_lapse_and_a_cancellation_give_one_outcome(
    database: Database, acme: TenantWorld, round_: int
) -> None:
    held = Hold(database, acme, BASE)
    held.vote("ben", "finance")
    due_id = let_its_time_pass(held)
    worker = database.outbox("awgp_worker")

    def cancel() -> object:
        with held.web.work(acme.tenant_id) as work:
            by = Canceller(person_id=held.person("ada"))
            return cancel_run(work, KEYRING, held.run_id, by)

    calls: list[Callable[[], object]] = [cancel, lambda: on_due(worker, acme.tenant_id, due_id)]
    at_one_instant(calls[:: 1 if round_ % 2 else -1])
    assert held.run_status() in {"expired", "cancelled"}
    assert held.rows("SELECT stage FROM handoffs") == [("audit",)]


def test_who_had_a_run_replayed_may_not_vote_on_it(database: Database, acme: TenantWorld) -> None:
    held = Hold(database, acme, BASE)
    held.vote("cleo", "finance")
    for change in ("status = 'failed'", "sealed_at = now()"):
        held.rows(f"UPDATE runs SET {change} WHERE run_id = :run RETURNING 1", run=held.run_id)
    held.rows("DELETE FROM handoffs WHERE run_id = :run RETURNING 1", run=held.run_id)
    with held.web.work(acme.tenant_id) as work:
        replay(work, held.run_id, Actor(type="person", id=str(held.person("ben"))))
    stages = declared(database)
    work_off(database, stages, acme, Stage.POLICY)
    work_off(database, stages, acme, Stage.HOLD)
    held.approval_id = held.rows(
        "SELECT approval_id FROM approvals WHERE run_id = :run AND epoch = 2", run=held.run_id
    )[0][0]
    with pytest.raises(VoterExcluded, match="had it run again"):
        held.vote("ben", "finance")


def test_a_late_approval_is_not_saved_by_an_emergency(
    database: Database, acme: TenantWorld
) -> None:
    held = Hold(database, acme, BASE)
    held.give_groups("ben", "break-glass")
    make_late(database, held.approval_id)
    held.refuses(
        "INSERT INTO reviews (tenant_id, review_id, approval_id, action_digest, person_id, reason)"
        " VALUES (:tenant, :id, :approval, :digest, :person, 'now')",
        "expired",
        id=uuid4(),
        person=held.person("ben"),
    )
