"""Take credentials out of what comes back: an agent is not told what it was let in with."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from pipeline.gateway_scope import Injection

MASK: Final = b"*"
# Parts that are shorter would be found in any text.
LEAST: Final = 6


class Mask:
    """Knows the credentials of one execution in the forms they may come back in."""

    def __init__(self, injections: Iterable[Injection]) -> None:
        secrets = {part for each in injections for part in _secrets(each.value)}
        forms = {form for secret in secrets for form in _forms(secret)}
        # The longest first: what holds another is masked whole.
        self._forms = sorted(forms, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def over(self, data: bytes) -> bytes:
        """The same, as long as it was, with each of them struck out."""
        for form in self._forms:
            data = data.replace(form, MASK * len(form))
        return data

    def over_text(self, text: str) -> str:
        """The same of a header or URL."""
        return self.over(text.encode("latin-1", "replace")).decode("latin-1")


def _secrets(value: str) -> set[str]:
    """A header's value, what follows its scheme, and what Basic packs into that."""
    found = {value, *value.split(" ")[1:]}
    for part in list(found):
        try:
            unpacked = base64.b64decode(part, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            continue
        found |= {unpacked, unpacked.partition(":")[2]}
    return {each for each in found if len(each) >= LEAST}


def _forms(secret: str) -> set[bytes]:
    plain = secret.encode()
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    texts |= {text.replace('"', '\\"').replace("/", "\\/") for text in texts}
    codings = ("utf-8", "utf-16-le", "utf-16-be")
    found = {text.encode(coding) for text in texts for coding in codings}
    found |= {plain.hex().encode(), plain.hex().upper().encode()}
    # Wherever it begins within a longer text that is base64: without the ends, which others share.
    for shift in range(3):
        packed = base64.b64encode(bytes(shift) + plain)
        inner = packed[(0, 2, 3)[shift] : -4] if len(packed) > 12 else b""
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")} if inner else set()
    return found
