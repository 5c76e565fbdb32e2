"""What the views of one app work with, found through the app that serves the request."""

from dataclasses import dataclass
from typing import Final, cast

from flask import Flask, current_app

from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from web.edited_payload import EditedPayload

_KEY: Final = "awgp_web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once per app."""

    outbox: Outbox
    keyring: KeyRing
    payloads: EditedPayload


def install_services(app: Flask, services: Services) -> None:
    app.extensions[_KEY] = services


def services() -> Services:
    return cast("Services", current_app.extensions[_KEY])
