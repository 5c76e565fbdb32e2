"""Execute on a real database, with a host that does what each test says."""

import hashlib
import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from actors.execute import Executor
from actors.outcome import MAX_LOST, OUTCOME_UNKNOWN
from actors.stage import StageFailed
from pipeline.author_keys import add_author_key, keep_signatures, revoke_author_key
from pipeline.author_signature import SigningKey
from pipeline.credentials import save_credential
from pipeline.execution import ExecutionResult, ExitReason
from pipeline.execution_store import CALLS_UNKNOWN
from pipeline.gateway_call import GatewayCall
from pipeline.gateway_calls_view import load_calls
from pipeline.handoff import LeaseLost
from pipeline.policy_store import activate_policy_set, add_policy_set
from pipeline.registry import add_assistant, add_bundle, add_target
from pipeline.run import Stage
from pipeline.work import SYSTEM, Actor
from runtime_host.client import HostUnavailable, LaunchRefused
from tests.integration.conftest import Database
from tests.integration.driving import make_signer, seal_all
from tests.integration.fake_host import (
    PATIENCE_SECONDS,
    FakeHost,
    FakeRunning,
    WorkerDied,
    approved_run,
    execute,
    handoff_of,
    let_time_pass,
    result,
)
from tests.integration.stages import rows, status
from tests.integration.world import FIELDS, KEYRING, POLICY, RUNTIME, TenantWorld, World


def executions(database: Database, tenant: TenantWorld, run_id: UUID) -> list[tuple[object, ...]]:
    found = rows(
        database,
        tenant,
        "SELECT attempt, exit_reason, finished_at IS NOT NULL FROM executions"
        " WHERE run_id = :run ORDER BY attempt",
        run=run_id,
    )
    return [tuple(row) for row in found]


def handoff(database: Database, tenant: TenantWorld, run_id: UUID) -> tuple[object, ...]:
    found = rows(
        database,
        tenant,
        "SELECT stage, failures, lease_owner, not_before > clock_timestamp() FROM handoffs"
        " WHERE run_id = :run",
        run=run_id,
    )
    return tuple(found[0])


def where(database: Database, tenant: TenantWorld, run_id: UUID) -> tuple[object, object]:
    found = status(database, tenant, run_id)
    return found["status"], found["reason"]


def dead_letters(database: Database, tenant: TenantWorld) -> list[object]:
    return [row[0] for row in rows(database, tenant, "SELECT error FROM dead_letters")]


def lapses(database: Database, tenant: TenantWorld) -> list[object]:
    """What is still to end approvals that do not start in their time."""
    return list(rows(database, tenant, "SELECT 1 FROM due WHERE kind = 'hold.lapse'"))


def answered_calls() -> float:
    return REGISTRY.get_sample_value("awgp_gateway_calls_total", {"outcome": "answered"}) or 0.0


def forbid_reruns(database: Database, tenant: TenantWorld) -> None:
    rows(
        database,
        tenant,
        "UPDATE bundles SET manifest = jsonb_set(manifest, '{retry}', '\"never\"') RETURNING 1",
    )


def test_an_approved_run_is_executed_once_and_goes_on_to_its_targets(
    database: Database, world: World
) -> None:
    run_id = approved_run(database, world.acme)
    assert len(lapses(database, world.acme)) == 1
    host = FakeHost(result())

    execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id) == ("executed", None)
    assert lapses(database, world.acme) == []
    assert executions(database, world.acme, run_id) == [(1, "ok", True)]
    assert handoff(database, world.acme, run_id)[:2] == ("post_action", 0)
    took = rows(
        database, world.acme, "SELECT cpu_ms, start_ms, bytes_in, bytes_out FROM executions"
    )
    assert took == [(9, 5, 700, 24)]
    kept = rows(database, world.acme, "SELECT result, output FROM executions")[0]
    assert bytes(kept[0]) == b'{"booked": 1}'
    assert [json.loads(line)["text"] for line in bytes(kept[1]).splitlines()] == ["booking 1"]


