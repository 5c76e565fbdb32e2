"""Believe headers about the caller only from the proxies that are named in the settings."""

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from pipeline.settings import SettingInvalid

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What a caller could say about itself: its address, its host, its client certificate.
STRIPPED_PREFIXES = (
    "HTTP_X_FORWARDED_",
    "HTTP_X_REAL_",
    "HTTP_X_CLIENT_",
    "HTTP_CLIENT_CERT",
    "HTTP_X_SSL_CLIENT",
    "HTTP_SSL_CLIENT",
)
STRIPPED = "HTTP_FORWARDED"
NAMED = "awgp.named_proxy"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_networks(setting: str) -> tuple[Network, ...]:
    """Read `10.0.0.5, 10.1.0.0/16`.

    Raises:
        SettingInvalid: An entry is neither an address nor a network.
    """
    try:
        return tuple(
            ipaddress.ip_network(each.strip()) for each in setting.split(",") if each.strip()
        )
    except ValueError as error:
        raise SettingInvalid(f"AWGP_TRUSTED_PROXIES: {error}") from error


def came_through_proxy(environ: "WSGIEnvironment") -> bool:
    """Whether a named proxy handed a request on; no header can say so."""
    return environ.get(NAMED) is True


class NamedProxies:
    """WSGI middleware: apply forwarded headers of a named proxy, strip everyone else's."""

    def __init__(self, app: "WSGIApplication", networks: tuple[Network, ...]) -> None:
        self._app = app
        self._behind_proxy = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._networks = networks

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self._is_named(environ.get("REMOTE_ADDR", "")):
            environ[NAMED] = True
            return self._behind_proxy(environ, start_response)
        said = [each for each in environ if each.startswith(STRIPPED_PREFIXES)]
        for name in said:
            del environ[name]
        environ.pop(STRIPPED, None)
        return self._app(environ, start_response)

    def _is_named(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:  # a Unix socket has no address
            return False
        return any(parsed in network for network in self._networks)
