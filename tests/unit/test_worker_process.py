"""How a worker process is put together, before it connects to anything."""

import importlib
from datetime import timedelta
from pathlib import Path

import dramatiq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import worker
from actors.middleware import trace_id
from ops.commands.worker import dramatiq_arguments, worker_environ
from pipeline.handoff import RESEND_CEILING, backoff
from pipeline.run import Stage
from pipeline.settings import SettingInvalid, Settings

ENVIRON = {
    "AWGP_DATABASE_URL": "postgresql://awgp_worker@127.0.0.1:1/awgp",
    "AWGP_REDIS_URL": "redis://worker@127.0.0.1:1/0",
    "AWGP_REDIS_PASSWORD": "hunter2",
    "AWGP_KEK": "test:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=",
    "AWGP_RUNTIME_SOCKET": "/nowhere/runtime.sock",
}


@pytest.mark.parametrize(
    ("queues", "actors"),
    [
        ("policy", {"policy", "policy_due"}),
        ("policy hold", {"policy", "policy_due", "hold", "hold_due"}),
        ("execute", {"execute"}),
        ("post_action", {"post_action", "post_action_due"}),
    ],
)
def test_a_worker_declares_the_actors_of_its_queues_and_no_others(
    queues: str, actors: set[str]
) -> None:
    broker = worker.make_worker({**ENVIRON, "AWGP_QUEUES": queues})
    assert set(broker.actors) == actors
    assert {actor.queue_name for actor in broker.actors.values()} == set(queues.split())


@pytest.mark.parametrize(
    ("queues", "missing"),
    [("execute", "AWGP_RUNTIME_SOCKET"), ("post_action", "AWGP_KEK"), ("policy", "AWGP_REDIS_URL")],
)
def test_a_worker_says_which_setting_its_queue_lacks(queues: str, missing: str) -> None:
    environ = {**ENVIRON, "AWGP_QUEUES": queues}
    del environ[missing]
    with pytest.raises(SettingInvalid, match=missing):
        worker.make_worker(environ)


@pytest.mark.parametrize("queue", ["policy", "hold", "execute"])
def test_a_queue_that_opens_no_secret_needs_no_key(queue: str) -> None:
    environ = {name: value for name, value in ENVIRON.items() if name != "AWGP_KEK"}
    assert worker.make_worker({**environ, "AWGP_QUEUES": queue}).actors


@pytest.mark.parametrize("queues", ["", " , ", "policy nonsense"])
def test_queues_that_are_none_are_refused(queues: str) -> None:
    with pytest.raises(SettingInvalid, match="AWGP_QUEUES"):
        worker.read_queues(Settings(queues=queues))


def test_no_module_of_ours_makes_a_global_broker() -> None:
    for path in sorted(Path(worker.__file__).parent.glob("*.py")):
        importlib.import_module(f"actors.{path.stem}")
    assert dramatiq.broker.global_broker is None


def test_no_actor_retries_by_itself() -> None:
    broker = worker.make_worker({**ENVIRON, "AWGP_QUEUES": "policy hold execute post_action"})
    names = {type(each).__name__ for each in broker.middleware}
    assert not names & {"Retries", "AgeLimit", "TimeLimit", "Results", "Pipelines", "Callbacks"}


def test_what_takes_long_is_fetched_one_a_thread() -> None:
    assert worker_environ(("execute",), 4)["dramatiq_queue_prefetch"] == "4"
    assert "dramatiq_queue_prefetch" not in worker_environ(("policy", "hold"), 4)


def test_a_consumer_looks_for_a_lost_broker_again_within_a_second() -> None:
    assert int(worker_environ(("policy",), 4)["dramatiq_restart_delay"]) < 1000


def test_the_dramatiq_command_is_pointed_at_an_instance() -> None:
    arguments = dramatiq_arguments(("policy", "hold"), 2, 8, 26)
    assert arguments[0] == "actors.worker:broker"
    assert arguments[-3:] == ["--queues", "policy", "hold"]


@pytest.mark.parametrize(
    ("traceparent", "found"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("", False),
        (None, False),
        ("00-short-00f067aa0ba902b7-01", False),
        ("nonsense", False),
    ],
)
def test_the_trace_id_is_read_from_a_traceparent(traceparent: str | None, found: bool) -> None:
    assert (trace_id(traceparent) == "4bf92f3577b34da6a3ce929d0e0e4736") is found


@given(st.integers(min_value=0, max_value=10_000))
def test_a_backoff_grows_to_its_ceiling_with_jitter_over_the_upper_half(failures: int) -> None:
    whole = min(timedelta(seconds=1) * 2 ** min(failures, 30), RESEND_CEILING)
    assert whole / 2 <= backoff(failures) <= whole


def test_every_queue_can_be_served() -> None:
    assert set(worker.DECLARE) == set(Stage)
