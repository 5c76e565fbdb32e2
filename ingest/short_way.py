"""The short way in, for events of sources that are known: past the framework.

Most of what the edge does is to say 202 to an event that is as its source's events always are.
Finding the route, making a request and a response, and asking every hook takes longer than all else
that such an event needs, so it is answered here, at the app's door (WSGI, PEP 3333):

    POST /v1/hooks/{source}, its length known -> ingest/together.py -> accepted: 202
                                                                    -> anything else: the app
    every other request                                             -> the app

Nothing is refused here. The app is given the request as it came, and what was found out of it.
"""

import re
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from ingest.edge import Edge, accepted_answer
from ingest.event import event_of
from ingest.gate import DatabaseAway, Gate
from ingest.together import Outcome
from ingest.traceparent import begin_trace
from pipeline.metrics import ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RULE: Final = "/v1/hooks/<uuid:source>"
# As the route's own converter has it.
_PATH: Final = re.compile(
    r"/v1/hooks/([0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})"
)
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_TRIED: Final = "awgp.tried"

log = structlog.get_logger()


class ShortWay:
    """WSGI middleware around the app."""

    def __init__(self, app: "WSGIApplication", edge: Edge, gate: Gate) -> None:
        self._app = app
        self._edge = edge
        self._gate = gate

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        source = self._source(environ)
        if source is None:
            return self._app(environ, start_response)
        body = _read(environ)
        environ["wsgi.input"] = BytesIO(body)
        try:
            visit = self._gate.let_in(environ)
        except DatabaseAway:
            return self._app(environ, start_response)
        try:
            outcome = environ[_TRIED] = self._try(environ, *source, body)
            if outcome is None or outcome.accepted is None:
                return self._app(environ, start_response)
        finally:
            self._gate.let_out(visit)
        answer, headers = accepted_answer(outcome.accepted, outcome.standing)
        environ[ROUTE] = RULE
        start_response("202 ACCEPTED", [*headers.items(), ("Content-Length", str(len(answer)))])
        return [answer]

    def _source(self, environ: "WSGIEnvironment") -> tuple[UUID, UUID] | None:
        """Its tenant and itself; None of a request that is the app's to read, or to refuse."""
        found = _PATH.fullmatch(environ["PATH_INFO"])
        length = _LENGTH.fullmatch(environ.get("CONTENT_LENGTH") or "")
        if (
            found is None
            or length is None
            or int(length[0]) > self._edge.limits.max_body_bytes
            or environ["REQUEST_METHOD"] != "POST"
            or environ.get("SCRIPT_NAME")
            or "HTTP_TRANSFER_ENCODING" in environ
            or "HTTP_CONTENT_ENCODING" in environ
        ):
            return None
        source_id = UUID(found[1])
        tenant_id = self._edge.source_tenants.remembered(source_id)
        return None if tenant_id is None else (tenant_id, source_id)

    def _try(
        self, environ: "WSGIEnvironment", tenant_id: UUID, source_id: UUID, body: bytes
    ) -> Outcome | None:
        if len(body) != int(environ["CONTENT_LENGTH"]):
            return None
        trace = begin_trace(environ.get("HTTP_TRACEPARENT"))
        event = event_of(environ, tenant_id, source_id, body, trace)
        try:
            return self._edge.together.accept(event, self._edge.now())
        except Exception as error:  # noqa: BLE001  # the app does it again, and has an answer
            log.warning("short_way_failed", error=type(error).__name__)
            return None


def tried(environ: "WSGIEnvironment") -> tuple[bool, Outcome | None]:
    """Whether a request was tried together with others here, and what that came to."""
    return _TRIED in environ, environ.get(_TRIED)


def _read(environ: "WSGIEnvironment") -> bytes:
    """The body; less of it where it ends too soon, which the app then says."""
    try:
        return bytes(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    except OSError:
        return b""
