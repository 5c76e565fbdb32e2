"""Sources over the API: secrets told once, two of them live, and refusals explained."""

import base64
import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from pipeline.schemes.registry import SCHEMES
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
from tests.integration.door import Door, signed
from tests.integration.setting_up import (
    ADMIN,
    AUDITOR,
    FOREIGN,
    OPERATOR,
    edit,
    problem,
    recorded,
    send,
)
from tests.integration.world import World

pytestmark = pytest.mark.services

NEW = {"name": "shop", "assistant": "booker"}
OIDC = {"issuer": "https://id.example", "audience": "awgp", "subjects": ["erp"]}
EVENT = b'{"amount_cents": 1234}'


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


def test_a_secret_is_told_once_and_opens_the_door(
    plane: ControlPlane, door: Door, database: Database, world: World
) -> None:
    made = send(plane, "POST", "/v1/sources", ADMIN, NEW)
    assert made.status_code == 201
    shown = made.get_json()
    assert shown["owner"]["id"] == str(world.acme.persons["olga"])
    assert shown["secret"] in shown["sample"]
    assert shown["url"].endswith(f"/v1/hooks/{shown['id']}")
    later = plane.get(f"/v1/sources/{shown['id']}", ADMIN).get_json()
    assert "secret" not in later
    assert shown["secret"] not in later["sample"]
    subprocess.run(["sh", "-n"], input=shown["sample"].encode(), check=True)
    headers = signed(EVENT, secret=secret_bytes(shown["secret"]))
    answer = door.client.post(f"/v1/hooks/{shown['id']}", data=EVENT, headers=headers)
    assert answer.status_code == 202
    assert recorded(database, world.acme, "setup:source_secret:added")[-1] == (
        None,
        {"secret": later["secrets"][0]["id"]},
    )


def test_two_secrets_live_through_a_rotation_until_the_older_one_expires(
    plane: ControlPlane, door: Door, world: World
) -> None:
    path = f"/v1/sources/{world.acme.source_id}"
    rotated = edit(plane, "POST", f"{path}/secrets", OPERATOR, {"overlap_seconds": 600}, of=path)
    assert rotated.status_code == 201
    new, old = rotated.get_json()["secrets"]
    assert (new["expires_at"], old["live"]) == (None, True)
    assert new["rotated_by"]["name"] == "Ada"
    assert door.hook(world.acme, EVENT, event="old-secret").status_code == 202
    door.notebook.flush()
    used = plane.get(path, OPERATOR).get_json()["secrets"]
    assert [each["last_used_at"] is not None for each in used] == [False, True]
    newest = edit(plane, "DELETE", f"{path}/secrets/{new['id']}", OPERATOR, of=path)
    assert problem(newest)[:2] == (409, "still-in-use")
    gone = edit(plane, "DELETE", f"{path}/secrets/{old['id']}", OPERATOR, of=path)
    assert [each["live"] for each in gone.get_json()["secrets"]] == [True, False]
    assert door.hook(world.acme, EVENT, event="too-late").status_code == 401


def test_what_was_refused_is_counted_and_explained(
    plane: ControlPlane, door: Door, world: World
) -> None:
    path = f"/v1/hooks/{world.acme.source_id}"
    for n in range(25):
        door.hook(world.acme, EVENT, event=f"wrong-{n}", secret=b"x" * 32)
    door.client.post(path, data=EVENT, headers={"Content-Type": "application/json"})
    door.client.post(path, data=b"[]", headers=signed(b"[]"))
    door.notebook.flush()
    door.hook(world.acme, EVENT, event="once-more", secret=b"x" * 32)
    door.notebook.flush()
    door.notebook.flush()
    shown = plane.get(f"/v1/sources/{world.acme.source_id}", AUDITOR).get_json()
    found = {each["kind"]: each for each in shown["refusals"]}
    assert {kind: each["refused"] for kind, each in found.items()} == {
        "signature-wrong": 26,
        "signature-missing": 1,
        "body-invalid": 1,
    }
    wrong = found["signature-wrong"]
    assert len(wrong["recent"]) == 20
    assert wrong["recent"][0]["at"] == max(each["at"] for each in wrong["recent"])
    assert "old secret" in wrong["means"]
    hint = found["signature-missing"]["recent"][0]["hint"]
    assert hint == "without webhook-id, webhook-timestamp, webhook-signature"
    (line,) = plane.get("/v1/sources", AUDITOR).get_json()["items"]
    assert (line["refused"], line["last_refusal_at"]) == (28, shown["last_refusal_at"])
    other = plane.get(f"/v1/sources/{world.globex.source_id}", FOREIGN).get_json()
    assert other["refusals"] == []


def test_a_source_nobody_has_costs_no_note(door: Door) -> None:
    nobody = UUID(int=7)
    assert door.client.post(f"/v1/hooks/{nobody}", data=EVENT, headers=signed(EVENT)).status_code
    door.notebook.flush()


def test_a_source_is_stopped_and_started_and_removed(
    plane: ControlPlane, door: Door, database: Database, world: World
) -> None:
    path = f"/v1/sources/{world.acme.source_id}"
    off = edit(plane, "POST", f"{path}/deactivate", OPERATOR, of=path)
    assert off.get_json()["active"] is False
    assert door.hook(world.acme, EVENT).status_code == 403
    assert problem(edit(plane, "POST", f"{path}/activate", OPERATOR, of=path))[1] == "role-missing"
    assert edit(plane, "POST", f"{path}/activate", ADMIN, of=path).get_json()["active"] is True
    assert door.hook(world.acme, EVENT).status_code == 202
    assert recorded(database, world.acme, "setup:source:stopped") == [
        ({"active": True}, {"active": False})
    ]
    gone = edit(plane, "DELETE", path, ADMIN, of=path)
    assert gone.get_json() == {"id": str(world.acme.source_id), "name": "erp", "removed": True}
    assert plane.get(path, ADMIN).status_code == 404
    assert send(plane, "POST", "/v1/sources", ADMIN, NEW | {"name": "erp"}).status_code == 201


