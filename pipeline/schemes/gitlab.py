"""GitLab.

    how = signature   Standard Webhooks with the webhook's signing token (`whsec_…`)
    how = token       x-gitlab-token: the secret itself; nothing is signed

https://docs.gitlab.com/user/project/integrations/webhooks/. The signing token is the newer of the
two (gitlab-org/gitlab, merge request 230944); take it where your GitLab has it. With a token
nothing covers the message, so its `idempotency-key`, the same at every retry, is as good as its
body.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import About, Message, Request, Scheme, SignatureInvalid, Signed, Verified
from pipeline.schemes.checks import header, id_in, same
from pipeline.schemes.secret_forms import SecretForm, TextSecret, WebhookSecret
from pipeline.schemes.settings import TOLERANCE, Setting
from pipeline.schemes.standard_webhooks import StandardWebhooks

HEADER: Final = "x-gitlab-token"
ID_HEADER: Final = "idempotency-key"
SIGNATURE: Final = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLab(Scheme):
    """Scheme `gitlab`."""

    how: str = SIGNATURE
    tolerance_seconds: int = 300

    about: ClassVar = About(
        name="gitlab",
        title="GitLab",
        secret=WebhookSecret(public_keys=False),
        where="Enter the secret that is made here under Webhooks, Signing token (or Secret token).",
        guide="receive-from-gitlab",
        settings=(
            Setting(
                name="how",
                label="How GitLab proves itself",
                help="`signature` with a signing token; `token` for a GitLab that has none yet.",
                kind="choice",
                choices=(SIGNATURE, "token"),
                default=SIGNATURE,
            ),
            TOLERANCE,
        ),
    )

    def form(self) -> SecretForm:
        return WebhookSecret(public_keys=False) if self._signs() else TextSecret()

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        if self._signs():
            return self._standard().verify(message, secret, now)
        if not same(header(message, HEADER), secret.decode()):
            raise SignatureInvalid
        return Verified(event_id=id_in(message, ID_HEADER))

    def sign(self, request: Request, secret: bytes) -> Signed:
        if self._signs():
            return self._standard().sign(request, secret)
        sent = {HEADER: secret.decode(), ID_HEADER: request.event_id}
        return Signed(url=request.url, headers=sent)

    def _signs(self) -> bool:
        return self.how == SIGNATURE

    def _standard(self) -> StandardWebhooks:
        return StandardWebhooks(tolerance_seconds=self.tolerance_seconds)
