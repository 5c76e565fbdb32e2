"""What happens in the demo, told as it happens."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from ops.demo.clients import DemoFailed, Person, expect, send_event
from ops.demo.proof import (
    download,
    export_everything,
    flip_a_byte,
    output_lines,
    timeline,
    trust_root,
    verify,
)
from ops.demo.stage import DemoStage
from ops.embedded.oidc_login import token_for
from ops.terminal_text import one_line

ENDED: Final = frozenset({"completed", "denied", "rejected", "expired", "failed", "cancelled"})
INVOICE: Final[Mapping[str, Any]] = {
    "number": "RE-2041",
    "supplier": "Kessler Werkzeuge",
    "currency": "EUR",
    "amount_cents": 420_000,
    "lines": [
        {"text": "milling heads", "quantity": 4, "unit_cents": 95_000},
        {"text": "freight", "quantity": 1, "unit_cents": 40_000},
    ],
}
PULL_REQUEST: Final[Mapping[str, Any]] = {
    "number": 318,
    "title": "Retry uploads with backoff",
    "author": "nadia",
    "files": [
        {"path": "uploads/retry.py", "added": 74, "removed": 9},
        {"path": "tests/test_retry.py", "added": 51, "removed": 0},
    ],
}


@dataclass(slots=True, kw_only=True)
class Told:
    """What the story found out, for the last line."""

    run: str = ""
    status: str = ""
    kernel: str = ""
    entries: int = 0
    objects: int = 0
    proven: bool = False
    tamper_detected: bool = False


class Story:
    """The demo's acts, in order, on a running system."""

    def __init__(self, stage: DemoStage, console: Console) -> None:
        self.stage = stage
        self.console = console
        self.told = Told()
        self.began = time.monotonic()

    def run(self) -> Told:
        self.pull_request()
        self.misbehaver()
        self.bad_requests()
        self.invoice()
        self.own_request()
        self.prove()
        return self.told

    # The acts -------------------------------------------------------------------------------

    def pull_request(self) -> None:
        self.act("A pull request at Globex: the policy lets this one through by itself")
        emil = self.sign_in("emil")
        run = self.send("globex", "git", PULL_REQUEST)
        view = emil.wait(run, lambda seen: seen["status"] in ENDED, self.step)
        self.must(view["status"] == "completed", f"the summary ended as {view['status']}")
        self.say(f"summary: {view['execution']['result']['summary']}")
        self.delivered(run)

    def misbehaver(self) -> None:
        self.act("An assistant goes astray at Globex: the sandbox stops it")
        emil = self.sign_in("emil")
        run = self.send("globex", "helpdesk", {"question": "how do I reset my password?"})
        view = emil.wait(run, lambda seen: seen["status"] in ENDED and seen["sealed_at"], self.step)
        self.must(view["status"] == "failed", f"the misbehaver ended as {view['status']}")
        for line in self.output(run):
            self.must("WORKED" not in line, f"the sandbox let it: {line}")
            self.say(f"it tried: {escape(one_line(line))}")
        self.say(f"[red]stopped[/] at its limit: {view['reason']}")

    def bad_requests(self) -> None:
        self.act("Requests that do not get in")
        sender = self.stage.demo.acme.senders["erp"]
        forged = type(sender)(name="x", source_id=sender.source_id, secret=bytes(32))
        answer = send_event(self.ingest, forged, INVOICE)
        self.refused("a forged signature", answer.status_code, answer.json(), 401)
        over = {**INVOICE, "amount_cents": 200_000_000}
        run = self.send("acme", "erp", over)
        ada = self.sign_in("ada")
        view = ada.wait(run, lambda seen: seen["status"] in ENDED, self.step)
        self.must(view["status"] == "denied", f"a forbidden invoice ended as {view['status']}")
        self.say(f"an invoice over a million: denied by policy ({view['reason']})")

    def invoice(self) -> None:
        self.act("An invoice at Acme: it waits for finance")
        ada = self.sign_in("ada")
        run = self.send("acme", "erp", INVOICE, event_id="evt_demo_invoice")
        again = self.send("acme", "erp", INVOICE, event_id="evt_demo_invoice")
        self.must(again == run, "the same event made two runs")
        self.say("the sender repeats itself: same answer, same run")
        ada.wait(run, lambda seen: seen["status"] == "held", self.step)
        self.decide(ada, run, excluded="cleo")
        self.say("each stage, as the audit trail has it:")
        self.stages(run)
        view = ada.run(run)
        self.told.run, self.told.status = run, view["status"]
        self.told.kernel = view["execution"]["result"]["kernel"]
        self.say(f"the kernel the agent found itself on: [bold]{escape(self.told.kernel)}[/]")
        self.delivered(run)

    def own_request(self) -> None:
        self.act("Cleo may approve, but not what she asked for herself")
        cleo = self.sign_in("cleo")
        body = {"assistant": "invoice-booker", "payload": {**INVOICE, "number": "RE-2042"}}
        run = expect(cleo.post(f"{self.ingest}/v1/runs", body), 202)["run"]
        cleo.wait(run, lambda seen: seen["status"] == "held", self.step)
        self.decide(cleo, run, excluded="cleo")

    def decide(self, asker: Person, run: str, *, excluded: str) -> None:
        """Show who is refused, then let Ben approve and follow the run to its end."""
        ben, dora = self.sign_in("ben"), self.sign_in("dora")
        approval = ben.open_approval(run)
        self.say(f"the question: digest [bold]{approval['digest'][:16]}…[/]")
        own = self.sign_in(excluded).vote(approval, "approve", "please")
        self.refused(f"{excluded} tries to approve", own.status_code, own.json(), 403)
        other = dora.vote(approval, "approve", "looks fine from Globex")
        self.refused("dora, an approver at Globex, tries", other.status_code, other.json(), 404)
        expect(ben.vote(approval, "approve", "matches the order"), 200)
        self.say("[green]ben approves[/], having seen this digest")
        view = asker.wait(run, lambda seen: seen["status"] in ENDED, self.step)
        self.must(view["status"] == "completed", f"the invoice ended as {view['status']}")

    def prove(self) -> None:
        self.act("Proof for an outsider: export, download, verify offline")
        demo = self.stage.demo
        tenants = (demo.acme.tenant_id, demo.globex.tenant_id, demo.holding_id)
        self.told.entries = export_everything(self.stage.data, tenants)
        folder = self.stage.folder / "export"
        self.told.objects = len(download(self.stage.data, folder, tenants))
        self.say(f"{self.told.entries} audit entries in {self.told.objects} locked objects")
        root = trust_root(self.stage.data)
        verdict = verify(folder, root)
        self.told.proven = verdict.proven
        self.must(verdict.proven, f"the export does not verify: {verdict.said[:600]}")
        self.say("[green]proven[/]: every entry, its place, the tree and the signatures")
        file, line = flip_a_byte(folder)
        self.say(f"now one byte is flipped, in line {line} of {file.name[:20]}…")
        verdict = verify(folder, root)
        failures = [each["failure"] for each in verdict.report["tenants"] if each["failure"]]
        self.told.tamper_detected = not verdict.proven and bool(failures)
        self.must(self.told.tamper_detected, "the verifier missed a flipped byte")
        failure = failures[0]
        self.say(f"[red]refused[/] at sequence {failure['sequence']}, line {failure['line']}:")
        self.say(escape(failure["what"]))

    # Telling --------------------------------------------------------------------------------

    @property
    def ingest(self) -> str:
        return self.stage.urls["ingest"]

    def act(self, title: str) -> None:
        self.console.print()
        self.console.print(f"[bold cyan]{title}[/]")

    def say(self, line: str) -> None:
        self.console.print(f"  {time.monotonic() - self.began:6.2f} s  {line}", soft_wrap=True)

    def step(self, status: str) -> None:
        self.say(f"[dim]run is[/] {status}")

    def refused(self, what: str, status: int, problem: Mapping[str, Any], wanted: int) -> None:
        self.must(status == wanted, f"{what}: answered {status}, not {wanted}: {problem}")
        self.say(f"{what}: [red]{status}[/] {escape(str(problem.get('detail', '')))}")

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise DemoFailed(otherwise)

    def sign_in(self, name: str) -> Person:
        token = token_for(self.stage.data, name).access_token
        return Person(name=name, ingest=self.ingest, web=self.stage.urls["web"], token=token)

    def send(
        self, tenant: str, sender: str, payload: Mapping[str, Any], *, event_id: str | None = None
    ) -> str:
        at = self.stage.demo.acme if tenant == "acme" else self.stage.demo.globex
        began = time.monotonic()
        answer = send_event(self.ingest, at.senders[sender], payload, event_id=event_id)
        run: str = expect(answer, 202)["run"]
        took = (time.monotonic() - began) * 1000
        self.say(f"signed webhook from {sender}: 202 in {took:.0f} ms, run {run[:8]}…{run[-4:]}")
        return run

    def delivered(self, run: str) -> None:
        key = f"msg_{run.replace('-', '')}_0"
        self.must(key in self.stage.receiver.received.messages, "the post-action did not arrive")
        self.say("the post-action arrived, signed and under its idempotency key")

    def output(self, run: str) -> list[str]:
        return output_lines(self.stage.data, self.stage.demo.globex.tenant_id, run)

    def stages(self, run: str) -> None:
        entries = timeline(self.stage.data, self.stage.demo.acme.tenant_id, run)
        table = Table("audit entry", "at", box=None, pad_edge=False)
        first: datetime = entries[0][1]
        for action, at in entries:
            table.add_row(action, f"+{(at - first).total_seconds():.3f} s")
        self.console.print(Padding(table, (0, 0, 0, 14)))
