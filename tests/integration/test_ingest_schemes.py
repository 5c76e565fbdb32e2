"""Sources of every scheme at the door: what opens it, what does not, and who is told why."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from dramatiq.brokers.stub import StubBroker
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from pipeline.outbox import Outbox
from pipeline.schemes import Request
from pipeline.schemes.mtls import SUBJECT
from pipeline.schemes.registry import SCHEMES, build_scheme
from pipeline.source_change import change_settings, create_source, rotate_source, switch_unsigned
from pipeline.work import Actor
from tests.integration.conftest import Database
from tests.integration.door import Door, bearer, problem
from tests.integration.world import ISSUER, KEYRING, TenantWorld, World
from tests.unit.test_schemes import mutated

pytestmark = pytest.mark.services

EVENT = b'{"amount_cents": 1234}'
HOST = "http://localhost"
SECRET = "a-secret-that-its-sender-made"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "hmac": {
        "header": "X-Signature",
        "content": "{id}.{timestamp}.{body}",
        "timestamp_header": "X-Time",
        "id_header": "X-Id",
    },
    "http-basic": {"username": "erp"},
    "mtls": {"subjects": ["CN=erp,O=ACME"]},
    "oidc": {"issuer": ISSUER, "audience": "awgp", "subjects": ["acme-ada"]},
    "twilio": {},
}
# Where a header holds several signatures, one that is right is enough.
LISTS = {"standard-webhooks": " ", "gitlab": " ", "stripe": ","}
# Sent along, and signed by nobody.
UNSIGNED = {"content-type", "x-github-delivery", "x-github-event"}
FORBIDDEN = {"\r", "\n", "\0"}
CASES = int(os.environ.get("AWGP_TEST_CASES", "0"))
# What names an event where the scheme has nothing that does: nothing.
NAMELESS = {"header-token", "http-basic", "mtls", "oidc"}


@pytest.fixture
def door(database: Database, world: World) -> Door:
    """Behind a proxy that is named."""
    return Door(
        database.engine("awgp_ingest"),
        database.admin,
        changed={"trusted_proxies": "127.0.0.1"},
    )


class Sender:
    """A source of one scheme, and who sends for it."""

    def __init__(self, database: Database, tenant: TenantWorld, scheme: str) -> None:
        self.outbox = Outbox(database.owner, StubBroker(middleware=[]))
        self.tenant = tenant
        self.by = tenant.persons["olga"]
        self.actor = Actor(type="person", id=str(self.by))
        self.scheme = build_scheme(scheme, SETTINGS.get(scheme, {}))
        form = self.scheme.form()
        given = None if form is None or form.made_here else SECRET
        with self.outbox.work(tenant.tenant_id) as work:
            self.source_id, made = create_source(
                work,
                KEYRING,
                name=f"of-{scheme}",
                assistant="booker",
                scheme=scheme,
                settings=SETTINGS.get(scheme, {}),
                secret=given,
                owner=None,
                by=self.by,
                actor=self.actor,
            )
        self.secret = made.secret or b""

    def headers(self, body: bytes, event: str, *, at: datetime | None = None) -> tuple[str, Any]:
        url = f"{HOST}/v1/hooks/{self.source_id}"
        name = self.scheme.about.name
        if name == "mtls":
            return url, {SUBJECT: "CN=erp,O=ACME"}
        if name == "oidc":
            return url, bearer()
        now = at or datetime.now(UTC)
        signed = self.scheme.sign(Request(url=url, body=body, event_id=event, now=now), self.secret)
        return signed.url, dict(signed.headers)

    def send(
        self,
        door: Door,
        body: bytes = EVENT,
        event: str = "evt_1",
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        url, signed = self.headers(body, event)
        sent = {"content-type": "application/json"} | signed | dict(headers or {})
        return door.client.post(url.removeprefix(HOST), data=body, headers=sent)


def refusals(door: Door, source_id: UUID) -> dict[str, Any]:
    door.notebook.flush()
    with door.admin.connect() as connection:
        rows = connection.execute(
            text("SELECT kind, recent FROM awgp.source_refusals WHERE source_id = :id"),
            {"id": source_id},
        ).all()
    return {kind: recent[0]["hint"] for kind, recent in rows}


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_a_source_of_each_scheme_opens_the_door_and_a_replay_is_the_same_run(
    database: Database, world: World, door: Door, scheme: str
) -> None:
    sender = Sender(database, world.acme, scheme)
    url, headers = sender.headers(EVENT, "evt_1")
    sent = {"content-type": "application/json"} | headers
    # The first goes alone, the others in a batch.
    answers = [door.client.post(url.removeprefix(HOST), data=EVENT, headers=sent) for _ in range(3)]
    assert [each.status_code for each in answers] == [202, 202, 202]
    runs = {each.get_json()["run"] for each in answers}
    assert len(runs) == (3 if scheme in NAMELESS else 1)
    if sender.secret:
        door.notebook.flush()
        with door.admin.connect() as connection:
            used = connection.execute(
                text("SELECT last_used_at FROM awgp.source_secrets WHERE source_id = :id"),
                {"id": sender.source_id},
            ).scalar_one()
        assert used is not None


def still_proves(scheme: str, name: str, value: str, changed: str) -> bool:
    """Whether a changed header says what the right one says: by the scheme's own rules it may."""
    if changed.strip(" \t") == value:
        return True  # HTTP takes that off (RFC 9110, 5.5)
    if name == "Authorization":
        return changed[:7].lower() == "bearer " and changed[7:].strip() == value[7:]
    if scheme in LISTS:
        return {*value.split(LISTS[scheme])} <= {*changed.split(LISTS[scheme])}
    return False


