"""`fetch`: carry one request of an agent's where it may go, and bring a bounded answer back.

1. The URL has one meaning, and its method and path lie within what was granted.
2. Calls and bytes are left.
3. Its name is resolved here, once; one refused address among the answers refuses them all.
4. The connection goes to what was judged, TLS checks the name; one deadline covers everything.
5. A redirect is a call of its own: from 1 again, without what another origin must not see.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urljoin

import httpcore

from pipeline.address_guard import (
    AddressRefused,
    Destination,
    NameNotResolved,
    check_address,
    resolve_destination,
)
from pipeline.courier import Deadline, PinnedBackend, as_it_stands
from pipeline.gateway_call import Refused, request_digest
from pipeline.gateway_scope import Grant, Injection, Scope
from pipeline.reach import Reach, ReachInvalid, Visit, read_visit
from runtime_host.gateway.ledger import Ledger
from runtime_host.gateway.lookups import Lookups, LookupTimedOut
from runtime_host.gateway.masking import Mask
from runtime_host.gateway.own_machine import is_own
from runtime_host.gateway.refusal import CallRefused

MAX_REDIRECTS: Final = 5
MOVED: Final = frozenset({301, 302, 303, 307, 308})
SAFE: Final = frozenset({"GET", "HEAD"})
# Their length is always said, be it 0 (RFC 9110, 8.6).
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
USER_AGENT: Final = "awgp-agent/1"
# What goes along to another origin: any other may be an agent's credential.
ONWARD_HEADERS: Final = frozenset({"accept", "accept-language", "content-type", "user-agent"})
# Of one connection, and so not the agent's to see.
HOP_HEADERS: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "trailer", "transfer-encoding", "upgrade"}
)

# Of a host and a port, within so many seconds; raises LookupTimedOut.
Resolve = Callable[[str, int, float], Iterable[str]]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """What an agent asks for. Headers are checked, none is the connection's own."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    follow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came back, from where it came in the end."""

    url: str
    status: int
    headers: Headers
    body: bytes


