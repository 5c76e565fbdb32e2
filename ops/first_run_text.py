"""What `awgp init` shows: addresses, logins, secrets once, and commands that work when pasted."""

import json
import shlex
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from ops.assistant_template import sample_request
from ops.first_run import SetUpBefore
from ops.first_tenant import FirstRun, Wanted
from ops.signed_request import compact, signed_request
from pipeline.registry_sources import whsec
from pipeline.webhook_sample import shell_form

LARGE_CENTS: Final = 250_000
PASSWORD_KEPT: Final = "(as before)"  # noqa: S105  # said in a password's place


def first_run_json(made: FirstRun, wanted: Wanted, *, web_url: str) -> dict[str, Any]:
    """Return everything as one object; the secrets are in it."""
    owner, approver = made.logins.owner, made.logins.approver
    return {
        "made": True,
        "tenant": wanted.tenant,
        "tenant_id": str(made.tenant_id),
        "name": wanted.tenant_name,
        "web_url": web_url,
        "hook_url": made.hook_url,
        "assistant": made.assistant,
        "source": made.source,
        "secret": whsec(made.secret),
        "target_url": wanted.target_url,
        "target_secret": None if made.target_secret is None else whsec(made.target_secret),
        "logins": {
            "owner": {"username": owner.username, "password": owner.password},
            "approver": {"username": approver.username, "password": approver.password},
        },
        "signed_in": made.logins.signed_in,
        "curl": signed_curl(made, wanted.template),
        "shell": shell_form(made.hook_url, made.secret)
        + f"send {shlex.quote(large_body(wanted.template))}",
        "next": [
            f"awgp runs list --as {owner.username}",
            f"awgp approvals list --as {approver.username}",
            f"awgp audit verify --tenant {wanted.tenant}",
        ],
    }


def first_run_lines(shown: Mapping[str, Any]) -> list[str]:
    """Return what a person reads; what we say ourselves fits in 60 columns."""
    owner, approver = shown["logins"]["owner"], shown["logins"]["approver"]
    lines = [
        f"{shown['name']} is set up.",
        "",
        f"tenant   {shown['tenant']}",
        f"API      {shown['web_url']}",
        f"webhook  {shown['hook_url']}",
        f"secret   {shown['secret']}",
    ]
    if shown["target_secret"] is not None:
        lines += [f"target   {shown['target_url']}", f"its key  {shown['target_secret']}"]
    width = max(len(owner["username"]), len(approver["username"]))
    lines += [
        f"login    {each['username']:<{width}}  {each['password'] or PASSWORD_KEPT}"
        for each in (owner, approver)
    ]
    return [*lines, "", *_said(shown), "", "next:", *(f"  {each}" for each in shown["next"])]


def _said(shown: Mapping[str, Any]) -> list[str]:
    owner, approver = (shown["logins"][part]["username"] for part in ("owner", "approver"))
    signed_in = (
        ["Both are signed in on this machine, to try it alone."]
        if shown["signed_in"]
        else [f"Sign in:  awgp login --person {owner}", f"          awgp login --person {approver}"]
    )
    return [
        "Keep secrets and passwords: they are not shown again.",
        "",
        "Two logins, because nobody may approve what they made",
        f"or asked for: {owner} makes and asks, {approver} decides.",
        *signed_in,
        "Up to 100.00 runs by itself; more waits for a person.",
        "",
        "Paste this within 5 minutes, a signed request of 42.00:",
        "",
        shown["curl"],
        "",
        "Paste this at any time: it signs whatever you send,",
        "here 2500.00, which waits for a person:",
        "",
        shown["shell"],
    ]


def set_up_before_json(found: SetUpBefore, wanted: Wanted) -> dict[str, Any]:
    """Return what is there as one object."""
    return {
        "made": False,
        "tenant": wanted.tenant,
        "tenant_id": str(found.tenant_id),
        "assistants": list(found.assistants),
        "sources": list(found.sources),
    }


def set_up_before_lines(found: SetUpBefore, wanted: Wanted) -> list[str]:
    """Return what is there, and how to have more."""
    lines = [
        f"{wanted.tenant} is set up already; nothing was changed.",
        f"  assistants  {', '.join(found.assistants) or '(none)'}",
        f"  sources     {', '.join(found.sources) or '(none)'}",
    ]
    for source in found.sources[:1]:
        which = f"{source} --tenant {wanted.tenant}"
        lines += [f"try it          awgp source test {which}"]
        lines += [f"a new secret    awgp source rotate {which}"]
    lines += ["another bot     awgp assistant new NAME"]
    return [*lines, "another tenant  awgp init --tenant SLUG"]


def signed_curl(made: FirstRun, template: str) -> str:
    """Return a request that is let through without a person, signed now."""
    request = signed_request(
        made.hook_url,
        made.secret,
        compact(sample_request(template)).encode(),
        event_id=f"evt_{uuid4().hex}",
        timestamp=int(time.time()),
    )
    return request.as_curl()


def large_body(template: str) -> str:
    """Return a request that waits for a person."""
    return compact({**json.loads(sample_request(template)), "amount_cents": LARGE_CENTS})