def test_the_host_is_given_exactly_what_was_stored(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    host = FakeHost(result())

    execute(database, world.acme, run_id, host)

    spec = host.specs[0]
    assert spec.bundle_digest == world.acme.bundle_digest
    assert spec.bundle_digest == "sha256:" + hashlib.sha256(spec.bundle).hexdigest()
    assert spec.payload_digest == "sha256:" + hashlib.sha256(spec.payload).hexdigest()
    assert json.loads(spec.payload) == {"amount_cents": 1}
    assert (spec.entrypoint, spec.fence) == (("main.py",), 1)


def test_what_was_granted_goes_along_and_what_was_called_is_recorded(
    database: Database, world: World, tmp_path: Path
) -> None:
    rule = {"url": "https://api.example.com/v1/", "methods": ["GET"]}
    allowed = {**rule, "credential": "erp"}
    web = database.outbox("awgp_web")
    with web.work(world.acme.tenant_id) as work:
        save_credential(
            work,
            KEYRING,
            name="erp",
            header="Authorization",
            value="Bearer of-the-erp",
            by=world.acme.persons["axel"],
            actor=Actor(type="system", id=SYSTEM),
        )
        (manifest,) = work.execute("SELECT manifest FROM bundles").scalars()
        digest = "sha256:" + hashlib.sha256(b"asks").hexdigest()
        add_bundle(
            work,
            digest=digest,
            manifest=manifest | {"network": [rule], "environment": ["REGION", "OTHER"]},
            content=b"asks",
            author=world.acme.persons["ada"],
        )
        add_assistant(
            work,
            name="booker",
            bundle_digest=digest,
            runtime=RUNTIME,
            by=world.acme.persons["axel"],
            targets=[world.acme.target_id],
            sandbox_policy={"network": [allowed], "environment": {"REGION": "eu", "MORE": "x"}},
        )
    run_id = approved_run(database, world.acme)
    call = GatewayCall(
        number=1,
        offset_ms=4,
        method="GET",
        destination="https://api.example.com:443",
        request="ab" * 32,
        bytes_out=0,
        status=200,
        response="cd" * 32,
        bytes_in=7,
        duration_ms=3,
    )
    host = FakeHost(replace(result(), calls=(call,)))
    counted = answered_calls()

    executor = Executor(
        database.outbox("awgp_worker"), host, lease=timedelta(seconds=15), keyring=KEYRING
    )
    executor.execute(world.acme.tenant_id, handoff_of(database, world.acme, run_id))

    assert answered_calls() == counted + 1
    assert [each.as_json() for each in host.specs[0].scope.grants] == [allowed]
    erp = host.specs[0].credentials["erp"]
    assert (erp.header, erp.value) == ("Authorization", "Bearer of-the-erp")
    assert "of-the-erp" not in repr(host.specs[0])
    assert host.specs[0].environment == {"REGION": "eu"}
    with database.admin.connect() as connection:
        told = connection.execute(
            text(
                "SELECT record #> '{metadata,calls,0}' FROM awgp.audit_pending"
                " WHERE record ->> 'action' = 'execute:gateway:called'"
            )
        ).scalar_one()
    assert (told["destination"], told["status"], told["bytes_in"]) == (call.destination, 200, 7)
    # Who has the trail alone can test no guess at what was said.
    assert {"request", "response"} & set(told) == set()
    assert len(bytes.fromhex(told["request_commitment"])) == 32
    assert told["request_commitment"] != call.request
    assert calls_shown(database, world, run_id) == ([], False), "nothing that is not sealed"
    signer = make_signer(tmp_path)
    seal_all(database, signer, world.acme)
    assert calls_shown(database, world, run_id) == ([(1, call.destination, 200)], True)
    assert calls_shown(database, world, run_id, after=1) == ([], True)

    # Of one that is lost nobody knows what it sent, and that is said.
    run_id = approved_run(database, world.acme)
    gone = FakeHost(replace(result(ExitReason.HOST_LOST, exit_code=None), detail="it went away"))
    execute(database, world.acme, run_id, gone)
    with database.admin.connect() as connection:
        told, detail = connection.execute(
            text(
                "SELECT record #>> '{after,gateway_calls}', detail FROM awgp.audit_pending"
                " JOIN awgp.executions ON record #>> '{resource,id}' = execution_id::text"
                " WHERE record ->> 'action' = 'execute:execution:ended' AND run_id = :run"
            ),
            {"run": run_id},
        ).one()
    assert (told, detail) == ("unknown", f"it went away; {CALLS_UNKNOWN}")
    seal_all(database, signer, world.acme)
    assert calls_shown(database, world, run_id) == ([], "unknown")


def calls_shown(
    database: Database, world: World, run_id: UUID, after: int = 0
) -> tuple[list[tuple[int, str, int]], bool | str]:
    """What a run's readers see of its calls, and whether that is all, if it is known."""
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        shown = load_calls(work, run_id, execution_id=None, after=after)
    found = [(each["number"], each["destination"], each["status"]) for each in shown.calls]
    return found, "unknown" if shown.not_known else shown.complete


def test_a_redelivered_message_changes_nothing(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    handoff_id = handoff_of(database, world.acme, run_id)
    host = FakeHost(result())
    execute(database, world.acme, run_id, host)

    executor = Executor(database.outbox("awgp_worker"), host, lease=timedelta(seconds=15))
    executor.execute(world.acme.tenant_id, handoff_id)

    assert len(host.specs) == 1
    assert executions(database, world.acme, run_id) == [(1, "ok", True)]


def test_many_workers_with_one_message_launch_once(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    handoff_id = handoff_of(database, world.acme, run_id)
    host = FakeHost(result())
    outbox = database.outbox("awgp_worker")
    together = threading.Barrier(6)

    def work() -> None:
        together.wait(PATIENCE_SECONDS)
        Executor(outbox, host, lease=timedelta(seconds=15)).execute(
            world.acme.tenant_id, handoff_id
        )

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert len(host.specs) == 1
    assert where(database, world.acme, run_id) == ("executed", None)


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (result(ExitReason.TIMEOUT, exit_code=None), "agent timeout"),
        (result(ExitReason.MEMORY, exit_code=None), "agent memory"),
        (result(ExitReason.ERROR, exit_code=3), "agent error: exit code 3"),
    ],
)
def test_an_agent_that_fails_fails_its_run(
    database: Database, world: World, ended: ExecutionResult, reason: str
) -> None:
    run_id = approved_run(database, world.acme)

    execute(database, world.acme, run_id, FakeHost(ended))

    assert where(database, world.acme, run_id) == ("failed", reason)
    assert handoff(database, world.acme, run_id)[0] == "audit"


def test_a_dead_worker_leaves_an_unknown_outcome_where_a_rerun_is_not_safe(
    database: Database, world: World
) -> None:
    forbid_reruns(database, world.acme)
    run_id = approved_run(database, world.acme)
    host = FakeHost(WorkerDied(), result())
    with pytest.raises(WorkerDied):
        execute(database, world.acme, run_id, host)

    execute(database, world.acme, run_id, host)

    assert len(host.specs) == 1
    assert where(database, world.acme, run_id) == ("failed", OUTCOME_UNKNOWN)
    assert executions(database, world.acme, run_id) == [(1, "host_lost", True)]
    assert dead_letters(database, world.acme) == [OUTCOME_UNKNOWN]


def test_a_dead_worker_is_followed_by_a_second_attempt_where_a_rerun_is_safe(
    database: Database, world: World
) -> None:
    run_id = approved_run(database, world.acme)
    host = FakeHost(WorkerDied(), result())
    with pytest.raises(WorkerDied):
        execute(database, world.acme, run_id, host)

    execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id) == ("executed", None)
    assert executions(database, world.acme, run_id) == [(1, "host_lost", True), (2, "ok", True)]
    assert host.specs[1].fence > host.specs[0].fence


