"""Dead letters as a person reads them, and as programs do. Errors and ids, never a payload."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rich.table import Table
from rich.text import Text

from ops.terminal_text import moment, one_line
from pipeline.dead_letters import DeadLetter, Group
from pipeline.run_store import StoredRun

Names = Mapping[UUID, str]

# As execute says it when nobody can tell whether a sandbox did its work.
OUTCOME_UNKNOWN = "outcome unknown"


def letter_json(letter: DeadLetter, names: Names) -> dict[str, Any]:
    def said(name: str) -> str | None:
        at = getattr(letter, name)
        return None if at is None else at.isoformat()

    return {
        "id": str(letter.dead_letter_id),
        "run": str(letter.run_id),
        "tenant": names.get(letter.tenant_id, str(letter.tenant_id)),
        "queue": letter.queue.value,
        "epoch": letter.epoch,
        "state": letter.state,
        "error": letter.error,
        "failures": letter.failures,
        "created_at": said("created_at"),
        "replayed_at": said("replayed_at"),
        "discarded_at": said("discarded_at"),
    }


def group_json(group: Group, names: Names) -> dict[str, Any]:
    return {
        "tenant": names.get(group.tenant_id, str(group.tenant_id)),
        "queue": group.queue.value,
        "error": group.error,
        "count": group.count,
    }


def letters_table(letters: Sequence[DeadLetter], names: Names) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("id", "run", "tenant", "queue", "given up", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("error", overflow="fold")
    for each in letters:
        said = letter_json(each, names)
        cells = (said["id"], said["run"], said["tenant"], said["queue"])
        given_up = moment(said["created_at"])
        table.add_row(
            *(Text(one_line(cell)) for cell in (*cells, given_up, each.state, each.error))
        )
    return table


def groups_table(groups: Sequence[Group], names: Names) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("count", justify="right")
    for name in ("tenant", "queue"):
        table.add_column(name, no_wrap=True)
    table.add_column("error", overflow="fold")
    for each in groups:
        tenant = names.get(each.tenant_id, str(each.tenant_id))
        cells = (str(each.count), tenant, each.queue.value, each.error)
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table


def story(run: StoredRun, history: Sequence[DeadLetter], names: Names) -> dict[str, Any]:
    """All that is known of why a run was given up, the latest first, and what to do next."""
    return {
        "run": str(run.run_id),
        "tenant": names.get(run.tenant_id, str(run.tenant_id)),
        "status": run.status.value,
        "epoch": run.epoch,
        "sealed": run.sealed,
        "letters": [letter_json(each, names) for each in history],
        "next": _next_step(run, history[0]),
    }


def story_table(shown: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name in ("run", "tenant", "status", "epoch"):
        table.add_row(name, Text(one_line(str(shown[name]))))
    for letter in shown["letters"]:
        table.add_row("", "")
        for name, value in letter.items():
            if name not in {"run", "tenant"} and value is not None:
                said = moment(value) if name.endswith("_at") else one_line(str(value))
                table.add_row(name.replace("_", " "), Text(said))
    table.add_row("", "")
    table.add_row("next", Text(shown["next"]))
    return table


def _next_step(run: StoredRun, latest: DeadLetter) -> str:
    if latest.state == "replayed":
        return f"nothing: it was replayed and is {run.status}; `awgp runs show {run.run_id}`"
    if latest.state == "discarded":
        return f"nothing: it was put aside; `awgp runs replay {run.run_id}` still replays it"
    if not run.sealed:
        return "wait a moment: its end is still being sealed, and it can be replayed then"
    replay = f"`awgp dead replay {latest.dead_letter_id} --yes`"
    discard = f"`awgp dead discard {latest.dead_letter_id} --reason ... --yes`"
    if latest.error == OUTCOME_UNKNOWN:
        return (
            "a sandbox may have done its work: look where the agent works whether it did, then"
            f" {discard}, or {replay} to do it again"
        )
    return f"mend what the error names, then {replay}; or put it aside: {discard}"
