"""How a sender signs a webhook, written for a shell: to paste, to read, to try a source with."""

import shlex
from typing import Final

from pipeline.registry_sources import whsec

# One place to read how a sender signs, in a shell: HMAC-SHA-256 over `id.time.body`.
_SHELL_FORM: Final = """\
HOOK={url}
SECRET={secret}
send() {{
  id=evt_$(openssl rand -hex 8) now=$(date +%s)
  key=$(printf %s "${{SECRET#whsec_}}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
  signature=$(printf '%s.%s.%s' "$id" "$now" "$1" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  curl -sS "$HOOK" -H "content-type: application/json" -H "webhook-id: $id" \\
    -H "webhook-timestamp: $now" -H "webhook-signature: v1,$signature" --data-binary "$1"
}}
"""


def shell_form(url: str, secret: bytes | None) -> str:
    """Return a shell function `send BODY` that signs any body now.

    Args:
        secret: Stands in it; None leaves a place for it.
    """
    told = "whsec_..." if secret is None else whsec(secret)
    return _SHELL_FORM.format(url=shlex.quote(url), secret=shlex.quote(told))