def test_a_safe_rerun_is_not_repeated_for_ever(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    host = FakeHost(*[result(ExitReason.HOST_LOST, exit_code=None)] * MAX_LOST)

    for _ in range(MAX_LOST):
        execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id) == ("failed", OUTCOME_UNKNOWN)
    assert len(executions(database, world.acme, run_id)) == MAX_LOST


def test_before_its_lease_ends_nobody_takes_a_dead_workers_run(
    database: Database, world: World
) -> None:
    run_id = approved_run(database, world.acme)
    handoff_id = handoff_of(database, world.acme, run_id)
    host = FakeHost(WorkerDied(), result())
    executor = Executor(database.outbox("awgp_worker"), host, lease=timedelta(seconds=60))
    with pytest.raises(WorkerDied):
        executor.execute(world.acme.tenant_id, handoff_id)

    executor.execute(world.acme.tenant_id, handoff_id)

    assert len(host.specs) == 1
    assert executions(database, world.acme, run_id) == [(1, None, False)]


def test_a_run_waits_approved_while_no_host_is_there(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    host = FakeHost(result())
    host.is_there = False

    for _ in range(10):
        execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id)[0] == "approved"
    assert handoff(database, world.acme, run_id) == ("execute", 0, None, True)
    assert len(lapses(database, world.acme)) == 1
    assert executions(database, world.acme, run_id) == []
    host.is_there = True
    execute(database, world.acme, run_id, host)
    assert where(database, world.acme, run_id) == ("executed", None)


