"""`awgp dead`: which are meant, what is shown beforehand, and what is done to many."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from pipeline.dead_letters import BATCH, Chosen, walk
from pipeline.run import Stage
from tests.integration.conftest import Database
from tests.integration.driving import fail, make_signer, seal_all
from tests.integration.operating import Operator, an_operator
from tests.integration.stages import rows, status
from tests.integration.world import TenantWorld, World, submit

pytestmark = pytest.mark.services


@pytest.fixture
def operator(database: Database) -> Operator:
    return an_operator(database)


def failed(database: Database, tenant: TenantWorld, error: str = "test") -> UUID:
    """A run with a dead letter, its end not sealed yet."""
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 4711})
    fail(database, tenant, run_id)
    rows(
        database,
        tenant,
        "UPDATE dead_letters SET error = :error WHERE run_id = :run RETURNING 1",
        error=error,
        run=run_id,
    )
    return run_id


@pytest.fixture
def many(database: Database, world: World, tmp_path: Path) -> dict[str, UUID]:
    found = {
        "timeout": failed(database, world.acme, "HTTP 503 from the ledger"),
        "refused": failed(database, world.acme, "HTTP 403"),
        "globex": failed(database, world.globex, "http 503"),
    }
    seal_all(database, make_signer(tmp_path), world.acme, world.globex)
    return found


def runs_of(operator: Operator, *arguments: str) -> list[str]:
    return [each["run"] for each in operator("dead", "list", "--json", *arguments).json()]


def letter_of(database: Database, tenant: TenantWorld, run_id: UUID) -> UUID:
    statement = "SELECT dead_letter_id FROM dead_letters WHERE run_id = :run"
    found: UUID = rows(database, tenant, statement, run=run_id)[0][0]
    return found


def test_nothing_is_replayed_in_a_closed_tenant_and_it_can_be_put_aside(
    database: Database, operator: Operator, many: dict[str, UUID]
) -> None:
    refused = str(many["refused"])
    with database.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.tenants SET closed_at = now() WHERE slug = 'acme'"))
    done = operator("dead", "replay", "--until", "0s", "--yes", "--json").json()
    assert (done["replayed"], sum(done["skipped"].values())) == (1, 2)
    assert any("closed" in reason for reason in done["skipped"])
    assert runs_of(operator, "--tenant", "acme") == [refused, str(many["timeout"])]
    operator("dead", "discard", "--run", refused, "--reason", "closed", "--yes")
    assert runs_of(operator, "--tenant", "acme") == [str(many["timeout"])]


def test_every_filter_narrows_and_the_newest_comes_first(
    operator: Operator, many: dict[str, UUID]
) -> None:
    timeout, refused, globex = (str(many[name]) for name in ("timeout", "refused", "globex"))
    assert runs_of(operator) == [globex, refused, timeout]
    assert runs_of(operator, "--tenant", "acme") == [refused, timeout]
    assert runs_of(operator, "--error", "HTTP 503") == [globex, timeout]
    assert runs_of(operator, "--run", refused) == [refused]
    assert runs_of(operator, "--queue", "execute") == []
    assert runs_of(operator, "--queue", "policy", "--limit", "1") == [globex]
    assert len(runs_of(operator, "--since", "1h")) == 3
    assert runs_of(operator, "--until", "1h") == []
    assert runs_of(operator, "--until", "2020-01-01") == []
    assert len(runs_of(operator, "--since", "2020-01-01T00:00Z")) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tenant", "acne"], "there are acme, globex"),
        (["--queue", "exekute"], "post_action"),
        (["--since", "yesterday"], "30m, 2h or 7d"),
        (["--run", "7"], "not a valid UUID"),
    ],
)
def test_a_wrong_filter_says_what_is_right(
    operator: Operator, many: dict[str, UUID], arguments: list[str], said: str
) -> None:
    answer = operator("dead", "list", *arguments)
    assert answer.status == 2
    assert said in answer.out


def test_nothing_dead_is_said(operator: Operator, world: World) -> None:
    assert operator("dead", "list").out == "no dead letters\n"
    assert operator("dead", "list", "--queue", "hold").out == "no dead letter is like that\n"
    assert "nothing would be done" in operator("dead", "replay", "--queue", "hold").out
    assert operator("dead", "replay", "--queue", "hold", "--yes").status == 0


def test_what_is_shown_holds_no_payload(operator: Operator, many: dict[str, UUID]) -> None:
    run_id = str(many["timeout"])
    for arguments in (
        ["list"],
        ["list", "--json"],
        ["show", run_id],
        ["show", run_id, "--json"],
        ["replay", run_id],
    ):
        said = operator("dead", *arguments)
        assert said.status == 0
        assert run_id in said.out
        assert "4711" not in said.out.replace(run_id, "")


def test_one_is_shown_by_its_id_or_its_runs_with_what_to_do_next(
    operator: Operator, database: Database, world: World, many: dict[str, UUID]
) -> None:
    letter = letter_of(database, world.acme, many["timeout"])
    shown = operator("dead", "show", str(letter), "--json").json()
    assert shown == operator("dead", "show", str(many["timeout"]), "--json").json()
    assert (shown["status"], shown["tenant"], shown["sealed"]) == ("failed", "acme", True)
    assert shown["letters"][0]["error"] == "HTTP 503 from the ledger"
    assert f"`awgp dead replay {letter} --yes`" in shown["next"]

    unsealed = failed(database, world.acme)
    assert "still being sealed" in operator("dead", "show", str(unsealed)).out
    nobody = operator("dead", "show", str(uuid4()))
    assert (nobody.status, "awgp dead list --all" in nobody.out) == (2, True)


def test_an_unknown_outcome_is_to_be_looked_into_first(
    operator: Operator, database: Database, world: World, tmp_path: Path
) -> None:
    run_id = failed(database, world.acme, "outcome unknown")
    seal_all(database, make_signer(tmp_path), world.acme)
    assert "a sandbox may have done its work" in operator("dead", "show", str(run_id)).out


def test_without_yes_nothing_is_done_and_what_would_be_is_shown(
    operator: Operator, database: Database, world: World, many: dict[str, UUID]
) -> None:
    said = operator("dead", "replay", "--error", "503")
    assert said.status == 0
    assert "2 would be replayed; --yes does it" in said.out
    plan = operator("dead", "discard", "--error", "503", "--reason", "x", "--json").json()
    assert (plan["dry_run"], plan["count"]) == (True, 2)
    assert {each["tenant"] for each in plan["groups"]} == {"acme", "globex"}
    assert status(database, world.acme, many["timeout"])["status"] == "failed"
    assert len(runs_of(operator)) == 3


def test_everything_must_be_asked_for(operator: Operator, many: dict[str, UUID]) -> None:
    said = operator("dead", "replay", "--yes")
    assert (said.status, "--until 0s" in said.out) == (2, True)
    assert operator("dead", "replay", "--until", "0s", "--yes").out == "3 replayed, 0 skipped\n"


def test_a_replay_is_on_record_and_what_cannot_be_is_passed_by(
    operator: Operator, database: Database, world: World, many: dict[str, UUID]
) -> None:
    unsealed = failed(database, world.acme)
    poisoned = failed(database, world.acme)
    # Never seen to happen: a dead letter whose run is not failed.
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql(
            f"UPDATE awgp.runs SET status = 'held' WHERE run_id = '{poisoned}'"
        )
    said = operator("dead", "replay", "--until", "0s", "--yes", "--json")
    assert said.status == 1
    done = said.json()
    assert done["replayed"] == 3
    assert sum(done["skipped"].values()) == 2
    assert any("still being sealed" in reason for reason in done["skipped"])
    for name, tenant in (("timeout", world.acme), ("globex", world.globex)):
        after = status(database, tenant, many[name])
        assert (after["status"], after["epoch"]) == ("received", 2)
    assert [each for each in records(database) if each["resource"]["id"] == str(unsealed)] == []
    replays = [each for each in records(database) if each["action"] == "policy:run:received"]
    assert {each["actor"]["type"] for each in replays} == {"operator"}
    assert len(replays) == 3


def records(database: Database) -> list[dict]:  # type: ignore[type-arg]  # JSON
    with database.admin.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT record FROM awgp.audit_pending"
            " WHERE record -> 'actor' ->> 'type' = 'operator' ORDER BY pending_id"
        )
        return [row[0] for row in found]


def test_one_that_was_replayed_is_passed_by_with_its_reason(
    operator: Operator, database: Database, world: World, many: dict[str, UUID]
) -> None:
    letter = str(letter_of(database, world.acme, many["timeout"]))
    assert operator("dead", "replay", letter, "--yes").out == "1 replayed, 0 skipped\n"
    again = operator("dead", "replay", letter, "--yes")
    assert (again.status, "replayed already" in again.out) == (1, True)
    # By its run, there is nothing open any more.
    assert operator("dead", "replay", str(many["timeout"]), "--yes").status == 2
    assert len(runs_of(operator)) == 2
    assert len(runs_of(operator, "--all")) == 3


def test_a_discard_needs_a_reason_is_on_record_and_hides_it(
    operator: Operator, database: Database, world: World, many: dict[str, UUID]
) -> None:
    run_id = str(many["refused"])
    assert operator("dead", "discard", run_id, "--yes").status == 2
    said = operator("dead", "discard", run_id, "--reason", "booked by hand", "--yes")
    assert said.out == "1 discarded, 0 skipped\n"
    (record,) = records(database)
    assert record["action"] == "ops:dead_letter:discarded"
    assert record["metadata"] == {"run": run_id, "stage": "policy", "reason": "booked by hand"}
    assert run_id not in runs_of(operator)
    assert run_id in runs_of(operator, "--all")
    assert status(database, world.acme, many["refused"])["status"] == "failed"
    letter = str(letter_of(database, world.acme, many["refused"]))
    assert "discarded" in operator("dead", "replay", letter, "--yes").out
    assert "awgp runs replay" in operator("dead", "show", run_id).out


def test_any_number_is_walked_in_batches_and_what_fails_meanwhile_is_not(
    database: Database, world: World, many: dict[str, UUID]
) -> None:
    copies = (
        "INSERT INTO dead_letters (tenant_id, dead_letter_id, run_id, epoch, stage, error,"
        " failures) SELECT tenant_id, gen_random_uuid(), run_id, epoch, 'execute', error, failures"
        " FROM dead_letters, generate_series(1, :count) LIMIT :count RETURNING 1"
    )
    rows(database, world.acme, copies, count=BATCH + 7)
    walked = []
    for letter in walk(database.engine("awgp_operator"), Chosen(queue=Stage.EXECUTE)):
        walked.append(letter.dead_letter_id)
        if len(walked) == 1:
            rows(database, world.acme, copies, count=3)
    assert len(walked) == len(set(walked)) == BATCH + 7
    engine = database.engine("awgp_operator")
    assert len(list(walk(engine, Chosen(queue=Stage.EXECUTE), limit=BATCH + 2))) == BATCH + 2


def test_an_operator_without_the_webs_password_can_look_and_is_told_what_is_missing(
    database: Database, many: dict[str, UUID], tmp_path: Path
) -> None:
    secret = database.cluster.data.secret("awgp_operator")
    (tmp_path / "awgp_operator").write_text(secret)

    class Poor(Operator):
        def _with_passwords(self, arguments: tuple[str, ...]) -> list[str]:
            return [*arguments, "--passwords", str(tmp_path)]

    poor = Poor(database=database)
    assert len(json.loads(poor("dead", "list", "--json").out)) == 3
    said = poor("dead", "replay", "--until", "0s", "--yes")
    assert (said.status, "awgp_web cannot be read" in said.out) == (2, True)