@dataclass(slots=True)
class _Come:
    """What came of an answer so far."""

    status: int | None = None
    bytes_in: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a bundle's author may want to know, who has it traced; nobody else hears of it.

    Args:
        visited: Told of the method and URL of each request.
        open: Whether what was not granted is let out, to public addresses alone.
    """

    visited: Callable[[str, str], None] = lambda _method, _url: None
    open: bool = False

    def grant_for(self, method: str, visit: Visit) -> Grant | None:
        """For a request that nothing else lets out."""
        if not self.open:
            return None
        reach = Reach(
            scheme=visit.scheme,
            host=visit.host,
            port=visit.port,
            path=(),
            methods=frozenset({method}),
        )
        return Grant(reach=reach)


IN_PRODUCTION: Final = Desk()


class Fetcher:
    """Fetches for one execution.

    Args:
        credentials: By name; one a rule names and that is missing refuses the call.
        own_machine: Whether a private rule may lead to this machine itself.
        desk: What is otherwise at an author's desk.
        resolve: Asks the machine's resolver, unless a test says otherwise.
    """

    def __init__(
        self,
        scope: Scope,
        ledger: Ledger,
        *,
        credentials: Mapping[str, Injection] | None = None,
        tls: ssl.SSLContext | None = None,
        own_machine: bool = False,
        desk: Desk = IN_PRODUCTION,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scope = scope
        self._ledger = ledger
        self._credentials = credentials or {}
        self._mask = Mask(self._credentials.values())
        self._tls = tls or ssl.create_default_context()
        self._own_machine = own_machine
        self._desk = desk
        self._resolve = Lookups(1).resolve if resolve is None else resolve
        self._clock = clock

    def fetch(self, asked: Fetch) -> Fetched:
        """Carry it out, with the redirects it leads to.

        Raises:
            CallRefused: It may not go there, or nothing usable came back.
        """
        deadline = Deadline(self._clock, self._scope.budget.call_seconds)
        visit = self._visit(asked, asked.url)
        for _ in range(MAX_REDIRECTS + 1):
            fetched = self._call(asked, visit, deadline)
            onward = _location(fetched) if asked.follow and asked.method in SAFE else None
            if onward is None:
                return fetched
            before, visit = visit, self._visit(asked, _joined(visit, onward))
            if _origin(before) != _origin(visit):
                kept = [each for each in asked.headers if each[0].lower() in ONWARD_HEADERS]
                asked = replace(asked, headers=tuple(kept))
        raise CallRefused(Refused.ANSWER_BROKEN, f"more than {MAX_REDIRECTS} redirects")

    def carry(
        self, asked: Fetch, grant: Grant, *, count: Callable[[Fetch, Fetched], int]
    ) -> Fetched:
        """Carry out one request on given terms, and follow no redirect.

        Args:
            count: Says how many tokens it took.

        Raises:
            CallRefused: As `fetch`.
        """
        deadline = Deadline(self._clock, self._scope.budget.call_seconds)
        return self._call(asked, self._visit(asked, asked.url), deadline, grant=grant, count=count)

    def _visit(self, asked: Fetch, url: str) -> Visit:
        """Read where it is to go. A URL that may mean two things is a call, too, and refused."""
        try:
            return read_visit(url)
        except ReachInvalid as error:
            request = request_digest(asked.method, url, asked.headers, asked.body)
            call = self._ledger.begin(asked.method, "", request, 0)
            self._ledger.failed(call, Refused.NOT_ALLOWED)
            raise CallRefused(Refused.NOT_ALLOWED, str(error)) from error

    def _call(
        self,
        asked: Fetch,
        visit: Visit,
        deadline: Deadline,
        *,
        grant: Grant | None = None,
        count: Callable[[Fetch, Fetched], int] = lambda _asked, _fetched: 0,
    ) -> Fetched:
        call = self._ledger.begin(
            asked.method,
            f"{visit.scheme}://{visit.host}:{visit.port}",
            request_digest(asked.method, visit.url, asked.headers, asked.body),
            len(asked.body),
        )
        come = _Come()
        try:
            if grant is None:
                self._desk.visited(asked.method, visit.url.partition("?")[0])
            grant = grant or self._scope.grant_for(asked.method, visit)
            grant = grant or self._desk.grant_for(asked.method, visit)
            if grant is None:
                raise CallRefused(
                    Refused.NOT_ALLOWED,
                    f"{asked.method} {_shown(visit)} is not among what this assistant is granted",
                )
            asked = self._let_in(asked, grant)
            fetched = self._exchange(
                asked, visit, self._judged(visit, grant, deadline), deadline, come
            )
            fetched = self._masked(fetched)
        except Exception as error:
            why = error.why if isinstance(error, CallRefused) else Refused.FAILED
            self._ledger.failed(call, why, status=come.status, bytes_in=come.bytes_in)
            raise
        self._ledger.answered(call, fetched.status, fetched.body, count(asked, fetched))
        return fetched

    def _let_in(self, asked: Fetch, grant: Grant) -> Fetch:
        """With the credential its rule names, in place of what the agent put there."""
        if not grant.credential:
            return asked
        injection = self._credentials.get(grant.credential)
        if injection is None:
            raise CallRefused(
                Refused.CREDENTIAL_MISSING, f"the credential {grant.credential} is not there"
            )
        others = _without(asked.headers, frozenset({injection.header.lower()}))
        return replace(asked, headers=(*others, (injection.header, injection.value)))

    def _masked(self, fetched: Fetched) -> Fetched:
        """Without the credentials of this execution, should they come back."""
        if not self._mask:
            return fetched
        if any(n == "content-encoding" and v.lower() != "identity" for n, v in fetched.headers):
            raise CallRefused(
                Refused.ANSWER_BROKEN,
                "the answer is packed, so no credential is seen in it",
            )
        over = self._mask.over_text
        return replace(
            fetched,
            url=over(fetched.url),
            headers=tuple((over(name), over(value)) for name, value in fetched.headers),
            body=self._mask.over(fetched.body),
        )

    def _judged(self, visit: Visit, grant: Grant, deadline: Deadline) -> Destination:
        def resolve(host: str, port: int) -> Iterable[str]:
            return self._resolve(host, port, deadline.remaining(LookupTimedOut))

        try:
            to = resolve_destination(visit.url, allow_private=grant.private, resolve=resolve)
        except LookupTimedOut as error:
            detail = f"the address of {visit.host} took too long"
            raise CallRefused(Refused.TIMED_OUT, detail) from error
        except AddressRefused as error:
            # Which address it is tells of the inside of the company's network.
            raise CallRefused(
                Refused.ADDRESS_REFUSED, f"{visit.host} leads to an address that is refused"
            ) from error
        except NameNotResolved as error:
            raise CallRefused(Refused.UNREACHABLE, f"{visit.host} has no address now") from error
        # Never by the tenant's word alone: it is our own services that listen there.
        if any(map(is_own, to.addresses)) and not (self._own_machine and grant.private):
            raise CallRefused(
                Refused.ADDRESS_REFUSED, f"{visit.host} leads to an address that is refused"
            )
        if visit.scheme == "http" and not all(_is_inside(each) for each in to.addresses):
            raise CallRefused(
                Refused.ADDRESS_REFUSED, f"{visit.host} is outside, where http is refused"
            )
        return to

    def _exchange(
        self, asked: Fetch, visit: Visit, to: Destination, deadline: Deadline, come: _Come
    ) -> Fetched:
        try:
            return self._send(asked, visit, to, deadline, come)
        except httpcore.TimeoutException as error:
            raise CallRefused(Refused.TIMED_OUT, f"{_shown(visit)} took too long") from error
        except httpcore.NetworkError as error:
            raise CallRefused(
                Refused.UNREACHABLE, f"{_shown(visit)}: {type(error).__name__}"
            ) from error
        except httpcore.ProtocolError as error:
            # Its text may quote what the other side sent.
            raise CallRefused(
                Refused.ANSWER_BROKEN, f"{_shown(visit)} answers no sound HTTP"
            ) from error

    def _send(
        self, asked: Fetch, visit: Visit, to: Destination, deadline: Deadline, come: _Come
    ) -> Fetched:
        # Nothing is unpacked here: an answer is as large as it is.
        headers = [*asked.headers, ("Accept-Encoding", "identity")]
        if not any(name.lower() == "user-agent" for name, _ in headers):
            headers.append(("User-Agent", USER_AGENT))
        body = asked.body if asked.body or asked.method in WITH_BODY else None
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=PinnedBackend(to.addresses, deadline),
            ) as pool,
            pool.stream(
                asked.method, as_it_stands(visit.url), headers=headers, content=body
            ) as response,
        ):
            come.status = response.status
            return Fetched(
                url=visit.url,
                status=response.status,
                headers=_headers(response),
                body=self._body(response, come),
            )

    def _body(self, response: httpcore.Response, come: _Come) -> bytes:
        room, kept = self._ledger.room(), bytearray()
        for chunk in response.iter_stream():
            come.bytes_in += len(chunk)
            self._ledger.take(len(chunk))
            kept += chunk
            if len(kept) > room:
                raise CallRefused(Refused.ANSWER_TOO_LARGE, f"the answer is over {room} bytes")
        return bytes(kept)


def _headers(response: httpcore.Response) -> Headers:
    found = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in response.headers
    )
    return _without(found, HOP_HEADERS)


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in names)


def _location(fetched: Fetched) -> str | None:
    if fetched.status not in MOVED:
        return None
    return next((value for name, value in fetched.headers if name == "location"), None)


def _joined(visit: Visit, location: str) -> str:
    """Where an answer leads; its fragment is for whoever reads what comes from there."""
    try:
        return urljoin(visit.url, location).partition("#")[0]
    except ValueError as error:
        raise CallRefused(
            Refused.ANSWER_BROKEN, f"{_shown(visit)} leads to what is no URL"
        ) from error


def _origin(visit: Visit) -> tuple[str, str, int]:
    return visit.scheme, visit.host, visit.port


def _shown(visit: Visit) -> str:
    """Without its path, which may hold anything."""
    return f"{visit.scheme}://{visit.host}:{visit.port}"


def _is_inside(address: str) -> bool:
    try:
        check_address(str(ip_address(address)))
    except AddressRefused:
        return True
    return False