def test_a_launch_that_never_happened_happens_later_even_where_a_rerun_is_not_safe(
    database: Database, world: World
) -> None:
    forbid_reruns(database, world.acme)
    run_id = approved_run(database, world.acme)
    busy = LaunchRefused("busy", "all sandboxes are taken")
    host = FakeHost(HostUnavailable("it went away"), busy, result())

    for _ in range(3):
        execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id) == ("executed", None)
    assert executions(database, world.acme, run_id) == [
        (1, None, True),
        (2, None, True),
        (3, "ok", True),
    ]


def test_a_host_that_did_not_answer_in_time_may_have_run_it(
    database: Database, world: World
) -> None:
    forbid_reruns(database, world.acme)
    run_id = approved_run(database, world.acme)
    silent = HostUnavailable("it did not answer")
    silent.__cause__ = TimeoutError()

    execute(database, world.acme, run_id, FakeHost(silent))

    assert where(database, world.acme, run_id) == ("failed", OUTCOME_UNKNOWN)


def test_a_launch_refused_for_good_fails_the_run_with_a_dead_letter(
    database: Database, world: World
) -> None:
    run_id = approved_run(database, world.acme)
    refused = LaunchRefused("runtime_digest_mismatch", "not the one approved")

    execute(database, world.acme, run_id, FakeHost(refused))

    said = "launch refused: runtime_digest_mismatch"
    assert where(database, world.acme, run_id) == ("failed", said)
    assert dead_letters(database, world.acme) == [said]
    assert executions(database, world.acme, run_id) == [(1, None, True)]


def test_a_host_lost_on_the_way_leaves_an_unknown_outcome(database: Database, world: World) -> None:
    forbid_reruns(database, world.acme)
    run_id = approved_run(database, world.acme)
    lost = result(ExitReason.HOST_LOST, exit_code=None)

    execute(database, world.acme, run_id, FakeHost(lost))

    assert where(database, world.acme, run_id) == ("failed", OUTCOME_UNKNOWN)


def test_an_unexpected_error_after_the_launch_is_counted_and_never_run_again_blindly(
    database: Database, world: World
) -> None:
    forbid_reruns(database, world.acme)
    run_id = approved_run(database, world.acme)
    host = FakeHost(ValueError("a bug"), result())

    with pytest.raises(StageFailed, match="ValueError"):
        execute(database, world.acme, run_id, host)
    execute(database, world.acme, run_id, host)

    assert len(host.specs) == 1
    assert where(database, world.acme, run_id) == ("failed", OUTCOME_UNKNOWN)


def test_a_long_execution_keeps_its_lease(database: Database, world: World) -> None:
    def until_renewed(running: FakeRunning) -> ExecutionResult:
        assert running.renewed.wait(PATIENCE_SECONDS)
        return result()

    run_id = approved_run(database, world.acme)
    host = FakeHost(until_renewed)

    execute(database, world.acme, run_id, host, lease=timedelta(seconds=3))

    # The host is trusted for less than the lease, so the sandbox ends before the lease does.
    assert all(0 < seconds <= 3 * 0.8 for seconds in host.running[0].renewals)
    assert where(database, world.acme, run_id) == ("executed", None)


def test_a_lost_lease_kills_the_sandbox_and_its_result_does_not_count(
    database: Database, world: World
) -> None:
    def overtaken(running: FakeRunning) -> ExecutionResult:
        rows(
            database,
            world.acme,
            "UPDATE handoffs SET fence = fence + 1, lease_owner = 'another' RETURNING 1",
        )
        assert running.killed.wait(PATIENCE_SECONDS)
        return result()

    run_id = approved_run(database, world.acme)

    with pytest.raises(LeaseLost):
        execute(database, world.acme, run_id, FakeHost(overtaken), lease=timedelta(seconds=2))

    assert where(database, world.acme, run_id) == ("executing", None)
    assert executions(database, world.acme, run_id) == [(1, None, False)]


def test_an_approval_that_is_too_old_starts_nothing(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    rows(
        database,
        world.acme,
        "UPDATE approvals SET execution_expires_at = clock_timestamp() RETURNING 1",
    )
    host = FakeHost(result())

    execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id)[0] == "expired"
    assert host.specs == []
    assert lapses(database, world.acme) == []


