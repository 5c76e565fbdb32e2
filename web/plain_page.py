"""Pages of ours without the interface: who sees them has no session. No file, no script but one."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Final

from flask import Response

STYLE: Final = """
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  box-sizing: border-box; font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.25; }
a, button { display: inline-block; min-height: 2.75rem; line-height: 2.75rem; font: inherit; }
button { padding: 0 1.25rem; line-height: normal; cursor: pointer; }
"""
# Sends the form of the page at once; the button is for who lets no script run.
SEND_AT_ONCE: Final = "document.forms[0].submit()"


def link_page(heading: str, told: str, link: tuple[str, str], status: int = 200) -> Response:
    """A page that says what happened, and leads on.

    Args:
        link: An address of ours, and what it is called.
    """
    address, name = link
    return _page(
        heading,
        f'<p>{escape(told)}</p><p><a href="{escape(address)}">{escape(name)}</a></p>',
        status,
    )


def sending_page(
    heading: str, told: str, button: str, *, to: str, fields: Mapping[str, str], form_action: str
) -> Response:
    """A page whose form is sent by itself: what it carries is in no address and no history.

    Args:
        form_action: Where the policy lets it, and every redirect that answers it, go.
    """
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    body = (
        f'<p>{escape(told)}</p><form method="post" action="{escape(to)}">{hidden}'
        f"<button>{escape(button)}</button></form><script>{SEND_AT_ONCE}</script>"
    )
    return _page(
        heading, body, 200, f"; script-src {_hash(SEND_AT_ONCE)}; form-action {form_action}"
    )


def _page(heading: str, body: str, status: int, policy: str = "; form-action 'none'") -> Response:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(heading)} - AWGP</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(heading)}</h1>{body}</main></body>"
        "</html>"
    )
    response = Response(page, status=status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_hash(STYLE)}; base-uri 'none'; frame-ancestors 'none'"
        + policy
    )
    return response


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
