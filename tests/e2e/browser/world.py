"""What the browser tests find: the demo's two subsidiaries, and what the demo does not need.

At Acme `scribe` waits for finance, `payer` for two people, `vault` for someone who just signed in,
`watch` for a night shift of nobody and soon for admins, `teller` tells whoever refuses to listen,
and `mover` changes; at Globex `scribe` waits for anyone. Each prints the lines of its payload,
whatever they are.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from dramatiq.brokers.stub import StubBroker

from ops.demo.clients import Person, expect
from ops.demo.policies import ACME, ACME_FIELDS, GLOBEX, GLOBEX_FIELDS
from ops.demo.stage import DemoStage
from ops.embedded.data_folder import DataFolder
from ops.embedded.logins import add_login
from ops.embedded.oidc import issuer_url, subject_of
from ops.embedded.oidc_login import token_for
from ops.login_engine import login_engine
from pipeline.approval import Escalation, Reason, Reauthentication, Rule
from pipeline.decision_link import make_decision_link
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set, add_rule
from pipeline.registry import add_assistant, add_bundle, add_target
from pipeline.work import Work
from runtime_host.bundle import build, inspect
from tests.integration.processes import wait_until

ENDED: Final = frozenset({"completed", "denied", "rejected", "expired", "failed", "cancelled"})
# Shorter than the development provider's access tokens live.
TOKEN_SECONDS: Final = 240
NOBODYS_SECRET: Final = bytes(range(32))
REJECT_REASONS: Final = ("wrong account", "not ordered")
# How old a proof of who one is may be, where the rule `fresh` asks for one. A busy machine takes
# its time to show a page again after a sign-in.
FRESH: Final = timedelta(seconds=20)
# After so many seconds `watch` reminds, and asks admins too.
REMINDS: Final = 1
ESCALATES: Final = 2
# A name as an identity provider could tell it: nothing of it may be taken for markup.
MALLORY: Final = "Mallory <img src=x onerror=alert(1)>"
SCRIBE: Final = """
import json, pathlib
asked = json.loads(pathlib.Path("/input/request.json").read_bytes())
for line in asked.get("lines", ["nothing to say"]):
    print(line)
if asked.get("fail"):
    raise SystemExit(3)
pathlib.Path("/output/result.json").write_text(json.dumps({"wrote": asked}))
"""
MANIFEST: Final = """
[bundle]
name = "scribe"
version = "{version}"
runtime = "python3"
entrypoint = ["main.py"]
retry = "safe"

[limits]
wall_seconds = 20
memory_bytes = 134217728
"""
ACME_TOO: Final = """
@id("scribe-waits")
@hold("finance")
@description("What the scribe writes is read by finance first.")
permit (principal, action == Action::"run", resource == Assistant::"scribe");

@id("payments-need-two")
@hold("two-people")
permit (principal, action == Action::"run", resource == Assistant::"payer");

@id("vault-asks-who-you-are")
@hold("fresh")
permit (principal, action == Action::"run", resource == Assistant::"vault");

@id("night-watch")
@hold("on-call")
permit (principal, action == Action::"run", resource == Assistant::"watch");

@id("teller-waits")
@hold("finance")
permit (principal, action == Action::"run", resource == Assistant::"teller");

