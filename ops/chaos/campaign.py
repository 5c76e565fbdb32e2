"""One chaos run from beginning to end: build, load, kill, settle, judge, take down."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from ops.chaos.checks import Evidence, Verdict, judge, requests_per_key
from ops.chaos.killers import Kill, Killer
from ops.chaos.leftovers import (
    left_in_the_database,
    left_in_the_sandboxes,
    left_on_the_machine,
)
from ops.chaos.outside import (
    UNDER_WAY,
    Acknowledgements,
    allow,
    launches,
    received,
    running_client,
    running_receiver,
)
from ops.chaos.people import approving, stopping
from ops.chaos.plan import CLOCK, Plan, strikes
from ops.chaos.records import Records
from ops.chaos.recovery import wait_until_back
from ops.chaos.report import Outcome
from ops.chaos.system import System, SystemBroken, running_system
from ops.chaos.trail import as_json, prove_trail
from ops.chaos.world import TENANTS, Sender, Site, build_world
from ops.processes import web_urls
from pipeline.registry import new_webhook_secret

SETTLE_SECONDS: Final = 240.0
BEGIN_SECONDS: Final = 120.0
"""Within which the first run must have ended: what never worked proves nothing when killed."""

POLL_SECONDS: Final = 0.5


@dataclass(slots=True, kw_only=True)
class Standing:
    """How far it is, for whoever looks on."""

    phase: str = "starting"
    acknowledged: int = 0
    completed: int = 0
    kills: int = 0
    backlog: int = 0


Tell = Callable[[Standing], None]


class Campaign:
    """One plan carried out on one folder.

    Args:
        folder: Empty; everything is made in it.
        runtime_digest: Of the sandbox's root file system.
        tell: Told now and then how far it is.
    """

    def __init__(self, plan: Plan, folder: Path, runtime_digest: str, tell: Tell) -> None:
        self._plan = plan
        self._folder = folder
        self._runtime_digest = runtime_digest
        self._tell = tell
        self._standing = Standing()
        self._acknowledgements = Acknowledgements(path=folder / "acknowledged.jsonl")
        self._kills: list[Kill] = []
        self._broken: list[str] = []
        self._asked_at = 0.0

    def run(self) -> Outcome:
        """Carry it out.

        Raises:
            AwgpError: The system did not come up, or could not be taken down.
        """
        began = time.monotonic()
        secrets = {slug: new_webhook_secret() for slug in TENANTS}
        with ExitStack() as stack:
            receiver = running_receiver(self._folder, secrets, self._plan.seed)
            target_url = stack.enter_context(receiver)
            system = stack.enter_context(
                running_system(
                    self._folder,
                    lease_seconds=self._plan.lease_seconds,
                    steps_clock=CLOCK in self._plan.kinds,
                    seed=self._plan.seed,
                )
            )
            senders = build_world(
                Site(
                    data=system.data,
                    runtime_digest=self._runtime_digest,
                    target_url=target_url,
                    target_secrets=secrets,
                )
            )
            verdict, left, facts = self._strike_and_judge(system, senders)
        left += left_on_the_machine(system.data)
        requests = received(self._folder)
        return Outcome(
            verdict=verdict,
            kills=self._kills,
            receiver_requests=len(requests),
            requests_per_key=requests_per_key(requests),
            left=left,
            facts={**facts, "seconds": round(time.monotonic() - began)},
        )

    def _strike_and_judge(
        self, system: System, senders: tuple[Sender, ...]
    ) -> tuple[Verdict, list[str], dict[str, Any]]:
        killer = Killer(system, self._plan.seed)
        with Records(system.data) as records, approving(system.data):
            ingest = web_urls(system.data)["ingest"]
            with (
                running_client(self._folder, ingest, senders, self._plan),
                stopping(system.data, self._plan.seed) as stopped,
            ):
                self._strike(killer, records, system)
                self._phase("finishing what was begun", records)
            if system.clock is not None:
                killer.set_clock(0.0)
            self._settle(records)
            self._phase("judging", records)
            left = left_in_the_database(records) + left_in_the_sandboxes(system.data)
            evidence = Evidence(
                acknowledged=self._acknowledgements.read(),
                runs=records.runs(),
                senders=senders,
                launches=launches(system.ledger),
                received=received(self._folder),
                moves=records.statuses_sealed(),
                kills=self._kills,
                offsets=killer.clock_offsets,
                stopped=frozenset(stopped.asked),
                told_stopped=frozenset(stopped.agreed),
            )
        verdict = judge(evidence)
        proof = prove_trail(system)
        verdict.broken += [*self._broken, *proof.broken]
        return verdict, left, _facts(self._plan, system, evidence, verdict, as_json(proof))

    def _strike(self, killer: Killer, records: Records, system: System) -> None:
        """Kill, wait for the return and for the service, rest, until the plan is over."""
        chance = random.Random(f"pauses {self._plan.seed}")  # noqa: S311  # repeatable
        self._begin(records)
        began = time.monotonic()
        for rounds, kinds in strikes(self._plan):
            if self._is_over(rounds, began):
                return
            possible = [kind for kind in kinds if kind != CLOCK or system.clock is not None]
            if not possible:
                continue
            try:
                self._strike_once(killer, possible, records)
            except (SystemBroken, psycopg.OperationalError) as error:
                self._broken.append(f"{' and '.join(possible)} could not be killed: {error}")
                return
            self._rest(self._plan.pause(chance, rounds), records)

    def _strike_once(self, killer: Killer, kinds: list[str], records: Records) -> None:
        struck = []
        for kind in kinds:
            struck.append(killer.strike(kind))
            self._kills.append(struck[-1])
            self._phase(f"killed {kind} ({struck[-1].how})", records)
        for kill in struck:
            killer.wait_until_ready(kill)
        wait_until_back(struck, self._acknowledgements, records, lambda: self._phase(None, records))
        back = struck[0].back_seconds if struck else None
        if back is not None:
            self._phase(f"back after {back:.1f} s", records)

    def _begin(self, records: Records) -> None:
        deadline = time.monotonic() + BEGIN_SECONDS
        while self._standing.completed == 0:
            if time.monotonic() > deadline:
                raise SystemBroken(
                    f"no run ended within {BEGIN_SECONDS:.0f} s of an unharmed system"
                )
            self._phase("under load", records)
            time.sleep(POLL_SECONDS)

    def _is_over(self, rounds: int, began: float) -> bool:
        return self._plan.is_over(
            seconds=time.monotonic() - began,
            rounds=rounds,
            acknowledged=len(self._acknowledgements.runs),
        )

    def _settle(self, records: Records) -> None:
        """Wait until nothing is under way; what is still then is judged as lost."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            self._phase("settling", records)
            with suppress(psycopg.OperationalError):
                # The row of what recurs is never gone, a handoff or a pending record must be.
                if not left_in_the_database(records):
                    return
            time.sleep(POLL_SECONDS)

    def _rest(self, seconds: float, records: Records) -> None:
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            self._phase(None, records)
            time.sleep(min(left, POLL_SECONDS))

    def _phase(self, phase: str | None, records: Records) -> None:
        """Tell how far it is; asks the database no more than twice a second."""
        self._standing.phase = phase or self._standing.phase
        if time.monotonic() - self._asked_at >= POLL_SECONDS:
            self._asked_at = time.monotonic()
            self._acknowledgements.read()
            self._standing.acknowledged = len(self._acknowledgements.runs)
            self._standing.kills = len(self._kills)
            counts = records.counts()
            if counts is not None:
                self._standing.completed = counts["completed"]
                self._standing.backlog = counts["waiting"]
                ended = counts.total() - counts["waiting"]
                allow(self._folder, ended + UNDER_WAY)
        self._tell(self._standing)


def _facts(
    plan: Plan, system: System, evidence: Evidence, verdict: Verdict, trail: dict[str, object]
) -> dict[str, Any]:
    real = {str(each.source_id) for each in evidence.senders if each.real}
    in_gvisor = sum(run.source in real for run in evidence.runs)
    return {
        "seed": plan.seed,
        "in_gvisor": in_gvisor,
        "no_op": len(evidence.runs) - in_gvisor,
        "statuses": dict(verdict.statuses),
        "audit": trail,
        "clock": "stepped" if system.clock is not None else "not stepped",
        "stopped": len(evidence.told_stopped),
        "sent_again": sum(each.tries > 1 for each in evidence.acknowledged),
    }
