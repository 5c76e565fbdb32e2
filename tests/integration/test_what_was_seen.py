"""What runs is what was seen: whatever changes between vote and launch is put to people again."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.approval import DEFAULT_RULE
from pipeline.approval_errors import VoterExcluded
from pipeline.approval_view import StoredApproval, load_approval
from pipeline.execution import Limits
from pipeline.policy_store import activate_policy_set, add_policy_set, add_rule
from pipeline.registry import add_assistant, add_bundle, add_target
from pipeline.work import Work
from tests.integration.conftest import Database
from tests.integration.fake_host import FakeHost, approved_run, execute, result
from tests.integration.stages import rows, status
from tests.integration.test_hold import vote
from tests.integration.world import FIELDS, KEYRING, POLICY, RUNTIME, TenantWorld, World

Change = Callable[[Work, TenantWorld], object]

OTHER_CODE = b"not a real archive, and nobody unpacks it here"
STRICTER = POLICY.replace('@id("invoices")', '@id("invoices")\n@hold("two-approvers")')
SMALL = Limits.from_json(Limits().as_json() | {"memory_bytes": Limits().memory_bytes // 2})


def new_version(work: Work, acme: TenantWorld, **changed: Any) -> None:
    settled = {"bundle_digest": acme.bundle_digest, "runtime": RUNTIME, "targets": [acme.target_id]}
    add_assistant(work, name="booker", by=acme.persons["axel"], **(settled | changed))


def change_the_bundle(work: Work, acme: TenantWorld) -> None:
    digest = "sha256:" + hashlib.sha256(OTHER_CODE).hexdigest()
    (manifest,) = work.execute("SELECT manifest FROM bundles").scalars()
    add_bundle(
        work, digest=digest, manifest=manifest, content=OTHER_CODE, author=acme.persons["ada"]
    )
    new_version(work, acme, bundle_digest=digest)


def change_the_runtime(work: Work, acme: TenantWorld) -> None:
    new_version(work, acme, runtime=(RUNTIME[0], "sha256:" + "1" * 64))


def change_the_limits(work: Work, acme: TenantWorld) -> None:
    new_version(work, acme, sandbox_policy={"limits": SMALL.as_json()})


def let_it_out(work: Work, acme: TenantWorld) -> None:
    """Its bundle asked all along; now the tenant allows it."""
    rule = {"url": "https://api.example.com/v1/", "methods": ["GET"]}
    (manifest,) = work.execute("SELECT manifest FROM bundles").scalars()
    digest = "sha256:" + hashlib.sha256(OTHER_CODE).hexdigest()
    add_bundle(
        work,
        digest=digest,
        manifest=manifest | {"network": [rule]},
        content=OTHER_CODE,
        author=acme.persons["ada"],
    )
    new_version(work, acme, bundle_digest=digest, sandbox_policy={"network": [rule]})


def take_the_target_away(work: Work, acme: TenantWorld) -> None:
    new_version(work, acme, targets=[])


def change_the_target(work: Work, acme: TenantWorld, **changed: Any) -> None:
    kept = {"url": "http://127.0.0.1:9/hook", "settings": {"allow_private": True}}
    by = acme.persons["axel"]
    add_target(work, KEYRING, name="ledger", secret=None, by=by, **(kept | changed))


def send_it_elsewhere(work: Work, acme: TenantWorld) -> None:
    change_the_target(work, acme, url="http://127.0.0.1:10/elsewhere")


def say_it_otherwise(work: Work, acme: TenantWorld) -> None:
    change_the_target(work, acme, template='{"all": true}')


def activate_a_stricter_policy(work: Work, acme: TenantWorld) -> None:
    version = add_policy_set(
        work, source=STRICTER, author=acme.persons["axel"], context_fields=FIELDS
    )
    activate_policy_set(work, version, by=acme.persons["olga"])


def ask_for_two(work: Work, acme: TenantWorld) -> None:
    add_rule(work, replace(DEFAULT_RULE, quorum=2), by=acme.persons["ada"])


CHANGED = "changed since the decision: "
# What is changed, what the refusal says, and which members of the new question differ.
CHANGES: dict[str, tuple[Change, str, set[str]]] = {
    "bundle": (
        change_the_bundle,
        CHANGED + "assistant_version, bundle_digest",
        {"assistant_version", "bundle_digest"},
    ),
    "runtime": (
        change_the_runtime,
        CHANGED + "assistant_version, runtime_digest",
        {"assistant_version", "runtime_digest"},
    ),
    "limits": (
        change_the_limits,
        CHANGED + "assistant_version, limits, sandbox_policy",
        {"assistant_version", "limits", "sandbox_policy"},
    ),
    "network": (
        let_it_out,
        CHANGED + "assistant_version, bundle_digest, gateway_scopes, sandbox_policy",
        {"assistant_version", "bundle_digest", "gateway_scopes", "sandbox_policy"},
    ),
    "target gone": (
        take_the_target_away,
        CHANGED + "assistant_version, targets",
        {"assistant_version", "targets"},
    ),
    "target url": (send_it_elsewhere, CHANGED + "targets", {"targets"}),
    "target template": (say_it_otherwise, CHANGED + "targets", {"targets"}),
    "stricter policy": (
        activate_a_stricter_policy,
        "the policy now asks for two-approvers",
        {"policy", "requirement"},
    ),
    "rule": (ask_for_two, "an approval rule changed since the decision", {"requirement"}),
}


class Seen:
    """A run ben approved, and what happens to it then."""

    def __init__(self, database: Database, acme: TenantWorld) -> None:
        self.database, self.acme = database, acme
        self.web = database.outbox("awgp_web")
        self.run_id = approved_run(database, acme)
        self.host = FakeHost(result())

    def change(self, change: Change) -> None:
        with self.web.work(self.acme.tenant_id) as work:
            change(work, self.acme)

    def launch(self) -> None:
        execute(self.database, self.acme, self.run_id, self.host)

    def approval(self, epoch: int) -> StoredApproval:
        ((approval_id,),) = rows(
            self.database,
            self.acme,
            "SELECT approval_id FROM approvals WHERE run_id = :run AND epoch = :epoch",
            run=self.run_id,
            epoch=epoch,
        )
        with self.web.work(self.acme.tenant_id) as work:
            return load_approval(work, approval_id)

    def where(self) -> tuple[object, object]:
        found = status(self.database, self.acme, self.run_id)
        return found["status"], found["epoch"]

    def record(self) -> dict[str, Any]:
        """Of the refused launch."""
        with self.database.admin.connect() as connection:
            (found,) = connection.exec_driver_sql(
                "SELECT record FROM awgp.audit_pending"
                " WHERE record ->> 'action' = 'execute:run:held'"
            ).scalars()
        return dict(found)

    def vote(self, approval_id: UUID, *names: str) -> None:
        for name in names:
            vote(self.web, self.acme, approval_id, self.acme.persons[name])


def action_of(approval: StoredApproval) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(approval.action)
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_after_the_vote_is_not_launched_but_asked_anew(
    database: Database, world: World, name: str
) -> None:
    change, reason, differs = CHANGES[name]
    seen = Seen(database, world.acme)
    seen.change(change)

    seen.launch()

    assert seen.host.specs == []
    assert seen.where() == ("held", 2)
    record = seen.record()
    assert record["metadata"]["reason"] == reason
    assert (record["before"]["epoch"], record["after"]["epoch"]) == (1, 2)
    before, after = seen.approval(1), seen.approval(2)
    assert (before.status, after.status, after.votes) == ("superseded", "open", ())
    assert after.digest != before.digest
    old, new = action_of(before), action_of(after)
    assert {each for each in new if new[each] != old[each]} == differs | {"epoch"}


@pytest.mark.parametrize("name", ["bundle", "limits", "target url"])
def test_once_people_have_seen_the_new_thing_it_runs(
    database: Database, world: World, name: str
) -> None:
    change, _, _ = CHANGES[name]
    seen = Seen(database, world.acme)
    seen.change(change)
    seen.launch()
    asked = seen.approval(2)

    seen.vote(asked.approval_id, "ben")
    seen.launch()

    assert seen.where() == ("executed", 2)
    (spec,) = seen.host.specs
    assert spec.bundle_digest == action_of(asked)["bundle_digest"]
    assert spec.limits.as_json() == action_of(asked)["limits"]


def test_who_changed_the_bundle_or_the_rule_may_not_vote_on_it(
    database: Database, world: World
) -> None:
    acme = world.acme
    seen = Seen(database, acme)
    seen.change(change_the_bundle)
    seen.change(ask_for_two)
    seen.launch()
    asked = seen.approval(2)
    assert acme.persons["ada"] in {each.person_id for each in asked.excluded}
    with pytest.raises(VoterExcluded):
        seen.vote(asked.approval_id, "ada")
    seen.vote(asked.approval_id, "ben")
    assert seen.where() == ("held", 2)
    seen.vote(asked.approval_id, "cleo")
    assert seen.where() == ("approved", 2)


def test_a_payload_changed_behind_everybodys_back_is_asked_anew(
    database: Database, world: World
) -> None:
    """No login can do this; a superuser, or a restored backup, could."""
    seen = Seen(database, world.acme)
    other = b'{"amount_cents": 999}'
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            "UPDATE awgp.run_payloads SET payload = %(other)s WHERE run_id = %(run)s",
            {"other": other, "run": seen.run_id},
        )

    seen.launch()

    assert (seen.host.specs, seen.where()) == ([], ("held", 2))
    assert seen.record()["metadata"]["reason"] == CHANGED + "payload_commitment"
    assert seen.approval(2).payload == other


def test_a_bundles_code_changed_behind_everybodys_back_does_not_run(
    database: Database, world: World
) -> None:
    """The digest is the bundle's key: other bytes under it are refused by the table itself."""
    seen = Seen(database, world.acme)
    with pytest.raises(IntegrityError, match="bundles"), database.admin.begin() as connection:
        connection.exec_driver_sql("UPDATE awgp.bundles SET content = 'evil'")
    seen.launch()
    assert seen.where() == ("executed", 1)


def test_changed_back_before_the_launch_is_another_version_all_the_same(
    database: Database, world: World
) -> None:
    seen = Seen(database, world.acme)
    seen.change(send_it_elsewhere)
    seen.change(change_the_target)
    seen.launch()
    assert (seen.host.specs, seen.where()) == ([], ("held", 2))
