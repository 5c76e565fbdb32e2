"""Schedules over the API and at the command line: set up, shown, changed, paused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.command_line import CommandLine, at_the_machine
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
from tests.integration.door import Door
from tests.integration.setting_up import ADMIN, OPERATOR, edit, problem, recorded, send
from tests.integration.world import World

pytestmark = pytest.mark.services

NEW = {"name": "weekly", "assistant": "booker", "cron": "0 7 * * 1", "zone": "Europe/Berlin"}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_a_schedule_is_added_shown_changed_and_paused(
    plane: ControlPlane, database: Database, world: World
) -> None:
    asked = NEW | {"jitter_seconds": 600, "missed": "once", "payload": {"day": "{{ date }}"}}
    made = send(plane, "POST", "/v1/schedules", ADMIN, asked)
    assert made.status_code == 201, made.text
    shown = made.get_json()
    path = f"/v1/sources/{shown['id']}"
    assert (shown["kind"], shown["scheme"], shown["sample"]) == ("cron", "schedule", "")
    assert {each: shown["schedule"][each] for each in ("cron", "missed", "payload")} == {
        "cron": "0 7 * * 1",
        "missed": "once",
        "payload": {"day": "{{ date }}"},
    }
    coming = [
        (datetime.fromisoformat(each["tick"]), datetime.fromisoformat(each["send_at"]))
        for each in shown["schedule"]["next"]
    ]
    assert len(coming) == 5
    assert all(tick.isoweekday() == 1 and tick.hour in {5, 6} for tick, _ in coming)
    assert all(0 <= (at - tick).total_seconds() <= 600 for tick, at in coming)
    assert [each["kind"] for each in plane.get("/v1/sources", ADMIN).get_json()["items"]] == [
        "webhook",
        "cron",
    ]

    assert shown["schedule"]["words"] == "At 07:00 on Monday"
    assert shown["schedule"]["changed"]["by"]["name"]

    daily = {"cron": "30 2 * * *"}
    changed = edit(plane, "PUT", f"{path}/schedule", ADMIN, daily, of=path).get_json()
    now = changed["schedule"]
    assert (now["cron"], now["zone"], now["missed"], now["payload"]) == (
        "30 2 * * *",
        "UTC",
        "skip",
        {},
    )
    stale = send(plane, "PUT", f"{path}/schedule", ADMIN, daily)
    assert problem(stale)[:2] == (428, "precondition-missing")
    assert recorded(database, world.acme, "setup:source:changed")[-1][0] == {
        "schedule": {
            "cron": "0 7 * * 1",
            "zone": "Europe/Berlin",
            "jitter_seconds": 600,
            "missed": "once",
        }
    }
    paused = edit(plane, "POST", f"{path}/deactivate", OPERATOR, of=path).get_json()
    assert (paused["active"], paused["schedule"]["next"]) == (False, [])


def test_an_expression_is_told_in_words_before_it_is_kept(plane: ControlPlane) -> None:
    asked = {"cron": "0 7 * * MON", "zone": "Europe/Berlin"}
    told = send(plane, "POST", "/v1/schedules/preview", ADMIN, asked).get_json()
    ticks = [datetime.fromisoformat(each) for each in told["ticks"]]
    assert told["words"] == "At 07:00 on Monday"
    assert len(ticks) == 5
    assert all(tick.isoweekday() == 1 and tick.hour in {5, 6} for tick in ticks)
    for wrong in ({"cron": "0 0 31 2 *"}, {"cron": "0 7 * * MON", "zone": "Mars/Base"}):
        assert send(plane, "POST", "/v1/schedules/preview", ADMIN, wrong).status_code == 422
    assert send(plane, "POST", "/v1/schedules/preview", OPERATOR, asked).status_code == 403
    assert [each["kind"] for each in plane.get("/v1/sources", ADMIN).get_json()["items"]] == [
        "webhook"
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"cron": "@daily"}, "cron"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"payload": {"a": "{{ secret }}"}}, "payload"),
        ({"assistant": "nobody"}, "assistant"),
        ({"owner": "00000000-0000-0000-0000-000000000001"}, "owner"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(
    plane: ControlPlane, wrong: dict[str, object], field: str
) -> None:
    refused = send(plane, "POST", "/v1/schedules", ADMIN, NEW | wrong)
    assert refused.status_code == 422
    assert refused.get_json()["field"] == field


def test_a_schedule_has_no_door_and_a_webhook_no_clock(
    plane: ControlPlane, database: Database, world: World
) -> None:
    made = send(plane, "POST", "/v1/schedules", ADMIN, NEW).get_json()
    door = Door(database.engine("awgp_ingest"), database.admin)
    knocked = door.client.post(
        f"/v1/hooks/{made['id']}", data=b"{}", content_type="application/json"
    )
    assert knocked.status_code == 401
    path = f"/v1/sources/{world.acme.source_id}"
    refused = edit(plane, "PUT", f"{path}/schedule", ADMIN, {"cron": "0 7 * * 1"}, of=path)
    assert (refused.status_code, refused.get_json()["field"]) == (422, "cron")
    path = f"/v1/sources/{made['id']}"
    unsigned = edit(plane, "PUT", f"{path}/unsigned", ADMIN, {"reason": "why not"}, of=path)
    assert unsigned.status_code == 422


def test_the_command_line_does_the_same(
    database: Database,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del world
    with at_the_machine(database, tmp_path, monkeypatch, capsys) as awgp:
        _set_up_by_command(awgp)


def _set_up_by_command(awgp: CommandLine) -> None:
    at = ("--as", "axel", "--tenant", "acme")
    made = awgp.told(
        "source", "schedule", "weekly", "--assistant", "booker", "--cron", "0 7 * * 1", *at
    )
    assert len(made["next"]) == 5
    assert awgp.told("source", "schedule", "weekly", "--jitter", "60", *at)["id"] == made["id"]
    coming = awgp.told("source", "next", "weekly", "--count", "2", "--tenant", "acme")
    assert datetime.fromisoformat(coming[0]["tick"]) > datetime.now(UTC)
    assert awgp.told("source", "pause", "weekly", *at)["active"] is False
    assert awgp.told("source", "next", "weekly", "--tenant", "acme") == []
    assert awgp.told("source", "resume", "weekly", *at)["active"] is True
    assert "five fields" in awgp.refused("source", "schedule", "weekly", "--cron", "daily", *at)
    assert "is no schedule" in awgp.refused("source", "next", "erp", "--tenant", "acme")
