"""Bundles over the API: seen, compared and downloaded, by their own tenant alone."""

import base64

import pytest
from werkzeug.test import TestResponse

from pipeline.author_signature import SigningKey
from runtime_host.bundle import digest_of, pack
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
from tests.integration.setting_up import (
    ADMIN,
    AUDITOR,
    FOREIGN,
    OPERATOR,
    problem,
    push,
    recorded,
    send,
)
from tests.integration.world import MAIN, MANIFEST, World

pytestmark = pytest.mark.services


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_bundles_are_listed_newest_first_and_page_by_page(
    plane: ControlPlane, world: World
) -> None:
    pushed = [push(plane, OPERATOR, notes__txt=str(n)) for n in range(3)]
    expected = [*reversed(pushed), world.acme.bundle_digest]
    first = plane.get("/v1/bundles?limit=3", AUDITOR).get_json()
    second = plane.get(f"/v1/bundles?limit=3&cursor={first['next']}", AUDITOR).get_json()
    assert [each["digest"] for each in first["items"] + second["items"]] == expected
    assert second["next"] is None
    assert second["items"][0]["used_by"] == [{"assistant": "booker", "version": 1, "current": True}]
    assert plane.get("/v1/bundles?q=nothing", AUDITOR).get_json()["items"] == []


def test_a_bundle_is_shown_file_by_file(plane: ControlPlane, world: World) -> None:
    digest = push(plane, OPERATOR, notes__txt="<b>hello</b>\n")
    shown = plane.get(f"/v1/bundles/{digest}", AUDITOR).get_json()
    assert [each["path"] for each in shown["files"]] == ["awgp.toml", "main.py", "notes.txt"]
    assert shown["author"]["id"] == str(world.acme.persons["ada"])
    text = plane.get(f"/v1/bundles/{digest}/file?path=notes.txt", AUDITOR).get_json()
    assert (text["text"], text["size"], text["cut"]) == ("<b>hello</b>\n", 13, False)
    missing = plane.get(f"/v1/bundles/{digest}/file?path=../main.py", AUDITOR)
    assert problem(missing)[:2] == (404, "bundle-file-not-found")


def test_two_bundles_are_compared(plane: ControlPlane, world: World) -> None:
    digest = push(plane, OPERATOR, notes__txt="new\n")
    path = f"/v1/bundles/{digest}/diff?against={world.acme.bundle_digest}"
    (changed,) = plane.get(path, AUDITOR).get_json()["files"]
    assert (changed["path"], changed["change"], changed["new_size"]) == ("notes.txt", "added", 4)
    assert changed["diff"].splitlines()[-1] == "+new"


def test_a_download_is_the_very_bytes_and_never_shown_by_a_browser(plane: ControlPlane) -> None:
    digest = push(plane, OPERATOR)
    answer = plane.get(f"/v1/bundles/{digest}/content", AUDITOR)
    assert digest_of(answer.data) == digest
    assert answer.headers["Content-Type"] == "application/gzip"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("rest", ["", "/file?path=main.py", "/content", "/diff?against={own}"])
def test_another_tenants_bundle_is_not_found(plane: ControlPlane, world: World, rest: str) -> None:
    digest = push(plane, OPERATOR, notes__txt="acme's own")
    path = f"/v1/bundles/{digest}" + rest.format(own=world.globex.bundle_digest)
    assert problem(plane.get(path, FOREIGN))[:2] == (404, "not-set-up")


def test_what_a_query_does_not_know_is_named(plane: ControlPlane) -> None:
    assert problem(plane.get("/v1/bundles?size=1", AUDITOR)) == (422, "request-invalid", "size")
    assert problem(plane.get("/v1/bundles?cursor=x", AUDITOR))[2] == "cursor"


