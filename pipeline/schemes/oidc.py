"""An OIDC access token: machines that get tokens from an issuer rather than hold a secret of ours.

    authorization   `Bearer ` + a JWT of the issuer, for the audience, about one of the subjects

What counts as an access token is what counts for this API (pipeline/bearer.py). Tokens sign no
message, so each request is an event of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Self, cast

from pipeline.identity import BearerInvalid
from pipeline.registry_names import FieldInvalid, check_issuer
from pipeline.schemes import (
    About,
    CannotSign,
    Issuers,
    Means,
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

HEADER: Final = "authorization"
PREFIX: Final = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcBearer(Scheme):
    """Scheme `oidc`."""

    issuer: str
    audience: str
    subjects: tuple[str, ...]
    issuers: Issuers | None = None

    about: ClassVar = About(
        name="oidc",
        title="OIDC access token",
        secret=None,
        where="There is no secret: the sender gets its tokens from the issuer.",
        guide="receive-with-certificates-or-tokens",
        settings=(
            Setting(
                name="issuer",
                label="Issuer",
                help="The `iss` of its tokens, letter by letter; its keys are found by discovery.",
                required=True,
            ),
            Setting(
                name="audience",
                label="Audience",
                help="What its tokens must carry in `aud`.",
                required=True,
            ),
            Setting(
                name="subjects",
                label="Subjects",
                help="Whose tokens count: the `sub` of each, one a line.",
                kind="list",
                required=True,
            ),
        ),
    )

    def __post_init__(self) -> None:
        try:
            check_issuer(self.issuer)
        except FieldInvalid as error:
            raise FieldInvalid("settings.issuer", "must be an https:// address") from error

    @classmethod
    def build(cls, values: Mapping[str, object], means: Means | None) -> Self:
        known = cast("dict[str, Any]", dict(values))
        return cls(**known, issuers=None if means is None else means.issuers)

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del secret, now
        value = header(message, HEADER)
        if not value.startswith(PREFIX):
            raise malformed(HEADER)
        if self.issuers is None:
            raise SignatureInvalid(RefusalKind.SETTINGS_INVALID, "no issuer can be asked here")
        try:
            identity = self.issuers.verifier(self.issuer, self.audience).verify(
                value.removeprefix(PREFIX)
            )
        except BearerInvalid as error:
            # Says which check failed, and quotes nothing of the token.
            raise SignatureInvalid(RefusalKind.SIGNATURE_WRONG, str(error)) from error
        if identity.subject not in self.subjects:
            raise SignatureInvalid(RefusalKind.CALLER_NOT_ALLOWED)
        return Verified(caller=identity.subject)

    def sign(self, request: Request, secret: bytes) -> Signed:
        del request, secret
        raise CannotSign("only the issuer can make its tokens")
