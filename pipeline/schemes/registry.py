"""The schemes by the name that a source is set up with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pipeline.registry_names import FieldInvalid
from pipeline.schemes import Means, Scheme
from pipeline.schemes.basic import HttpBasic
from pipeline.schemes.github import GitHub
from pipeline.schemes.gitlab import GitLab
from pipeline.schemes.header_token import HeaderToken
from pipeline.schemes.hmac_generic import GenericHmac
from pipeline.schemes.mtls import MutualTls
from pipeline.schemes.oidc import OidcBearer
from pipeline.schemes.settings import clean_settings
from pipeline.schemes.shopify import Shopify
from pipeline.schemes.slack import Slack
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.schemes.stripe import Stripe
from pipeline.schemes.twilio import Twilio

_ALL: Final[tuple[type[Scheme], ...]] = (
    StandardWebhooks,
    GitHub,
    GitLab,
    Stripe,
    Slack,
    Shopify,
    Twilio,
    GenericHmac,
    HeaderToken,
    HttpBasic,
    MutualTls,
    OidcBearer,
)
SCHEMES: Final[Mapping[str, type[Scheme]]] = MappingProxyType(
    {each.about.name: each for each in _ALL}
)


def scheme_named(name: str) -> type[Scheme]:
    """Raises: FieldInvalid."""
    found = SCHEMES.get(name)
    if found is None:
        raise FieldInvalid("scheme", f"must be one of {', '.join(SCHEMES)}")
    return found


def build_scheme(name: str, settings: Mapping[str, Any], means: Means | None = None) -> Scheme:
    """Make a source's scheme of its settings.

    Raises:
        FieldInvalid: There is no such scheme, or a setting cannot be kept; the field is named.
    """
    kind = scheme_named(name)
    return kind.build(clean_settings(kind.about.settings, settings), means)
