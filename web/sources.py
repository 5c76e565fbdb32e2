"""Sources: what may send requests, its secrets, what came of it and what was turned away.

An admin adds and removes; who operates may rotate and stop, because a leak cannot wait.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pipeline.source_change import (
    create_source,
    expire_secret,
    rotate_source,
    switch_source,
    take_source_away,
)
from pipeline.source_view import sources_page
from web.access import PEOPLE_WHO_ADMINISTER, PEOPLE_WHO_OPERATE
from web.endpoint import make_blueprint
from web.services import acting, reading, services
from web.setup_endpoint import Answer, adds, edits, lists, removes, shows
from web.setup_schemas import acting_person, page
from web.source_answer import ONE, answer_with, match, url_of
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


@lists(blueprint, "/v1/sources", SourcePage, SourcesQuery)
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
    return page([row | {"url": url_of(row["id"])} for row in rows], query["limit"])


@shows(blueprint, ONE, SourceView)
def show(source_id: UUID) -> Answer:
    """Show a source: its last events, and what was turned away, explained"""
    with reading() as work:
        return answer_with(work, source_id)


@adds(blueprint, "/v1/sources", SourceWithSecret, SourceBody, access=PEOPLE_WHO_ADMINISTER)
def create(body: dict[str, Any]) -> Answer:
    """Add a source; a secret that is made here is told this once"""
    with acting() as work:
        by, actor = acting_person(work)
        source_id, made = create_source(work, services().keyring, **body, by=by, actor=actor)
        return answer_with(work, source_id, 201, made)


@edits(
    blueprint,
    f"{ONE}/secrets",
    SourceWithSecret,
    RotationBody,
    access=PEOPLE_WHO_OPERATE,
    status=201,
)
def rotate(body: dict[str, Any], source_id: UUID) -> Answer:
    """Give a source another secret, told this once; the older ones live on for a while

    The two newest count. Who rotated last cannot approve what the source sends.
    """
    with acting() as work:
        by, actor = acting_person(work)
        match(work, source_id)
        made = rotate_source(
            work,
            services().keyring,
            source_id,
            overlap=timedelta(seconds=body["overlap_seconds"]),
            secret=body["secret"],
            by=by,
            actor=actor,
        )
        return answer_with(work, source_id, 201, made)


@edits(
    blueprint,
    f"{ONE}/secrets/<uuid:secret_id>",
    SourceView,
    access=PEOPLE_WHO_OPERATE,
    method="DELETE",
    problems=[404, 409],
)
def expire(source_id: UUID, secret_id: UUID) -> Answer:
    """Let an older secret count no more, at once; the newest stays"""
    with acting() as work:
        _, actor = acting_person(work)
        match(work, source_id)
        expire_secret(work, source_id, secret_id, actor=actor)
        return answer_with(work, source_id)


@edits(blueprint, f"{ONE}/activate", SourceView, access=PEOPLE_WHO_ADMINISTER)
def activate(source_id: UUID) -> Answer:
    """Let a source send"""
    return _switch(source_id, active=True)


@edits(blueprint, f"{ONE}/deactivate", SourceView, access=PEOPLE_WHO_OPERATE)
def deactivate(source_id: UUID) -> Answer:
    """Refuse whatever a source sends, until it is activated again"""
    return _switch(source_id, active=False)


@removes(blueprint, ONE, SourceRemoved, access=PEOPLE_WHO_ADMINISTER)
def remove(source_id: UUID) -> dict[str, Any]:
    """Stop a source for ever: its address and its secrets never count again"""
    with acting() as work:
        _, actor = acting_person(work)
        match(work, source_id)
        name = take_source_away(work, source_id, actor=actor)
    return {"id": source_id, "name": name, "removed": True}


def _switch(source_id: UUID, *, active: bool) -> Answer:
    with acting() as work:
        _, actor = acting_person(work)
        match(work, source_id)
        switch_source(work, source_id, active=active, actor=actor)
        return answer_with(work, source_id)