def pushed(plane: ControlPlane, text: str, note: str | None = None) -> TestResponse:
    """Push the world's bundle with a file of this text in it, and perhaps a signature."""
    content = {"awgp.toml": MANIFEST.encode(), "main.py": MAIN.encode(), "n.txt": text.encode()}
    headers = {"Authorization": f"Bearer {OPERATOR}", "Content-Type": "application/gzip"}
    if note is not None:
        headers["AWGP-Bundle-Signature"] = base64.b64encode(note.encode()).decode()
    return plane.app.test_client().post("/v1/bundles", data=pack(content), headers=headers)


def test_a_tenant_with_author_keys_takes_signed_bundles_alone(
    plane: ControlPlane, database: Database, world: World
) -> None:
    ada, eve = SigningKey.generate("ada"), SigningKey.generate("eve")
    digest = pushed(plane, "one").get_json()["digest"]
    body = {"key": str(ada.public)}
    assert problem(send(plane, "POST", "/v1/author-keys", OPERATOR, body))[:2] == (
        403,
        "role-missing",
    )
    added = send(plane, "POST", "/v1/author-keys", ADMIN, body)
    assert (added.status_code, added.get_json()["key"]) == (201, str(ada.public))
    assert send(plane, "POST", "/v1/author-keys", ADMIN, body).status_code == 201, "once more"
    listed = plane.get("/v1/author-keys", AUDITOR).get_json()
    assert listed["unsigned_assistants"] == ["booker"], "it is not launched from now on"

    unsigned = problem(pushed(plane, "two"))
    assert unsigned == (422, "bundle-unsigned", "signature")
    assert problem(pushed(plane, "one", eve.sign(digest)))[1] == "bundle-unsigned"
    assert problem(pushed(plane, "two", ada.sign(digest)))[1] == "bundle-signature-invalid"
    forged = SigningKey(name="ada", private_key=eve.private_key).sign(digest)
    assert problem(pushed(plane, "one", forged))[1] == "bundle-unsigned", "another key's id"
    wanted = {"name": "signed", "bundle": digest, "targets": []}
    assert problem(send(plane, "POST", "/v1/assistants", ADMIN, wanted))[1] == "bundle-unsigned"

    shown = pushed(plane, "one", ada.sign(digest)).get_json()
    assert [(each["name"], each["counts"]) for each in shown["signers"]] == [("ada", True)]
    assert send(plane, "POST", "/v1/assistants", ADMIN, wanted).status_code == 201
    assert pushed(plane, "one", ada.sign(digest)).status_code == 201, "once more"
    assert len(recorded(database, world.acme, "setup:bundle:signed")) == 1

    listed = plane.get("/v1/author-keys", AUDITOR).get_json()
    (line,) = listed["items"]
    assert (line["signed"], line["bundles"][0]["digest"]) == (1, digest)
    assert (line["assistants"], listed["unsigned_assistants"]) == (["signed"], ["booker"])

    one = f"/v1/author-keys/{ada.public.fingerprint}/revoke"
    revoked = send(plane, "POST", one, ADMIN, {"reason": "laptop stolen"}).get_json()
    assert (revoked["revoked_because"], revoked["revoked_by"]["name"]) == ("laptop stolen", "Olga")
    assert problem(send(plane, "POST", one, ADMIN, {"reason": "again"}))[0] == 404
    assert problem(send(plane, "POST", "/v1/author-keys", ADMIN, body))[0] == 422, "for good"
    bundle = plane.get(f"/v1/bundles/{digest}", AUDITOR).get_json()
    (signer,) = bundle["signers"]
    assert (signer["counts"], signer["revoked_because"]) == (False, "laptop stolen")
    assert bundle["unsigned_because"] == "its author's key 'ada' was revoked: laptop stolen"
    assert problem(pushed(plane, "two"))[1] == "bundle-unsigned", "the door stays shut"
    listed = plane.get("/v1/author-keys", AUDITOR).get_json()
    assert listed["unsigned_assistants"] == ["booker", "signed"]
    foreign = plane.get("/v1/author-keys", FOREIGN).get_json()
    assert (foreign["items"], foreign["unsigned_assistants"]) == ([], ["booker"])
    assert [
        len(recorded(database, world.acme, f"setup:author_key:{each}"))
        for each in ("added", "revoked")
    ] == [1, 1]
