"""What processes know of themselves and of one another, before any of them runs."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest.mock import Mock
from uuid import uuid4

import pytest
import redis
from dramatiq.errors import ConnectionClosed
from fakeredis import FakeRedis
from flask import Flask
from prometheus_client import REGISTRY

from actors.broker import PromptConsumer
from actors.kills import Kills
from actors.lease import FirstRenewals, LeaseKeeper, cut_short
from actors.work_in_hand import WorkInHand
from actors.worker_health import STUCK_SECONDS, nothing_stuck, threads_alive
from ops.commands.scale import read_numbers
from ops.embedded.data_folder import DataFolder, open_data_folder
from ops.embedded.ports import PORTS
from ops.embedded.program import Program
from ops.instances import (
    SCALABLE,
    give_ops_addresses,
    instance_names,
    kind_of,
    want_numbers,
    wanted_numbers,
)
from ops.metrics_folder import forget_counts
from ops.observed_app import STUCK_SECONDS as REQUEST_STUCK_SECONDS
from ops.observed_app import RequestsInHand, count_requests
from ops.processes import app_programs, scalable_programs
from ops.program_templates import TemplateMissing, keep_templates, template
from pipeline.exposition import Cached, read_address
from pipeline.handoff import Handoff
from pipeline.heartbeat import (
    LIFE_SECONDS,
    WorkerBeat,
    beat_key,
    beat_value,
    in_flight_by_queue,
    living_workers,
)
from pipeline.kill_signal import KEY, KillSignal, hear, place_to_begin
from pipeline.run import Stage
from pipeline.settings import METRICS_FOLDER, SettingInvalid
from pipeline.wanted_processes import MOST_OF_A_KIND, NumberRefused


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    ports = {name: 15_000 + number for number, name in enumerate(PORTS)}
    (tmp_path / "state.json").write_text(json.dumps({"ports": ports}))
    return open_data_folder(tmp_path)


def test_a_kind_nobody_spoke_of_has_one_process(data: DataFolder) -> None:
    assert wanted_numbers(data) == dict.fromkeys(SCALABLE, 1)
    want_numbers(data, {"execute": 3})
    want_numbers(data, {"relay": 2})
    assert wanted_numbers(data) == {**dict.fromkeys(SCALABLE, 1), "execute": 3, "relay": 2}


@pytest.mark.parametrize(
    "wanted", [{"execute": MOST_OF_A_KIND + 1}, {"execute": -1}, {"web": 1}, {"execute-1": 1}]
)
def test_a_number_that_cannot_be_changes_nothing(data: DataFolder, wanted: dict[str, int]) -> None:
    with pytest.raises(NumberRefused):
        want_numbers(data, {"hold": 2, **wanted})
    assert wanted_numbers(data)["hold"] == 1


@pytest.mark.parametrize("kind", SCALABLE)
def test_a_processs_kind_is_read_from_its_name(kind: str) -> None:
    names = instance_names(kind, 3)
    assert len(set(names)) == 3
    assert {kind_of(name) for name in names} == {kind}
    assert names[:2] == instance_names(kind, 2)


def test_a_server_is_of_no_scalable_kind() -> None:
    assert kind_of("runtime-host") == "runtime-host"
    assert kind_of("ingest-2") == "ingest-2"


def test_a_process_keeps_its_address_and_shares_it_with_nobody(data: DataFolder) -> None:
    first = give_ops_addresses(data, ["policy-1", "web"])
    more = give_ops_addresses(data, ["policy-1", "policy-2"])
    assert more["policy-1"] == first["policy-1"]
    assert len({first["web"], *more.values()}) == 3


def test_so_many_processes_start_as_are_wanted_each_at_its_own_address(data: DataFolder) -> None:
    want_numbers(data, {"execute": 2, "export": 0, "relay": 2})
    told = {each.name: each.environment for each in app_programs(data, operator={})}
    assert {"execute-1", "execute-2", "relay", "relay-2"} <= told.keys()
    assert not [name for name in told if name.startswith("export")]
    addresses = [each.get("AWGP_OPS_ADDRESS") for each in told.values()]
    assert addresses.count(None) == 2  # the runtime host and the scaler answer no HTTP
    assert len(set(addresses)) == len(addresses) - 1
    folders = [each[METRICS_FOLDER] for each in told.values() if METRICS_FOLDER in each]
    assert len(set(folders)) == len(folders)


def test_work_has_its_time_to_end_before_anyone_is_killed(data: DataFolder) -> None:
    by_name = {each.name: each for each in app_programs(data, operator={"AWGP_STOP_SECONDS": "40"})}
    assert by_name["execute-1"].stop_seconds > 40
    assert by_name["execute-1"].environment["AWGP_STOP_SECONDS"] == "40"
    assert by_name["runtime-host"].stop_seconds > 40
    assert by_name["runtime-host"].environment["AWGP_RUNTIME_STOP_SECONDS"] == "40"


def test_a_template_comes_back_as_it_was_kept(data: DataFolder) -> None:
    programs = scalable_programs(data, operator={"AWGP_LEASE_SECONDS": "3"})
    program = next(each for each in programs if each.name == "execute")
    kept = Program(
        name="execute",
        command=program.command,
        environment=program.environment,
        user=61007,
        secrets={Path("/a/copy"): Path("/a/source")},
        shown={"/root": ("/root/awgp",)},
        folder=Path("/srv"),
        stop_seconds=30,
    )
    keep_templates(data, [kept])
    assert template(data, "execute") == kept
    keep_templates(data, [])
    with pytest.raises(TemplateMissing, match="awgp up"):
        template(data, "execute")


@pytest.mark.parametrize(
    "numbers", [("execute",), ("execute=",), ("execute=x",), ("execute=²",), ("hold=1", "hold=1")]
)
def test_what_is_no_number_of_processes_is_refused(numbers: tuple[str, ...]) -> None:
    with pytest.raises(NumberRefused):
        read_numbers(numbers)


def test_counts_of_processes_before_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    forget_counts(str(folder))
    (folder / "counter_1.db").touch()
    forget_counts(str(folder))
    assert list(folder.iterdir()) == []
    forget_counts(None)


@pytest.mark.parametrize(
    ("text", "read"),
    [("127.0.0.1:9100", ("127.0.0.1", 9100)), ("[::1]:9100", ("::1", 9100))],
)
def test_an_ops_address_is_a_host_and_a_port(text: str, read: tuple[str, int]) -> None:
    assert read_address(text) == read


@pytest.mark.parametrize("text", ["9100", ":9100", "127.0.0.1", "h:0", "h:65536", "h:x", "h:²"])
def test_what_is_no_ops_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingInvalid, match="AWGP_OPS_ADDRESS"):
        read_address(text)


def test_what_is_asked_often_is_worked_out_seldom() -> None:
    worked: list[int] = []
    cached = Cached(lambda: worked.append(1) or len(worked), seconds=3600)  # type: ignore[func-returns-value]  # append gives None
    assert [cached() for _ in range(5)] == [1] * 5


@pytest.fixture
def client() -> Iterator["redis.Redis"]:
    fake = FakeRedis()
    yield fake
    fake.close()


def beat(pid: int, **in_flight: int) -> WorkerBeat:
    return WorkerBeat(
        host="a:b",
        pid=pid,
        queues=("policy", "hold"),
        in_flight=in_flight,
        done=7,
        started_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def test_who_beats_is_read_back_and_what_is_no_beat_is_left_out(client: "redis.Redis") -> None:
    beats = [beat(1, policy=2), beat(2, policy=1, hold=1)]
    for each in beats:
        client.set(beat_key(each.host, each.pid), beat_value(each), ex=LIFE_SECONDS)
    client.set("awgp:worker:old:3", "policy hold")
    client.set("awgp:worker:", "{}")
    client.set("awgp:worker:x:4", '{"queues": 3, "in_flight": []}')
    assert living_workers(client) == beats
    assert in_flight_by_queue(beats) == {"policy": 3, "hold": 1}


def test_what_is_in_hand_is_counted_by_queue_until_it_ends() -> None:
    now = [0.0]
    hand = WorkInHand(clock=lambda: now[0])
    hand.begin("policy")
    other = threading.Thread(target=lambda: hand.begin("hold"))
    other.start()
    other.join()
    now[0] = 5.0
    assert hand.by_queue() == {"policy": 1, "hold": 1}
    assert hand.longest_seconds() == {"policy": 5.0, "hold": 5.0}
    hand.end()
    hand.end()
    assert (hand.by_queue(), hand.done) == ({"hold": 1}, 1)


@pytest.mark.parametrize("stage", Stage)
def test_a_message_that_takes_longer_than_its_stage_may_is_stuck(stage: Stage) -> None:
    now = [0.0]
    hand = WorkInHand(clock=lambda: now[0])
    hand.begin(stage.value)
    now[0] = STUCK_SECONDS[stage]
    assert nothing_stuck(hand) is None
    now[0] += 1
    assert stage.value in (nothing_stuck(hand) or "")


def test_a_thread_that_died_is_noticed_and_one_that_was_told_to_end_is_not() -> None:
    died = SimpleNamespace(running=True, is_alive=lambda: False)
    told = SimpleNamespace(running=False, is_alive=lambda: False)
    lives = SimpleNamespace(running=True, is_alive=lambda: True)
    well: Any = SimpleNamespace(workers=[lives, told], consumers={"policy": lives})
    unwell: Any = SimpleNamespace(workers=[lives, died], consumers={"policy": died})
    assert threads_alive(well) is None
    assert threads_alive(unwell) == "2 of its threads have died"


def test_a_worker_thread_does_not_wait_for_a_broker_that_is_away(client: "redis.Redis") -> None:
    class Away:
        prefetch = 4
        outstanding_message_count = 0
        queued_message_ids: ClassVar[set[str]] = set()

        def nack(self, _message: object) -> None:
            raise ConnectionClosed("away")  # type: ignore[no-untyped-call]  # as Dramatiq has it

    consumer = PromptConsumer(Away(), client, "dramatiq:policy", "dramatiq:__acks__.x.policy")
    message: Any = SimpleNamespace(message_id="m", options={"redis_message_id": "r"})
    consumer.ack(message)
    consumer.nack(message)
    consumer.prefetch = 0
    assert consumer.prefetch == 0


def test_work_under_a_lease_is_cut_short_once_it_is_told_to() -> None:
    handoff = Handoff(
        tenant_id=uuid4(),
        handoff_id=uuid4(),
        run_id=uuid4(),
        epoch=1,
        stage=Stage.EXECUTE,
        fence=1,
        failures=0,
        traceparent=None,
    )
    told: list[str] = []
    engine: Any = None
    with LeaseKeeper(engine, handoff, timedelta(hours=1), lost=lambda: told.append("killed")):
        assert cut_short() == 1
    assert told == ["killed"]
    assert cut_short() == 0


def test_a_kill_heard_of_before_the_lease_is_kept_is_looked_at_then(client: "redis.Redis") -> None:
    run, other = uuid4(), uuid4()
    looked: list[str] = []
    keeper: Any = SimpleNamespace(look=lambda: looked.append("now"))
    kills = Kills(client)
    place = place_to_begin(client)
    KillSignal(client).send(run)
    further, runs = hear(client, place, seconds=1)
    assert list(runs) == [run]
    assert hear(client, further, seconds=0.01)[1] == ()
    client.xadd(KEY, {"run": "none"})
    client.xadd(KEY, {"walk": str(other)})
    KillSignal(client).send(run)
    assert list(hear(client, further, seconds=1)[1]) == [run], "what is unreadable is skipped"
    kills.heard(run)
    kills.watch(other, keeper)
    assert looked == []
    kills.watch(run, keeper)
    assert looked == ["now"]


def test_a_lease_nobody_can_look_at_now_is_kept_by_its_first_renewal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine: Any = None
    run: Any = SimpleNamespace(run_id=uuid4())
    keeper = LeaseKeeper(engine, run, timedelta(hours=1))
    no_threads = SimpleNamespace(Thread=Mock(side_effect=RuntimeError("can't start new thread")))
    monkeypatch.setattr("actors.lease.threading", no_threads)
    keeper.look()
    assert no_threads.Thread.called


def requests_of(route: str, status: str) -> float:
    labels = {"service": "test", "method": "GET", "route": route, "status": status}
    return REGISTRY.get_sample_value("awgp_http_requests_total", labels) or 0.0


def test_requests_are_counted_by_route_and_never_by_what_was_asked_for() -> None:
    app = Flask("test")
    app.add_url_rule("/runs/<run_id>", view_func=lambda run_id: run_id)
    app.add_url_rule("/healthz", endpoint="healthz", view_func=lambda: "ok")
    count_requests(app, "test")
    client = app.test_client()
    for path in ("/runs/1", "/runs/2", "/elsewhere/3", "/healthz"):
        client.get(path)
    client.open("/runs/4", method="BREW")
    assert requests_of("/runs/<run_id>", "200") == 2
    assert requests_of("none", "404") == 1
    assert requests_of("/healthz", "200") == 0
    labels = {"service": "test", "method": "other", "route": "none", "status": "405"}
    assert REGISTRY.get_sample_value("awgp_http_requests_total", labels) == 1


def test_a_request_that_never_ends_is_noticed() -> None:
    now = [0.0]
    said: list[str | None] = []

    def inner(_environ: object, _start: object) -> list[bytes]:
        now[0] = REQUEST_STUCK_SECONDS + 1
        said.append(in_hand.nothing_stuck())
        return []

    in_hand = RequestsInHand(inner, clock=lambda: now[0])
    in_hand({}, None)
    assert said == ["1 requests have taken 120 s"]
    assert in_hand.nothing_stuck() is None


def test_a_lease_that_cannot_be_kept_leaves_the_others_kept() -> None:
    begun: SimpleQueue[str] = SimpleQueue()

    def refuse() -> None:
        begun.put("refused")
        raise RuntimeError("can't start new thread")

    renewals = FirstRenewals()
    second: Any = SimpleNamespace(begin=lambda: begun.put("kept"))
    first: Any = SimpleNamespace(begin=refuse)
    renewals.expect(second, 0.2)
    # It comes before what was to be begun first until now, unless this thread had to wait so long.
    renewals.expect(first, 0.0)
    assert {begun.get(timeout=60) for _ in range(2)} == {"refused", "kept"}
