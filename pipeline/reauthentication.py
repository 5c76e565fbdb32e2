"""Rules may ask for a fresh proof of who decides; RFC 9470 says how a client is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.approval import Rule, Verdict
from pipeline.approval_errors import ReauthenticationNeeded
from pipeline.identity import Identity
from pipeline.tally import Vote, proven_enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """When and how a person last proved who they are; None where their token does not say."""

    authenticated_at: datetime | None = None
    acr: str | None = None

    def age(self, now: datetime) -> timedelta | None:
        """How old it is. An identity provider's clock may be a little ahead of ours."""
        return None if self.authenticated_at is None else now - self.authenticated_at


NO_PROOF: Final = Proof()


def proof_of(identity: Identity) -> Proof:
    at = identity.authenticated_at
    return Proof(
        authenticated_at=None if at is None else datetime.fromtimestamp(at, UTC), acr=identity.acr
    )


def ask_proof(rules: Iterable[Rule], vote: Vote) -> None:
    """Let a vote pass whose caster proved who they are as these rules ask.

    Where rules ask for different kinds of proof, one of them is enough: the vote then counts
    towards those it satisfies.

    Raises:
        ReauthenticationNeeded: Says how fresh the proof must be, and of which kind.
    """
    asked = list(rules)
    lacking = [rule for rule in asked if not proven_enough(rule, vote)]
    if not lacking:
        return
    stale = [rule for rule in lacking if not _is_fresh(rule, vote)]
    if not stale and len(lacking) < len(asked):
        return
    raise _needed(lacking)


def ask_proof_of_all(rules: Iterable[Rule], proof: Proof, now: datetime) -> None:
    """Ask for what the strictest of these rules asks, whoever decides.

    Raises:
        ReauthenticationNeeded: As above.
    """
    vote = Vote(
        person_id="",
        verdict=Verdict.APPROVE,
        groups=frozenset(),
        digest=b"",
        proven_before=proof.age(now),
        acr=proof.acr,
    )
    ask_proof(rules, vote)


def _is_fresh(rule: Rule, vote: Vote) -> bool:
    asked = rule.reauthenticate
    return asked is None or (
        vote.proven_before is not None
        and vote.proven_before <= timedelta(seconds=asked.max_age_seconds)
    )


def _needed(lacking: list[Rule]) -> ReauthenticationNeeded:
    asked = [rule.reauthenticate for rule in lacking if rule.reauthenticate is not None]
    max_age = min(each.max_age_seconds for each in asked)
    acr_values = " ".join(sorted({each.acr for each in asked if each.acr is not None}))
    said = f"prove who you are again: this asks for a sign-in of the last {max_age} seconds"
    if acr_values:
        said += f", by {acr_values}"
    challenge = (
        'Bearer error="insufficient_user_authentication",'
        f' error_description="A fresher sign-in is needed", max_age="{max_age}"'
    )
    return ReauthenticationNeeded(
        said,
        headers={
            "WWW-Authenticate": challenge + (f', acr_values="{acr_values}"' if acr_values else "")
        },
        members={"max_age": max_age, "acr_values": acr_values},
    )
