"""How a sender signs a webhook, written for a shell: to paste, to read, to try a source with."""

import shlex
from typing import Final

from pipeline.registry_sources import whsec
from pipeline.schemes import Scheme
from pipeline.schemes.hmac_generic import BODY, ID, TIMESTAMP, URL, GenericHmac
from pipeline.schemes.standard_webhooks import StandardWebhooks

_HEAD: Final = "HOOK={url}\n"
_SECRET: Final = "SECRET={secret}\n"  # noqa: S105  # a line of a shell
_CURL: Final = """\
  curl -sS "$HOOK" -H "content-type: application/json" {headers} --data-binary "$1"
}}
"""
_HEX: Final = 'openssl dgst -{hash} {key} -r | cut -d" " -f1'
_BASE64: Final = "openssl dgst -{hash} {key} -binary | openssl base64 -A"
_TEXT_KEY: Final = '-hmac "$SECRET"'
_RAW_KEY: Final = '-mac HMAC -macopt "hexkey:$key"'
_DECODED: Final = (
    '  key=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A |'
    " od -An -v -tx1 | tr -d ' \\n')\n"
)

# What a scheme adds to a request: lines of a shell function, then the headers of curl.
_BODIES: Final[dict[str, tuple[str, str]]] = {
    "standard-webhooks": (
        "  id=evt_$(openssl rand -hex 8) now=$(date +%s)\n"
        + _DECODED
        + '  signature=$(printf \'%s.%s.%s\' "$id" "$now" "$1" |\n    '
        + _BASE64.format(hash="sha256", key=_RAW_KEY)
        + ")\n",
        (
            '-H "webhook-id: $id" -H "webhook-timestamp: $now"'
            ' \\\n    -H "webhook-signature: v1,$signature"'
        ),
    ),
    "github": (
        '  signature=$(printf %s "$1" | ' + _HEX.format(hash="sha256", key=_TEXT_KEY) + ")\n",
        '-H "x-hub-signature-256: sha256=$signature"',
    ),
    "stripe": (
        '  now=$(date +%s)\n  signature=$(printf \'%s.%s\' "$now" "$1" |\n    '
        + _HEX.format(hash="sha256", key=_TEXT_KEY)
        + ")\n",
        '-H "stripe-signature: t=$now,v1=$signature"',
    ),
    "slack": (
        '  now=$(date +%s)\n  signature=$(printf \'v0:%s:%s\' "$now" "$1" |\n    '
        + _HEX.format(hash="sha256", key=_TEXT_KEY)
        + ")\n",
        '-H "x-slack-request-timestamp: $now" \\\n    -H "x-slack-signature: v0=$signature"',
    ),
    "shopify": (
        '  signature=$(printf %s "$1" | ' + _BASE64.format(hash="sha256", key=_TEXT_KEY) + ")\n",
        '-H "x-shopify-hmac-sha256: $signature"',
    ),
    "twilio": (
        '  hash=$(printf %s "$1" | openssl dgst -sha256 -r | cut -d" " -f1)\n'
        '  HOOK="${HOOK%%\\?*}?bodySHA256=$hash"\n'
        '  signature=$(printf %s "$HOOK" | ' + _BASE64.format(hash="sha1", key=_TEXT_KEY) + ")\n",
        '-H "x-twilio-signature: $signature"',
    ),
    "gitlab": ("", '-H "x-gitlab-token: $SECRET"'),
    "header-token": ("", '-H "{header}: {prefix}$SECRET"'),
    "http-basic": ("", '-u "{username}:$SECRET"'),
    "mtls": ("", "--cert client.pem"),
    "oidc": ("", '-H "authorization: Bearer $TOKEN"'),
}


def shell_form(url: str, secret: bytes | None) -> str:
    """Return a shell function `send BODY` that signs any body now, as Standard Webhooks has it.

    Args:
        secret: Stands in it; None leaves a place for it.
    """
    return sample(StandardWebhooks(), url, None if secret is None else whsec(secret))


def sample(scheme: Scheme, url: str, told: str | None) -> str:
    """Return a shell function `send BODY` that does as a sender of this scheme does.

    Args:
        told: The secret as people write it, which stands in it; None leaves a place for it.
    """
    form = scheme.form()
    head = _HEAD.format(url=shlex.quote(url))
    if form is not None:
        place = "whsec_..." if form.hint.startswith("whsec_") else "..."
        head += _SECRET.format(secret=shlex.quote(told or place))
    lines, headers = _function(scheme)
    return f"{head}send() {{\n{lines}{_CURL.format(headers=headers)}"


def _function(scheme: Scheme) -> tuple[str, str]:
    if isinstance(scheme, GenericHmac):
        return _hmac(scheme)
    name = scheme.about.name
    if name == "gitlab" and getattr(scheme, "how", "") == "signature":
        name = "standard-webhooks"
    lines, headers = _BODIES[name]
    if name == "twilio":
        lines = lines.replace("dgst -sha1", f"dgst -{getattr(scheme, 'algorithm', 'sha1')}")
    for setting in ("header", "prefix", "username"):
        headers = headers.replace(f"{{{setting}}}", _quoted(getattr(scheme, setting, None) or ""))
    return lines, headers


def _hmac(scheme: GenericHmac) -> tuple[str, str]:
    content = _quoted(scheme.content.replace("\\n", "\n"))
    for part, value in ((BODY, "$1"), (TIMESTAMP, "$now"), (ID, "$id"), (URL, "$HOOK")):
        content = content.replace(part, value)
    key, lines, headers = _TEXT_KEY, "", []
    if scheme.id_header:
        lines += "  id=evt_$(openssl rand -hex 8)\n"
        headers.append(f'-H "{scheme.id_header}: $id"')
    if scheme.timestamp_header:
        form = {"unix": "%s", "unix-ms": "%s000", "rfc3339": "%Y-%m-%dT%H:%M:%SZ"}
        lines += f"  now=$(date -u +{form[scheme.timestamp_format]})\n"
        headers.append(f'-H "{scheme.timestamp_header}: $now"')
    if scheme.key != "text":
        key = _RAW_KEY
        lines += _DECODED if scheme.key == "base64" else "  key=$SECRET\n"
    way = _HEX if scheme.encoding == "hex" else _BASE64
    if scheme.encoding == "base64url":
        way += " | tr -d = | tr +/ -_"
    mac = way.format(hash=scheme.algorithm, key=key)
    lines += f'  signature=$(printf %s "{content}" |\n    {mac})\n'
    headers.append(f'-H "{scheme.header}: {_quoted(scheme.prefix or "")}$signature"')
    return lines, " \\\n    ".join(headers)


def _quoted(text: str) -> str:
    """A text within double quotes of a shell."""
    return "".join(f"\\{each}" if each in '"\\$`' else each for each in text)
