"""Sources: what may send requests, its secrets, what came of it and what was turned away.

An admin adds and removes; who operates may rotate and stop, because a leak cannot wait.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pipeline.registry_sources import whsec
from pipeline.source_change import (
    create_source,
    expire_secret,
    rotate_source,
    switch_source,
    take_source_away,
)
from pipeline.source_view import show_source, source_state, sources_page
from pipeline.webhook_sample import shell_form
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER, PEOPLE_WHO_OPERATE, READERS
from web.endpoint import endpoint, make_blueprint
from web.preconditions import ETAG, etag_of, header, require_match
from web.services import acting, reading, services
from web.setup_schemas import acting_person, page
from web.sources_schemas import (
    RotationBody,
    SourceBody,
    SourcePage,
    SourceRemoved,
    SourcesQuery,
    SourceView,
    SourceWithSecret,
)

blueprint = make_blueprint("sources", "What may send requests, and its secrets")

ONE: Final = "/v1/sources/<uuid:source_id>"
Answer = tuple[dict[str, Any], int, dict[str, str]]


@endpoint(
    blueprint,
    "/v1/sources",
    access=READERS,
    status=200,
    answer=SourcePage,
    query=SourcesQuery,
)
def list_sources(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's sources by name"""
    with reading() as work:
        rows = sources_page(
            work,
            active=query["active"],
            q=query["q"],
            after=query["cursor"],
            limit=query["limit"] + 1,
        )
    return page([row | {"url": _url(row["id"])} for row in rows], query["limit"])


@endpoint(
    blueprint, ONE, access=READERS, status=200, answer=SourceView, problems=[404], headers=ETAG
)
def show(source_id: UUID) -> Answer:
    """Show a source: its last events, and what was turned away, explained"""
    with reading() as work:
        return _answer(work, source_id)


@endpoint(
    blueprint,
    "/v1/sources",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=201,
    answer=SourceWithSecret,
    body=SourceBody,
    problems=[409],
    headers=ETAG,
)
def create(body: dict[str, Any]) -> Answer:
    """Add a source; its secret is told this once"""
    with acting() as work:
        by, actor = acting_person(work)
        source_id, secret = create_source(work, services().keyring, **body, by=by, actor=actor)
        return _answer(work, source_id, 201, secret)


@endpoint(
    blueprint,
    f"{ONE}/secrets",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=201,
    answer=SourceWithSecret,
    body=RotationBody,
    problems=[404],
    headers=ETAG,
    edits=True,
)
def rotate(body: dict[str, Any], source_id: UUID) -> Answer:
    """Give a source another secret, told this once; the older ones live on for a while

    The two newest count. Who rotated last cannot approve what the source sends.
    """
    with acting() as work:
        by, actor = acting_person(work)
        _match(work, source_id)
        secret = rotate_source(
            work,
            services().keyring,
            source_id,
            overlap=timedelta(seconds=body["overlap_seconds"]),
            by=by,
            actor=actor,
        )
        return _answer(work, source_id, 201, secret)


@endpoint(
    blueprint,
    f"{ONE}/secrets/<uuid:secret_id>",
    method="DELETE",
    access=PEOPLE_WHO_OPERATE,
    status=200,
    answer=SourceView,
    problems=[404, 409],
    headers=ETAG,
    edits=True,
)
def expire(source_id: UUID, secret_id: UUID) -> Answer:
    """Let an older secret count no more, at once; the newest stays"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, source_id)
        expire_secret(work, source_id, secret_id, actor=actor)
        return _answer(work, source_id)


@endpoint(
    blueprint,
    f"{ONE}/activate",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=SourceView,
    problems=[404],
    headers=ETAG,
    edits=True,
)
def activate(source_id: UUID) -> Answer:
    """Let a source send"""
    return _switch(source_id, active=True)


@endpoint(
    blueprint,
    f"{ONE}/deactivate",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=200,
    answer=SourceView,
    problems=[404],
    headers=ETAG,
    edits=True,
)
def deactivate(source_id: UUID) -> Answer:
    """Refuse whatever a source sends, until it is activated again"""
    return _switch(source_id, active=False)


@endpoint(
    blueprint,
    ONE,
    method="DELETE",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=SourceRemoved,
    problems=[404],
    edits=True,
)
def remove(source_id: UUID) -> dict[str, Any]:
    """Stop a source for ever: its address and its secrets never count again"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, source_id)
        name = take_source_away(work, source_id, actor=actor)
    return {"id": source_id, "name": name, "removed": True}


def _switch(source_id: UUID, *, active: bool) -> Answer:
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, source_id)
        switch_source(work, source_id, active=active, actor=actor)
        return _answer(work, source_id)


def _match(work: Work, source_id: UUID) -> None:
    require_match(etag_of(source_state(work, source_id, lock=True)))


def _url(source_id: object) -> str:
    return f"{services().ingest_url.rstrip('/')}/v1/hooks/{source_id}"


def _answer(work: Work, source_id: UUID, status: int = 200, secret: bytes | None = None) -> Answer:
    url = _url(source_id)
    shown = show_source(work, source_id) | {"url": url, "sample": shell_form(url, secret)}
    if secret is not None:
        shown["secret"] = whsec(secret)
    return shown, status, header(etag_of(source_state(work, source_id)))
