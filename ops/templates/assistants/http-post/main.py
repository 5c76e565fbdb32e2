"""Make the message that a chat, a ticket system or N8N is to get.

The sandbox has no network. AWGP itself posts the result to the assistant's targets afterwards:
signed, retried, and under one idempotency key. Give it one with `awgp target add`.
"""

import json
from pathlib import Path
from typing import Any

LONGEST_TEXT = 500


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Turn one request into one result. Change this; the rest may stay."""
    subject, text = str(request.get("subject") or ""), str(request.get("text") or "")
    if not subject and not text:
        raise SystemExit("the request has neither `subject` nor `text`")  # the run ends as failed
    shown = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    facts = {name: value for name, value in request.items() if name not in ("subject", "text")}
    return {
        "title": subject or shown.split("\n")[0][:80],
        "text": shown,
        "fields": [{"name": name, "value": json.dumps(facts[name])} for name in sorted(facts)],
    }


def main() -> None:
    """Read what was asked, write what came of it. What is printed is kept with the run."""
    request = json.loads(Path("/input/request.json").read_text(encoding="utf-8"))
    message = answer(request)
    print(f"a message of {len(message['text'])} characters, {len(message['fields'])} fields")
    Path("/output/result.json").write_text(json.dumps(message), encoding="utf-8")


if __name__ == "__main__":
    main()
