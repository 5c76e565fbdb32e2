"""Mutual TLS ended by a proxy, which hands the subject of the client's certificate on.

The proxy is one of AWGP_TRUSTED_PROXIES; from anyone else these headers are stripped
(ingest/named_proxies.py) and the request is refused. The proxy verifies the certificate, and it
sets the header anew at every request: one that came along with the request is not passed on.

    x-client-cert-subject              the subject itself (nginx: $ssl_client_s_dn)
    client-cert                        the certificate as in RFC 9440; its subject as in RFC 4514
    x-forwarded-tls-client-cert-info   as Traefik writes it: Subject="…", percent-encoded
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import unquote

from cryptography import x509

from pipeline.schemes import (
    About,
    CannotSign,
    Message,
    Request,
    Scheme,
    SignatureInvalid,
    Signed,
    Verified,
)
from pipeline.schemes.checks import header, malformed
from pipeline.schemes.settings import Setting
from pipeline.source_refusals import RefusalKind

SUBJECT: Final = "x-client-cert-subject"
CERTIFICATE: Final = "client-cert"
TRAEFIK: Final = "x-forwarded-tls-client-cert-info"
LONGEST: Final = 16_384
_BYTES = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_INFO = re.compile(r'Subject="([^"]{1,500})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls(Scheme):
    """Scheme `mtls`."""

    header: str
    subjects: tuple[str, ...]

    about: ClassVar = About(
        name="mtls",
        title="Client certificate (by a proxy)",
        secret=None,
        where="There is no secret: the proxy verifies the certificate and hands its subject on.",
        guide="receive-with-certificates-or-tokens",
        settings=(
            Setting(
                name="header",
                label="Header",
                help="How the proxy hands the certificate on.",
                kind="choice",
                choices=(SUBJECT, CERTIFICATE, TRAEFIK),
                default=SUBJECT,
            ),
            Setting(
                name="subjects",
                label="Subjects",
                help="Whose certificates count: subjects, letter by letter, one a line.",
                kind="list",
                required=True,
            ),
        ),
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del secret, now
        if not message.through_proxy:
            raise SignatureInvalid(
                RefusalKind.SIGNATURE_MISSING, "it did not come through a proxy named to us"
            )
        value = header(message, self.header)
        subject = self._subject(value) if len(value) <= LONGEST else None
        if subject is None:
            raise malformed(self.header)
        if subject not in self.subjects:
            raise SignatureInvalid(RefusalKind.CALLER_NOT_ALLOWED)
        return Verified(caller=subject)

    def sign(self, request: Request, secret: bytes) -> Signed:
        del request, secret
        raise CannotSign("only the proxy can say whose certificate it saw")

    def _subject(self, value: str) -> str | None:
        if self.header == CERTIFICATE:
            return _subject_of(value)
        if self.header == TRAEFIK:
            found = _INFO.findall(unquote(value))
            return found[0] if len(found) == 1 else None
        return value


def _subject_of(value: str) -> str | None:
    encoded = _BYTES.fullmatch(value)
    if encoded is None:
        return None
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(encoded[1], validate=True))
        return certificate.subject.rfc4514_string()
    except (binascii.Error, ValueError):
        return None