def test_a_policy_activated_since_that_denies_is_obeyed(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    nothing = POLICY + '\n@id("stop")\nforbid (principal, action, resource);\n'
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        version = add_policy_set(
            work, source=nothing, author=world.acme.persons["axel"], context_fields=FIELDS
        )
        activate_policy_set(work, version, by=world.acme.persons["olga"])
    host = FakeHost(result())

    execute(database, world.acme, run_id, host)

    assert where(database, world.acme, run_id)[0] == "denied"
    assert host.specs == []
    assert lapses(database, world.acme) == []


def test_what_the_policy_that_decided_denies_by_now_is_not_put_to_people_again(
    database: Database, world: World
) -> None:
    acme = world.acme
    only_the_first = POLICY + (
        '\n@id("first-version")\nforbid (principal, action == Action::"run", resource)'
        "\nwhen { resource.version > 1 };\n"
    )
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        version = add_policy_set(
            work, source=only_the_first, author=acme.persons["axel"], context_fields=FIELDS
        )
        activate_policy_set(work, version, by=acme.persons["olga"])
    run_id = approved_run(database, acme)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        add_assistant(
            work,
            name="booker",
            bundle_digest=acme.bundle_digest,
            runtime=RUNTIME,
            by=acme.persons["axel"],
        )

    execute(database, acme, run_id, FakeHost(result()))

    found = ("denied", "the policy now denies it: forbidden")
    assert where(database, acme, run_id) == found


def test_an_approval_grown_too_old_while_the_host_was_busy_starts_nothing(
    database: Database, world: World
) -> None:
    run_id = approved_run(database, world.acme)
    execute(database, world.acme, run_id, FakeHost(LaunchRefused("busy", "no place")))
    assert where(database, world.acme, run_id)[0] == "executing"
    rows(
        database,
        world.acme,
        "UPDATE approvals SET execution_expires_at = clock_timestamp() RETURNING 1",
    )
    let_time_pass(database, world.acme)
    host = FakeHost(result())

    execute(database, world.acme, run_id, host)

    assert host.specs == []
    assert where(database, world.acme, run_id) == (
        "failed",
        "the approval's time to start had passed",
    )


def test_a_target_changed_since_puts_the_question_again(database: Database, world: World) -> None:
    run_id = approved_run(database, world.acme)
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        add_target(
            work,
            KEYRING,
            name="ledger",
            url="http://127.0.0.1:10/elsewhere",
            secret=b"x" * 32,
            by=world.acme.persons["axel"],
        )
    host = FakeHost(result())

    execute(database, world.acme, run_id, host)

    found = status(database, world.acme, run_id)
    assert (found["status"], found["epoch"]) == ("held", 2)
    assert host.specs == []


def test_an_old_epochs_message_after_a_new_question_finds_nothing(
    database: Database, world: World
) -> None:
    run_id = approved_run(database, world.acme)
    handoff_id = handoff_of(database, world.acme, run_id)
    host = FakeHost(result(ExitReason.ERROR, exit_code=1))
    execute(database, world.acme, run_id, host)
    let_time_pass(database, world.acme)

    executor = Executor(database.outbox("awgp_worker"), host, lease=timedelta(seconds=15))
    executor.execute(world.acme.tenant_id, handoff_id)

    assert len(host.specs) == 1
    assert rows(database, world.acme, "SELECT stage FROM handoffs")[0][0] == Stage.AUDIT


def test_a_launch_asks_again_who_signed_the_bundle(database: Database, world: World) -> None:
    key = SigningKey.generate("ada")
    acme, digest = world.acme, world.acme.bundle_digest
    ben = acme.persons["ben"]
    actor = Actor(type="person", id=str(ben))
    before = approved_run(database, acme)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        add_author_key(work, key.public, by=ben, actor=actor)
    execute(database, acme, before, FakeHost(result()))
    assert where(database, acme, before) == ("denied", "no author signed its bundle")

    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        assert keep_signatures(work, digest, key.sign(digest)) == [key.public.fingerprint]
    signed, late = approved_run(database, acme), approved_run(database, acme)
    execute(database, acme, signed, FakeHost(result()))
    assert where(database, acme, signed)[0] == "executed"

    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        revoke_author_key(
            work, key.public.fingerprint, because="laptop stolen", by=ben, actor=actor
        )
    host = FakeHost(result())
    execute(database, acme, late, host)
    assert where(database, acme, late) == (
        "denied",
        "its author's key 'ada' was revoked: laptop stolen",
    )
    assert host.specs == []
