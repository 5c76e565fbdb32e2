"""Stage 1 of 5: ask the tenant's policy set about a run.

received -> permitted (hands off to hold) | denied (hands off to audit)
"""

from typing import Any

import dramatiq

from actors.stage import declare_stage, in_one_transaction
from pipeline.handoff import Handoff
from pipeline.outbox import Outbox
from pipeline.policy import Verdict
from pipeline.policy_store import (
    active_policy,
    ask_evaluation,
    evaluate,
    save_decision,
)
from pipeline.registry import AssistantNotFound, current_assistant
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, load_payload, move
from pipeline.work import Work


def declare(broker: dramatiq.Broker, outbox: Outbox) -> None:
    """Declare the stage's actor on a broker; connects to nothing."""
    handler = in_one_transaction(outbox, Stage.POLICY, decide_run)
    declare_stage(broker, Stage.POLICY, handler, outbox=outbox)


def decide_run(work: Work, _handoff: Handoff, run: StoredRun) -> None:
    """Decide, keep the decision with its reasons, move the run."""
    ask_evaluation(work, run)
    try:
        assistant = current_assistant(work, run.assistant_id)
    except AssistantNotFound:
        move(work, run, Status.DENIED, stage=Stage.POLICY, reason="assistant-not-active")
        return
    active = active_policy(work)
    decision = evaluate(work, run, load_payload(work, run), assistant, active)
    version = None if active is None else active.version
    save_decision(work, run, decision, version)
    denied = decision.verdict is Verdict.DENY
    metadata: dict[str, Any] = {"decision": decision.as_json()}
    if version is not None:
        metadata["policy_version"] = version
    move(
        work,
        run,
        Status.DENIED if denied else Status.PERMITTED,
        stage=Stage.POLICY,
        reason=decision.code.value if denied else None,
        metadata=metadata,
    )
