"""A whole AWGP with assistants that attack it, as a driver has their sandboxes."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import pytest
from dramatiq.brokers.stub import StubBroker
from rich.console import Console

from ops.demo.clients import Person, expect, send_event
from ops.demo.seed import Sender
from ops.demo.stage import DemoStage, prepare_parts, running_demo
from ops.demo.story import ENDED, INVOICE, Story
from ops.login_engine import login_engine
from pipeline.credentials import save_credential
from pipeline.envelope import KeyRing
from pipeline.execution import MIB
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set
from pipeline.registry import (
    add_assistant,
    add_bundle,
    add_source,
    add_source_secret,
    new_webhook_secret,
)
from pipeline.work import Actor, Work
from runtime_host.bundle import digest_of, pack
from runtime_host.manifest import parse_manifest
from tests.integration.own_engine import way_of
from tests.integration.own_host import Way

MANIFEST: Final = """
[bundle]
name = "attacker"
version = "{name}"
[limits]
"""
LIMITS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "wall_seconds": 60,
        "memory_bytes": 64 * MIB,
        "processes": 32,
        "disk_bytes": 16 * MIB,
    }
)
POLICY: Final = """
@id("all")
@hold("finance")
@description("Everything, once somebody has looked.")
permit (principal, action == Action::"run", resource);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacker:
    """An assistant to be.

    Args:
        bundle: Instead of files, as it is; nothing that takes one in has looked at it.
        limits: Instead of the usual ones.
        asks: Where its bundle would like to go.
        allowed: Where its tenant lets it.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    bundle: bytes = b""
    limits: Mapping[str, float] = field(default_factory=dict)
    asks: Sequence[Mapping[str, Any]] = ()
    allowed: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The demo's system, with assistants that attack it."""

    stage: DemoStage
    story: Story
    senders: dict[str, Sender]
    way: Way

    @property
    def tenant_id(self) -> UUID:
        return self.stage.demo.acme.tenant_id

    def held(self, name: str, payload: Mapping[str, Any]) -> str:
        """A run that waits for a person."""
        answer = send_event(self.story.ingest, self.senders[name], payload)
        run: str = expect(answer, 202)["run"]
        self.ada.wait(run, lambda seen: seen["status"] == "held", lambda _: None)
        return run

    def approve(self, run: str) -> dict[str, Any]:
        """Ben lets it happen; how it ended."""
        ben = self.story.sign_in("ben")
        expect(ben.vote(ben.open_approval(run), "approve", "let us see"), 200)
        return self.ada.wait(
            run, lambda seen: seen["status"] in ENDED and seen["sealed_at"], lambda _: None
        )

    def attack(self, name: str, payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        run = self.held(name, payload)
        return run, self.approve(run)

    def detail(self, run: str) -> str:
        """What a person reads of how its last sandbox ended."""
        seen = expect(self.ada.get(f"{self.ada.web}/v1/runs/{run}"), 200)
        return str(seen["executions"][-1]["detail"])

    @property
    def ada(self) -> Person:
        return self.story.sign_in("ada")

    def told(self, run: str) -> dict[str, Any] | None:
        """What the receiver was sent of it."""
        return self.stage.receiver.received.messages.get(f"msg_{run.replace('-', '')}_0")

    def honest(self) -> None:
        """The next innocent run succeeds at once, and is told of."""
        run, view = self.attack("erp", INVOICE)
        assert view["status"] == "completed", (view["reason"], view["execution"])
        assert self.told(run) is not None


@contextmanager
def pipeline_at(
    driver: str,
    attackers: Mapping[str, Attacker],
    *,
    credentials: Mapping[str, str] = MappingProxyType({}),
    behind: Mapping[str, Sequence[str]] = MappingProxyType({}),
    **settings: str,
) -> Iterator[Pipeline]:
    """Start it with them, each with a source of its name; nothing of it is left afterwards.

    Args:
        credentials: What the tenant has agents sent with, as `Authorization`.
        behind: As `running_demo` has it.
        settings: What an operator would set.
    """
    with (
        way_of(driver) as way,
        _set(**way.settings, **settings),
        running_demo(
            prepare_parts(lambda _: None), lambda _name, _seconds: None, behind=behind
        ) as stage,
    ):
        story = Story(stage, Console(file=io.StringIO()))
        senders = _added(stage, attackers, credentials)
        senders["erp"] = stage.demo.acme.senders["erp"]
        yield Pipeline(stage=stage, story=story, senders=senders, way=way)


@contextmanager
def _set(**settings: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWGP_GATEWAY_OWN_MACHINE", raising=False)
        for name, value in settings.items():
            environment.setenv(name, value)
        yield


def _added(
    stage: DemoStage, attackers: Mapping[str, Attacker], credentials: Mapping[str, str]
) -> dict[str, Sender]:
    """Have Ada write them, and Cleo let them in."""
    owner = login_engine(stage.data, "awgp_owner")
    keyring = KeyRing.from_text(stage.data.secret("kek"))
    try:
        with Outbox(owner, StubBroker(middleware=[])).work(stage.demo.acme.tenant_id) as work:
            people = {
                name.partition(" ")[0]: person
                for name, person in work.execute("SELECT display_name, person_id FROM persons")
            }
            ada, cleo = people["Ada"], people["Cleo"]
            version = add_policy_set(work, source=POLICY, author=ada, context_fields={})
            activate_policy_set(work, version, by=cleo)
            for name, value in credentials.items():
                save_credential(
                    work,
                    keyring,
                    name=name,
                    header="Authorization",
                    value=value,
                    by=cleo,
                    actor=Actor(type="person", id=str(cleo)),
                )
            return {
                name: _add(work, keyring, name, each, ada, cleo) for name, each in attackers.items()
            }
    finally:
        owner.dispose()


def _add(
    work: Work, keyring: KeyRing, name: str, attacker: Attacker, ada: UUID, cleo: UUID
) -> Sender:
    source_id = add_source(
        work,
        name=name,
        scheme="standard-webhooks",
        assistant_id=_assistant(work, name, attacker, ada),
        owner=cleo,
    )
    secret = new_webhook_secret()
    add_source_secret(work, keyring, source_id=source_id, secret=secret, by=cleo)
    return Sender(name=name, source_id=source_id, secret=secret)


def _assistant(work: Work, name: str, attacker: Attacker, ada: UUID) -> UUID:
    limits = {**LIMITS, **attacker.limits}
    manifest = MANIFEST.format(name=name) + "".join(f"{k} = {v}\n" for k, v in limits.items())
    files = {**attacker.files, "awgp.toml": manifest}
    packed = attacker.bundle or pack({path: text.encode() for path, text in files.items()})
    digest = digest_of(packed)
    add_bundle(
        work,
        digest=digest,
        manifest=parse_manifest(manifest.encode()).as_json() | _network(attacker.asks),
        content=packed,
        author=ada,
    )
    known = work.execute("SELECT runtime_digest FROM assistant_versions LIMIT 1").scalar_one()
    ledger = work.execute("SELECT target_id FROM targets WHERE name = 'ledger'").scalar_one()
    return add_assistant(
        work,
        name=f"attacker-{name}",
        bundle_digest=digest,
        runtime=("python3", known),
        by=ada,
        targets=[ledger],
        sandbox_policy=_network(attacker.allowed),
    )


def _network(rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"network": [dict(each) for each in rules]} if rules else {}
