"""Token issuers that sources name: their keys are fetched once and kept.

Whoever sets a source up chooses the address of its issuer, so we go only where anyone may go: over
HTTPS, to a public address, the one that was judged. The issuer of this installation itself is
named by its operator and may be anywhere.
"""

import threading
import time
from collections import OrderedDict
from typing import Final

import httpcore
import httpx

from pipeline.address_guard import AddressRefused, NameNotResolved, resolve_destination
from pipeline.bearer import FETCH_TIMEOUT_SECONDS, MAX_PROVIDER_BYTES, BearerVerifier
from pipeline.courier import Deadline, PinnedBackend

REMEMBERED: Final = 256


class KnownIssuers:
    """One verifier an issuer and audience, made when it is first asked for.

    Args:
        own: The issuer of this installation, and
        own_http: the client that may reach it.
        http: The client for every other.
    """

    def __init__(self, *, own: str, own_http: httpx.Client, http: httpx.Client) -> None:
        self._own = own
        self._own_http = own_http
        self._http = http
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, str], BearerVerifier] = OrderedDict()

    def verifier(self, issuer: str, audience: str) -> BearerVerifier:
        with self._lock:
            found = self._made.get((issuer, audience))
            if found is None:
                http = self._own_http if issuer == self._own else self._http
                found = BearerVerifier(issuer, audience, http=http)
                self._made[issuer, audience] = found
                if len(self._made) > REMEMBERED:
                    self._made.popitem(last=False)
            return found


class GuardedTransport(httpx.BaseTransport):
    """Gets from public addresses, and connects to what was judged; answers are bounded."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            to = resolve_destination(str(request.url))
            pool = httpcore.ConnectionPool(
                max_keepalive_connections=0,
                network_backend=PinnedBackend(
                    to.addresses, Deadline(time.monotonic, FETCH_TIMEOUT_SECONDS)
                ),
            )
            headers = [
                ("Host", request.url.netloc.decode("ascii")),
                ("Accept-Encoding", "identity"),
            ]
            with pool, pool.stream(request.method, to.url, headers=headers) as response:
                kept = bytearray()
                for chunk in response.iter_stream():
                    kept += chunk
                    if len(kept) > MAX_PROVIDER_BYTES:
                        break
                return httpx.Response(response.status, content=bytes(kept), request=request)
        except (AddressRefused, NameNotResolved) as error:
            raise httpx.ConnectError(str(error), request=request) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise httpx.ConnectError(type(error).__name__, request=request) from error


def guarded_client() -> httpx.Client:
    """A client for issuers that nobody but a tenant vouches for."""
    return httpx.Client(transport=GuardedTransport())
