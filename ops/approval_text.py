"""An approval as a person reads it before deciding: what will run, on what, with what rights."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from ops.terminal_text import moment, one_line, plain, pretty

MOST_LINES: Final = 60
"""Of a payload; the rest is counted, and `--json` has it all."""


def approval_table(shown: Mapping[str, Any]) -> Table:
    """Lay an approval out in two columns."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in approval_lines(shown):
        table.add_row(name, Text(text))
    return table


def approval_lines(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is to be read, a name and a text each."""
    action = shown["action"]
    yield "approval", f"{shown['id']}, {shown['status']}"
    when = shown["decided_at"]
    yield (("expires", moment(shown["expires_at"])) if when is None else ("decided", moment(when)))
    yield "run", f"{shown['run_id']}, epoch {shown['epoch']}"
    yield "asked by", one_line(action["requester"])
    yield "assistant", one_line(action["assistant_version"])
    yield "bundle", one_line(action["bundle_digest"])
    yield "signed by", signers_text(shown["bundle"])
    yield "runtime", one_line(action["runtime_digest"])
    yield "payload", payload_text(shown["payload"])
    yield "sandbox", pretty(action["sandbox_policy"]) if action["sandbox_policy"] else "defaults"
    yield "limits", limits_text(action["limits"])
    yield "may reach", pretty(action["gateway_scopes"]) if action["gateway_scopes"] else "nothing"
    yield "goes to", targets_text(action["targets"])
    yield "policy", f"version {action['policy']['version']}, {action['policy']['digest']}"
    yield "needs", "\n".join(rule_lines(shown))
    yield "excluded", people_text(shown["excluded"], "because")
    yield "votes", people_text(shown["votes"], "reason")
    yield "digest", one_line(shown["digest"])


def signers_text(bundle: Mapping[str, Any]) -> str:
    """Whose signature it has, and why it will not be launched where that is so."""
    lines = [
        f"{one_line(each['name'])}{'' if each['counts'] else ', whose signature counts no more'}"
        for each in bundle["signers"]
    ]
    if bundle["unsigned_because"] is not None:
        lines.append(f"it will not be launched: {one_line(bundle['unsigned_because'])}")
    return "\n".join(lines) or "nobody; no author's key is asked for"


def payload_text(payload: Mapping[str, Any]) -> str:
    """What the assistant will read, as text where it is text."""
    head = f"{one_line(payload['content_type'])}, {payload['size']} bytes"
    if "json" in payload:
        body = pretty(payload["json"])
    else:
        try:
            body = plain(base64.b64decode(payload["base64"]).decode())
        except UnicodeDecodeError:
            return f"{head}, not text"
    lines = body.splitlines()
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES
        lines = [*lines[:MOST_LINES], f"... {left} more lines: `--json` shows them"]
    return "\n".join([head, *lines])


def limits_text(limits: Mapping[str, Any]) -> str:
    return ", ".join(f"{one_line(name)} {value}" for name, value in sorted(limits.items()))


def targets_text(targets: list[Mapping[str, Any]]) -> str:
    lines = [f"{one_line(each['url'])} (version {each['version']})" for each in targets]
    return "\n".join(lines) or "nowhere"


def rule_lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """Each rule: who is asked, how many there must be, how many there are."""
    counts = {each["rule"]: each for each in shown["tally"]["rules"]}
    for rule in shown["requirement"]["rules"]:
        have = counts[rule["name"]]["have"]
        groups = " or ".join(one_line(group) for group in rule["groups"])
        reason = ", with a reason" if rule["reason"] == "required" else ""
        yield f"{one_line(rule['name'])}: {have} of {rule['quorum']} from {groups}{reason}"


def people_text(people: list[Mapping[str, Any]], why: str) -> str:
    """A line a person: the name, what they said, and why."""
    lines = []
    for each in people:
        said = f" {each['verdict']}" if "verdict" in each else ""
        reason = f": {one_line(each[why])}" if each[why] else ""
        lines.append(f"{one_line(each['name']) or each['person_id']}{said}{reason}")
    return "\n".join(lines) or "nobody"


def reason_needed(shown: Mapping[str, Any]) -> bool:
    return any(rule["reason"] == "required" for rule in shown["requirement"]["rules"])
