"""A notice in plain words: for a mail, twice, and for a machine.

What strangers wrote (names, reasons) is made fit for a header, a terminal and a page: no control
characters, one line each, and HTML escaped. Nothing here decides: the link leads to a page.
"""

import html
import json
from typing import Any, Final

from pipeline.notice import ASKS, Event, Facts

LONGEST_PART: Final = 200
LONGEST_PAYLOAD: Final = 20_000
SAYS: Final = {
    Event.OPENED: "A decision is needed",
    Event.REMINDED: "A decision is still needed",
    Event.ESCALATED: "A decision is needed from you now",
    Event.APPROVED: "It was approved",
    Event.REJECTED: "It was rejected: nothing runs",
    Event.EXPIRED: "Its time is up: nothing runs",
    Event.CANCELLED: "It was cancelled: nothing runs",
    Event.GLASS_BROKEN: "It was let go in an emergency: somebody else has to review that",
    Event.RUN_COMPLETED: "It is done, and its result delivered",
    Event.RUN_FAILED: "It failed",
    Event.TARGET_DISABLED: "A target said 410 Gone and is switched off: deliveries to it wait",
    Event.TEST: "This is a test: the channel works",
}


def plain(text: str) -> str:
    """One line, of printable characters, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_PART else f"{line[: LONGEST_PART - 1]}…"


def subject(facts: Facts) -> str:
    """A mail's subject."""
    about = f": {plain(facts.assistant)}" if facts.assistant else ""
    return f"[AWGP {facts.tenant}] {SAYS[facts.event]}{about}"


def lines(facts: Facts) -> list[tuple[str, str]]:
    """What a reader looks for, a heading and a text each; what is empty is left out."""
    rules = ", ".join(map(plain, facts.rules))
    found = [
        ("Asked by", plain(facts.requester)),
        ("What will run" if facts.event in ASKS else "What", _what(facts)),
        ("Why it waits" if facts.event in ASKS else "Why", plain(facts.why)),
        ("Rules", rules),
        ("Until", facts.until or ""),
        ("Run", str(facts.run_id or "")),
    ]
    return [(head, said) for head, said in found if said]


def _what(facts: Facts) -> str:
    if not facts.bundle:
        return plain(facts.assistant)
    return f"{plain(facts.assistant)} ({plain(facts.bundle)})"


def mail_text(facts: Facts, link: str) -> str:
    """The mail as plain text."""
    told = [f"{head}: {said}" for head, said in lines(facts)]
    parts = [f"{SAYS[facts.event]}, at {plain(facts.tenant_name)}.", "", *told]
    parts += ["", link] if link else []
    if (payload := _payload(facts)) is not None:
        parts += ["", "Payload:", payload]
    return "\n".join([*parts, "", _why_you(facts), ""])


def mail_html(facts: Facts, link: str) -> str:
    """The mail as a page: no images, no styles from elsewhere, nothing that loads."""
    rows = "".join(
        f'<tr><th align="left" valign="top" style="padding-right:1em">{html.escape(head)}</th>'
        f"<td>{html.escape(said)}</td></tr>"
        for head, said in lines(facts)
    )
    safe = html.escape(link, quote=True)
    door = f'<p><a href="{safe}">Look at it</a></p>' if link else ""
    payload = _payload(facts)
    shown = "" if payload is None else f"<pre>{html.escape(payload)}</pre>"
    return (
        f'<!doctype html><html><body style="font-family:sans-serif">'
        f"<p>{html.escape(SAYS[facts.event])}, at {html.escape(plain(facts.tenant_name))}.</p>"
        f"<table>{rows}</table>{door}{shown}"
        f"<p><small>{html.escape(_why_you(facts))}</small></p></body></html>"
    )


def webhook_body(facts: Facts, link: str) -> bytes:
    """The JSON a target receives: the same bytes at every attempt."""
    members: dict[str, Any] = {
        "type": facts.event.value,
        "tenant": facts.tenant,
        "run": _text(facts.run_id),
        "approval": _text(facts.approval_id),
        "assistant": facts.assistant,
        "bundle": facts.bundle,
        "requester": facts.requester,
        "rules": list(facts.rules),
        "why": facts.why,
        "until": facts.until,
        "text": f"{SAYS[facts.event]}: {_what(facts)}" if facts.assistant else SAYS[facts.event],
        "url": link or None,
    }
    if facts.payload is not None:
        members["payload"] = facts.payload
    # ASCII: half a surrogate pair in a payload stays what it is.
    return json.dumps(members, separators=(",", ":")).encode("ascii")


def _payload(facts: Facts) -> str | None:
    if facts.payload is None:
        return None
    shown = json.dumps(facts.payload, indent=2, ensure_ascii=True)
    return shown if len(shown) <= LONGEST_PAYLOAD else shown[:LONGEST_PAYLOAD] + "\n…"


def _why_you(facts: Facts) -> str:
    return f"You are told by the notice channel {facts.channel} of {facts.tenant}."


def _text(value: object) -> str | None:
    return None if value is None else str(value)
