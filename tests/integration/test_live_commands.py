"""What is changed at the command line is told to who looks on in a browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import redis

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url, valkey_url_without_password
from pipeline.live import stream_key, watched_key
from tests.integration.command_line import CommandLine, at_the_machine
from tests.integration.conftest import Database
from tests.integration.driving import make_signer, seal_all
from tests.integration.operating import NOWHERE, Operator, an_operator
from tests.integration.test_dead import failed, letter_of
from tests.integration.test_live_publishing import told
from tests.integration.world import World

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "live-commands") as running:
        yield running


@pytest.fixture
def client(valkey: Running, world: World) -> Iterator["redis.Redis"]:
    """Somebody watches both tenants."""
    client = redis.Redis.from_url(valkey_url(valkey.data, "worker"))
    for tenant in (world.acme, world.globex):
        client.delete(stream_key(tenant.tenant_id))
        client.set(watched_key(tenant.tenant_id), 1)
    yield client
    client.close()


@pytest.fixture
def awgp(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    with at_the_machine(database, tmp_path, monkeypatch, capsys) as line:
        yield line


def kinds(client: "redis.Redis", tenant_id: UUID) -> list[object]:
    return [each["kind"] for each in told(client, tenant_id)]


def test_what_is_set_up_at_the_machine_is_told_in_its_tenant_alone(
    awgp: CommandLine,
    client: "redis.Redis",
    valkey: Running,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWGP_REDIS_URL", valkey_url_without_password(valkey.data, "web"))
    password = valkey.data.secret_file("valkey-web")
    monkeypatch.setenv("AWGP_REDIS_PASSWORD_FILE", str(password))
    at = ("--tenant", "acme", "--as", "axel")
    target = awgp.told("target", "add", "chat", "--url", "https://chat.example/hook", *at)
    channel = awgp.told("notice", "add", "chat", "--target", "chat", *at)
    awgp.told("rule", "add", "finance", "--group", "finance", *at)
    awgp.told("assistant", "add", "checker", "--bundle", awgp.bundle(), *at)
    awgp.refused("notice", "add", "chat", "--target", "chat", *at)
    events = told(client, world.acme.tenant_id)
    assert [each["kind"] for each in events] == [
        "target.changed",
        "notice.changed",
        "policy.changed",
        "assistant.changed",
        "assistant.changed",
    ]
    assert events[0]["target_id"] == target["id"]
    assert events[1]["notice_channel_id"] == channel["id"]
    awgp.told("tenant", "remove", "globex", "--yes")
    assert kinds(client, world.globex.tenant_id) == ["tenant.changed"]


def test_queues_are_everybodys_and_a_dead_letter_is_its_tenants(
    client: "redis.Redis", valkey: Running, database: Database, world: World
) -> None:
    operator = an_operator(database, valkey)
    letter = letter_of(database, world.globex, failed(database, world.globex))
    assert operator("pause", "execute").status == 0
    assert operator("resume", "execute").status == 0
    for tenant in (world.acme, world.globex):
        assert kinds(client, tenant.tenant_id) == ["queue.changed"] * 2
    assert operator("drain", "execute", "--json").status == 0  # nothing waits: it is over at once
    discarded = operator("dead", "discard", str(letter), "--reason", "known", "--yes")
    assert discarded.status == 0, discarded.out
    assert kinds(client, world.acme.tenant_id) == ["queue.changed"] * 4
    (last,) = told(client, world.globex.tenant_id)[4:]
    assert (last["kind"], last["dead_letter_id"]) == ("queue.changed", str(letter))


def test_a_server_of_events_that_is_away_fails_no_command_and_is_not_worth_a_word(
    awgp: CommandLine,
    database: Database,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for url in (NOWHERE, "nonsense", "redis://web:secret@127.0.0.1:1/0"):
        monkeypatch.setenv("AWGP_REDIS_URL", url)
        name = f"rule-{len(awgp.audit())}"
        by = ("--tenant", "acme", "--as", "axel")
        said = awgp("rule", "add", name, "--group", "finance", *by, "--json")
        assert (said.status, said.err) == (0, ""), said
        assert said.out.count("\n") == 1
    operator = Operator(database=database, redis_url=NOWHERE)
    paused = operator("pause", "execute", "--json")
    assert paused.json()["queues"][0]["after"] == "paused"
    failed(database, world.acme)
    seal_all(database, make_signer(tmp_path), world.acme)
    with operator.process("dead", "replay", "--until", "0s", "--yes", "--json") as replaying:
        out, err = replaying.communicate(timeout=60)
    # The relay sends it. That it could not be sent is said beside the JSON, not in it.
    assert json.loads(out)["replayed"] == 1, (out, err)
    assert "handoff_not_sent" in err