def test_a_rotation_names_the_secrets_it_saw(plane: ControlPlane, world: World) -> None:
    path = f"/v1/sources/{world.acme.source_id}"
    etag = plane.get(path, ADMIN).headers["ETag"]
    assert send(plane, "POST", f"{path}/secrets", ADMIN, {}, if_match=etag).status_code == 201
    again = send(plane, "POST", f"{path}/secrets", OPERATOR, {}, if_match=etag)
    assert problem(again)[:2] == (412, "precondition-failed")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Shop"}, "name"),
        ({"assistant": "nobody"}, "assistant"),
        ({"scheme": "none"}, "scheme"),
        ({"owner": "00000000-0000-4000-8000-000000000000"}, "owner"),
        ({"colour": "red"}, "colour"),
        ({"settings": {"tolerance_seconds": "no"}}, "settings.tolerance_seconds"),
        ({"settings": {"header": "x"}}, "settings.header"),
        ({"scheme": "hmac"}, "settings.header"),
        ({"scheme": "mtls", "settings": {"subjects": [1]}}, "settings.subjects"),
        ({"secret": "whsec_short"}, "secret"),
        ({"scheme": "oidc", "secret": "x" * 20, "settings": OIDC}, "secret"),
    ],
)
def test_what_cannot_be_kept_is_named_and_not_kept(
    plane: ControlPlane, change: dict[str, object], field: str
) -> None:
    answer = send(plane, "POST", "/v1/sources", ADMIN, NEW | change)
    assert problem(answer) == (422, "request-invalid", field)
    assert len(plane.get("/v1/sources", ADMIN).get_json()["items"]) == 1


def test_every_scheme_is_listed_with_what_it_takes(plane: ControlPlane) -> None:
    listed = plane.get("/v1/source-schemes", AUDITOR).get_json()["items"]
    assert [each["name"] for each in listed] == list(SCHEMES)
    (stripe,) = (each for each in listed if each["name"] == "stripe")
    assert (stripe["secret"], stripe["settings"][0]["default"]) == ("given", 300)
    guides = Path(__file__).parents[2] / "docs" / "how-to"
    assert [
        each["guide"] for each in listed if not (guides / f"{each['guide']}.md").is_file()
    ] == []


def test_a_secret_that_its_sender_made_is_entered_and_never_shown(
    plane: ControlPlane, world: World
) -> None:
    made = send(plane, "POST", "/v1/sources", ADMIN, NEW | {"scheme": "stripe"})
    assert made.status_code == 201
    shown = made.get_json()
    assert (shown["secret"], shown["live_secrets"], "stripe-signature" in shown["sample"]) == (
        None,
        0,
        True,
    )
    path = f"/v1/sources/{shown['id']}"
    needed = edit(plane, "POST", f"{path}/secrets", OPERATOR, {}, of=path)
    assert problem(needed) == (422, "request-invalid", "secret")
    body = {"secret": "whsec_of-stripe-itself"}
    given = edit(plane, "POST", f"{path}/secrets", OPERATOR, body, of=path)
    assert (given.status_code, given.get_json()["live_secrets"]) == (201, 1)
    assert body["secret"] not in given.get_data(as_text=True)


def test_settings_and_the_unsigned_switch_are_an_admins_and_in_the_trail(
    plane: ControlPlane, database: Database, world: World
) -> None:
    path = f"/v1/sources/{world.acme.source_id}"
    body = {"settings": {"tolerance_seconds": 60}}
    refused = edit(plane, "PUT", f"{path}/settings", OPERATOR, body, of=path)
    assert problem(refused)[1] == "role-missing"
    changed = edit(plane, "PUT", f"{path}/settings", ADMIN, body, of=path)
    assert changed.get_json()["settings"] == {"tolerance_seconds": 60}
    reason = {"reason": "the sensor cannot sign"}
    assert problem(edit(plane, "PUT", f"{path}/unsigned", OPERATOR, reason, of=path))[1] == (
        "role-missing"
    )
    assert edit(plane, "PUT", f"{path}/unsigned", ADMIN, {}, of=path).status_code == 422
    allowed = edit(plane, "PUT", f"{path}/unsigned", ADMIN, reason, of=path).get_json()
    assert allowed["unsigned_because"]["reason"] == reason["reason"]
    assert plane.get("/v1/sources", AUDITOR).get_json()["items"][0]["unsigned"] is True
    ended = edit(plane, "DELETE", f"{path}/unsigned", OPERATOR, of=path).get_json()
    assert (ended["unsigned"], ended["unsigned_because"]) == (False, None)
    assert recorded(database, world.acme, "setup:source:changed") == [
        ({"settings": {}}, {"settings": {"tolerance_seconds": 60}})
    ]
    assert recorded(database, world.acme, "setup:source:unsigned") == [(None, reason)]
    assert len(recorded(database, world.acme, "setup:source:signed")) == 1


def test_another_tenants_source_is_not_found(plane: ControlPlane, world: World) -> None:
    path = f"/v1/sources/{world.acme.source_id}"
    assert problem(plane.get(path, FOREIGN))[:2] == (404, "not-set-up")
    assert send(plane, "DELETE", path, FOREIGN, if_match='"x"').status_code == 404


def secret_bytes(whsec: str) -> bytes:
    return base64.b64decode(whsec.removeprefix("whsec_"))