def test_no_mutated_header_or_body_opens_any_door(
    database: Database, world: World, door: Door
) -> None:
    senders = {scheme: Sender(database, world.acme, scheme) for scheme in sorted(SCHEMES)}
    right = {name: each.headers(EVENT, "evt_1") for name, each in senders.items()}

    @settings(max_examples=CASES or 60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def refused(data: st.DataObject) -> None:
        scheme = data.draw(st.sampled_from(sorted(senders)))
        url, headers = right[scheme]
        body = EVENT
        parts = sorted(name for name in headers if name.lower() not in UNSIGNED)
        part = data.draw(st.sampled_from(parts + ["body"] * (scheme not in NAMELESS)))
        if part == "body":
            body = mutated(data, EVENT)
            assume(body != EVENT)
        else:
            changed = mutated(data, headers[part].encode()).decode("latin-1")
            assume(not set(changed) & FORBIDDEN)
            assume(not still_proves(scheme, part, headers[part], changed))
            headers = headers | {part: changed}
        sent = {"content-type": "application/json"} | headers
        answer = door.client.post(url.removeprefix(HOST), data=body, headers=sent)
        assert problem(answer) == (401, "signature-invalid"), (scheme, part)

    before = door.counts()
    refused()
    assert door.counts() == before


def test_what_is_refused_reads_the_same_for_all_and_is_told_the_owner(
    database: Database, world: World, door: Door
) -> None:
    answers = set()
    told = {}
    for scheme in sorted(SCHEMES):
        sender = Sender(database, world.acme, scheme)
        bare = door.client.post(
            f"/v1/hooks/{sender.source_id}",
            data=EVENT,
            headers={"content-type": "application/json"},
        )
        answers.add((bare.status_code, bare.data))
        (kind, hint) = refusals(door, sender.source_id).popitem()
        told[scheme] = hint
        assert kind == "signature-missing"
    assert len(answers) == 1
    assert problem(bare) == (401, "signature-invalid")
    assert told["github"] == "without x-hub-signature-256"
    assert told["hmac"] == "without x-signature"


def test_another_time_is_told_to_the_owner_in_seconds(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "stripe")
    late = datetime.now(UTC) - timedelta(seconds=1000)
    url, headers = sender.headers(EVENT, "evt_1", at=late)
    response = door.client.post(
        url.removeprefix(HOST), data=EVENT, headers={"content-type": "application/json"} | headers
    )
    assert problem(response) == (401, "signature-invalid")
    (hint,) = refusals(door, sender.source_id).values()
    assert hint.endswith("s behind ours")


def test_slack_gets_its_challenge_back_and_no_run_is_made(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "slack")
    asked = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRN"}).encode()
    before = door.counts()
    for _ in range(2):
        response = sender.send(door, asked)
        assert (response.status_code, response.get_json()) == (
            200,
            {"challenge": "3eZbrw1aBm2rZgRN"},
        )
    assert door.counts() == before


def test_a_certificate_counts_only_through_the_named_proxy(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "mtls")
    assert sender.send(door).status_code == 202
    assert problem(sender.send(door, headers={SUBJECT: "CN=mallory"})) == (401, "signature-invalid")
    direct = Door(database.engine("awgp_ingest"), database.admin)
    assert problem(sender.send(direct)) == (401, "signature-invalid")
    assert refusals(door, sender.source_id) == {"caller-not-allowed": None}
    assert refusals(direct, sender.source_id)["signature-missing"] == (
        "it did not come through a proxy named to us"
    )


def test_a_token_of_another_subject_or_audience_opens_nothing(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "oidc")
    assert sender.send(door).status_code == 202
    for wrong in (bearer("mallory"), bearer(aud="other"), {"Authorization": "Bearer x.y.z"}):
        changed = {"Authorization": wrong["Authorization"]}
        assert problem(sender.send(door, headers=changed)) == (401, "signature-invalid")
    assert {*refusals(door, sender.source_id)} == {"caller-not-allowed", "signature-wrong"}


def test_without_a_secret_everything_is_refused(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "github")
    with door.admin.begin() as connection:
        connection.execute(
            text("DELETE FROM awgp.source_secrets WHERE source_id = :id"), {"id": sender.source_id}
        )
    for _ in range(2):
        assert problem(sender.send(door)) == (401, "signature-invalid")
    assert {*refusals(door, sender.source_id)} == {"secret-missing"}


def test_unsigned_requests_are_let_in_only_while_an_admin_says_so(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "github")
    path, plain = f"/v1/hooks/{sender.source_id}", {"content-type": "application/json"}
    assert sender.send(door).status_code == 202
    with sender.outbox.work(world.acme.tenant_id) as work:
        switch_unsigned(work, sender.source_id, "cannot sign", by=sender.by, actor=sender.actor)
    runs = [door.client.post(path, data=EVENT, headers=plain) for _ in range(3)]
    assert [each.status_code for each in runs] == [202, 202, 202]
    assert len({each.get_json()["run"] for each in runs}) == 3
    with door.admin.connect() as connection:
        origin = connection.execute(
            text("SELECT origin FROM awgp.runs WHERE run_id = :id"),
            {"id": runs[0].get_json()["run"]},
        ).scalar_one()
    assert origin["unsigned"] is True
    with sender.outbox.work(world.acme.tenant_id) as work:
        switch_unsigned(work, sender.source_id, None, by=sender.by, actor=sender.actor)
    # What the edge remembers of it opens nothing any more.
    assert problem(door.client.post(path, data=EVENT, headers=plain)) == (401, "signature-invalid")
    assert sender.send(door).status_code == 202


def test_changed_settings_count_at_once(database: Database, world: World, door: Door) -> None:
    sender = Sender(database, world.acme, "mtls")
    assert [sender.send(door).status_code for _ in range(2)] == [202, 202]
    with sender.outbox.work(world.acme.tenant_id) as work:
        change_settings(
            work, sender.source_id, {"subjects": ["CN=new"]}, by=sender.by, actor=sender.actor
        )
    assert problem(sender.send(door)) == (401, "signature-invalid")
    assert sender.send(door, headers={SUBJECT: "CN=new"}).status_code == 202


def test_a_secret_of_the_sender_s_own_takes_over_while_the_older_one_lives_on(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "stripe")
    with sender.outbox.work(world.acme.tenant_id) as work:
        rotate_source(
            work,
            KEYRING,
            sender.source_id,
            overlap=timedelta(hours=1),
            by=sender.by,
            actor=sender.actor,
            secret="whsec_another-of-stripe",
        )
    assert sender.send(door, event="old").status_code == 202
    sender.secret = b"whsec_another-of-stripe"
    assert sender.send(door, b'{"amount_cents": 2}').status_code == 202


def test_settings_that_do_not_count_any_more_refuse_everything_and_say_so(
    database: Database, world: World, door: Door
) -> None:
    sender = Sender(database, world.acme, "hmac")
    with door.admin.begin() as connection:
        connection.execute(
            text("UPDATE awgp.sources SET scheme_settings = '{}' WHERE source_id = :id"),
            {"id": sender.source_id},
        )
    assert problem(sender.send(door)) == (401, "signature-invalid")
    assert refusals(door, sender.source_id) == {"settings-invalid": "settings.header: is needed"}
