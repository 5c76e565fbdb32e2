"""Names of what tenants set up, in paths: what could be none is found nowhere."""

from typing import Any, Final

from flask import Flask
from flask_smorest import Api
from werkzeug.routing import BaseConverter

NAME: Final = "[a-z][a-z0-9-]{0,62}"
DIGEST: Final = "sha256:[0-9a-f]{64}"
LARGEST_VERSION: Final = 2**31 - 1
# In a route: `<name:assistant>`, `<digest:bundle>`, `<VERSION:version>`.
VERSION: Final = f"int(min=1,max={LARGEST_VERSION})"


class NameConverter(BaseConverter):
    """The name of an assistant, a target or a rule."""

    regex = NAME
    part_isolating = True


class DigestConverter(BaseConverter):
    """The digest of a bundle."""

    regex = DIGEST
    part_isolating = True


def install_names(app: Flask, api: Api) -> None:
    """Let routes use them; before any blueprint is registered."""
    for name, converter in (("name", NameConverter), ("digest", DigestConverter)):
        app.url_map.converters[name] = converter
        api.register_converter(converter, _described(converter.regex))


def _described(pattern: str) -> Any:
    return lambda _: {"type": "string", "pattern": f"^{pattern}$"}
