"""The schemes by the name that a source is set up with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingest.schemes import Scheme
from ingest.schemes.standard_webhooks import StandardWebhooks

SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType({"standard-webhooks": StandardWebhooks()})