@id("mover-waits")
@hold("finance")
permit (principal, action == Action::"run", resource == Assistant::"mover");
"""
GLOBEX_TOO: Final = """
@id("scribe-waits")
@hold("default")
permit (principal, action == Action::"run", resource == Assistant::"scribe");
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserWorld:
    """A running AWGP and who is there."""

    stage: DemoStage
    passwords: Mapping[str, str]
    clients: dict[str, Person] = field(default_factory=dict)
    tokens_until: dict[str, float] = field(default_factory=dict)

    @property
    def web(self) -> str:
        return self.stage.urls["web"]

    @property
    def data(self) -> DataFolder:
        return self.stage.data

    def password(self, person: str) -> str:
        return self.passwords.get(person) or self.data.secret(f"person-{person}")

    def client(self, person: str) -> Person:
        """Someone at the API with a token, not in a browser."""
        known = self.clients.get(person)
        if known is None or time.monotonic() > self.tokens_until[person]:
            self.tokens_until[person] = time.monotonic() + TOKEN_SECONDS
            token = token_for(self.data, person, self.password(person)).access_token
            self.clients[person] = Person(
                name=person, ingest=self.stage.urls["ingest"], web=self.web, token=token
            )
        return self.clients[person]

    def ask(self, person: str, assistant: str, payload: Mapping[str, Any]) -> "Asked":
        """Ask for a run, and wait until it is held."""
        client = self.client(person)
        body = {"assistant": assistant, "payload": payload}
        run: str = expect(client.post(f"{client.ingest}/v1/runs", body), 202)["run"]
        client.wait(run, lambda seen: seen["status"] == "held", lambda _: None)
        return Asked(run=run, approval=client.open_approval(run), by=client)

    @contextmanager
    def behind(self) -> Iterator[Work]:
        """Acme's tables as their owner has them."""
        owner = login_engine(self.data, "awgp_owner")
        try:
            outbox = Outbox(owner, StubBroker(middleware=[]))
            with outbox.work(self.stage.demo.acme.tenant_id) as work:
                yield work
        finally:
            owner.dispose()

    def link_for(self, person: str, asked: "Asked") -> str:
        """The path of a decision link, as a notice would bring it."""
        with self.behind() as work:
            person_id = _known(work, self.stage, person)
            token = make_decision_link(work, UUID(asked.approval_id), person_id=person_id)
        return f"/d/{token}"

    def change(self, assistant: str, *, by: str, code: str, folder: Path) -> None:
        """Give one of Acme's assistants other code."""
        with self.behind() as work:
            digest = work.execute(
                "SELECT runtime_digest FROM assistant_versions LIMIT 1"
            ).scalar_one()
            _assistant(work, assistant, _known(work, self.stage, by), digest, folder, code=code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A run that waits for people."""

    run: str
    approval: Mapping[str, Any]
    by: Person

    @property
    def approval_id(self) -> str:
        found: str = self.approval["id"]
        return found

    @property
    def status(self) -> str:
        found: str = self.by.run(self.run)["status"]
        return found

    def ends_as(self, status: str) -> None:
        wait_until(lambda: self.status in ENDED, f"run {self.run} to end")
        assert self.status == status


def furnish(stage: DemoStage, runtime_digest: str, folder: Path) -> BrowserWorld:
    """Add to the demo's world what these tests need."""
    owner = login_engine(stage.data, "awgp_owner")
    outbox = Outbox(owner, StubBroker(middleware=[]))
    try:
        with outbox.work(stage.demo.acme.tenant_id) as work:
            ada, cleo = _known(work, stage, "ada"), _known(work, stage, "cleo")
            _rules(work, ada)
            _policy(work, ACME + ACME_TOO, ACME_FIELDS, ada, cleo)
            for name in ("scribe", "payer", "vault", "watch", "mover"):
                _assistant(work, name, ada, runtime_digest, folder)
            nobody = _nobody(work, stage, ada)
            _assistant(work, "teller", ada, runtime_digest, folder, targets=[nobody])
        with outbox.work(stage.demo.globex.tenant_id) as work:
            emil = _known(work, stage, "emil")
            _policy(work, GLOBEX + GLOBEX_TOO, GLOBEX_FIELDS, _known(work, stage, "dora"), emil)
            _assistant(work, "scribe", emil, runtime_digest, folder)
    finally:
        owner.dispose()
    return BrowserWorld(stage=stage, passwords=_people(stage.data))


def _people(data: DataFolder) -> dict[str, str]:
    """More people: an approver of two subsidiaries, a third approver, and one with a bad name."""
    both = ("acme-operators", "globex-operators")
    return {
        "pia": add_login(data, "pia", "Pia Santos", groups=both, roles=("approver",)),
        "finn": add_login(
            data, "finn", "Finn Aalto", groups=("acme-operators",), roles=("approver",)
        ),
        "mallory": add_login(data, "mallory", MALLORY, groups=("acme-operators",)),
    }


def _known(work: Work, stage: DemoStage, username: str) -> UUID:
    found: UUID = work.execute(
        "SELECT person_id FROM persons WHERE issuer = :issuer AND subject = :subject",
        issuer=issuer_url(stage.data),
        subject=subject_of(stage.data, username),
    ).scalar_one()
    return found


def _rules(work: Work, by: UUID) -> None:
    day, hour = 24 * 3600, 3600

    two = Rule(
        name="two-people",
        version=1,
        quorum=2,
        groups=("approver",),
        reason=Reason.OPTIONAL,
        expires_in_seconds=day,
        execution_expires_in_seconds=hour,
        reject_reasons=REJECT_REASONS,
    )
    again = Reauthentication(max_age_seconds=int(FRESH.total_seconds()))
    add_rule(work, two, by=by)
    add_rule(work, replace(two, name="fresh", quorum=1, reauthenticate=again), by=by)
    later = Escalation(after_seconds=ESCALATES, to=("admins",))
    on_call = replace(two, name="on-call", quorum=1, groups=("night",), remind=(REMINDS,))
    add_rule(work, replace(on_call, escalate=(later,)), by=by)


def _policy(
    work: Work, source: str, fields: Mapping[str, Mapping[str, str]], author: UUID, by: UUID
) -> None:
    version = add_policy_set(work, source=source, author=author, context_fields=fields)
    activate_policy_set(work, version, by=by)


def _nobody(work: Work, stage: DemoStage, by: UUID) -> UUID:
    """A target that refuses everything, until the receiver is told its secret."""
    return add_target(
        work,
        KeyRing.from_text(stage.data.secret("kek")),
        name="nobody",
        url=f"{stage.receiver.url}/nobody",
        secret=NOBODYS_SECRET,
        by=by,
        settings={"allow_private": True},
    )


def _assistant(
    work: Work,
    name: str,
    by: UUID,
    runtime_digest: str,
    folder: Path,
    *,
    targets: Sequence[UUID] = (),
    code: str = SCRIBE,
) -> None:
    # Assistants share their code; a name of its own in it gives each a bundle of its own.
    sources = folder / f"{work.tenant_id}-{name}"
    sources.mkdir()
    (sources / "awgp.toml").write_text(MANIFEST.format(version="1.0.0"), encoding="utf-8")
    (sources / "main.py").write_text(f"# {name}\n{code}", encoding="utf-8")
    packed = build(sources)
    info = inspect(packed)
    add_bundle(
        work, digest=info.digest, manifest=info.manifest.as_json(), content=packed, author=by
    )
    runtime = (info.manifest.runtime, runtime_digest)
    add_assistant(
        work, name=name, bundle_digest=info.digest, runtime=runtime, by=by, targets=targets
    )


def lines(*said: str) -> dict[str, Sequence[str]]:
    """A payload whose lines are printed in the sandbox."""
    return {"lines": list(said)}
