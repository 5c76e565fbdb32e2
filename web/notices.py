"""Notices: where a tenant is told of what waits and what happened, and what became of each."""

from typing import Any, Final
from uuid import UUID

from pipeline.notice_channels import (
    add_channel,
    change_channel,
    channel_state,
    list_channels,
    list_notices,
    remove_channel,
    show_channel,
    tell_a_test,
)
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import endpoint, make_blueprint
from web.notice_schemas import (
    ChannelBody,
    ChannelPage,
    ChannelView,
    NoticePage,
    NoticesQuery,
    TestView,
    wanted,
)
from web.preconditions import etag_of, require_match
from web.services import acting, reading
from web.setup_endpoint import Answer, adds, edits, lists, removes, shows, tagged
from web.setup_schemas import acting_person, page

blueprint = make_blueprint("notices", "Who is told of what, and what became of it")

ALL: Final = "/v1/notice-channels"
ONE: Final = f"{ALL}/<uuid:channel_id>"


@lists(blueprint, ALL, ChannelPage)
def list_all(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's notice channels by name"""
    with reading() as work:
        rows = list_channels(work, after=query["cursor"], limit=query["limit"] + 1, part=query["q"])
    return page([_shown(row) for row in rows], query["limit"])


@shows(blueprint, ONE, ChannelView)
def show(channel_id: UUID) -> Answer:
    """Show one channel"""
    with reading() as work:
        return _answer(work, channel_id)


@adds(blueprint, ALL, ChannelView, ChannelBody, access=PEOPLE_WHO_ADMINISTER)
def add(body: dict[str, Any]) -> Answer:
    """Add a channel; it is told of what happens from now on"""
    with acting() as work:
        _, actor = acting_person(work)
        channel_id = add_channel(work, wanted(body), actor=actor)
        return _answer(work, channel_id, 201)


@edits(
    blueprint,
    ONE,
    ChannelView,
    ChannelBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
    problems=[404, 409],
)
def change(body: dict[str, Any], channel_id: UUID) -> Answer:
    """Replace a channel; what is not told yet goes where it says then"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, channel_id)
        change_channel(work, channel_id, wanted(body), actor=actor)
        return _answer(work, channel_id)


@removes(blueprint, ONE, ChannelView, access=PEOPLE_WHO_ADMINISTER)
def remove(channel_id: UUID) -> dict[str, Any]:
    """Remove a channel; what is not told yet is told to nobody"""
    with acting() as work:
        _, actor = acting_person(work)
        shown = _match(work, channel_id)
        remove_channel(work, channel_id, actor=actor)
    return _shown(shown)


@endpoint(
    blueprint,
    f"{ONE}/test",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=202,
    answer=TestView,
    problems=[404],
)
def test(channel_id: UUID) -> dict[str, Any]:
    """Tell a channel that this is a test, also where it is off"""
    with acting() as work:
        acting_person(work)
        show_channel(work, channel_id)
        return {"notice_id": tell_a_test(work, channel_id)}


@lists(blueprint, "/v1/notices", NoticePage, NoticesQuery)
def list_told(query: dict[str, Any]) -> dict[str, Any]:
    """List what was told lately and what became of it, newest first"""
    with reading() as work:
        rows = list_notices(
            work,
            channel=query["channel"],
            status=query["status"],
            before=query["cursor"],
            limit=query["limit"] + 1,
        )
    return page(rows, query["limit"], key="id")


def _match(work: Work, channel_id: UUID) -> dict[str, Any]:
    shown = show_channel(work, channel_id, lock=True)
    require_match(etag_of(channel_state(shown)))
    return shown


def _answer(work: Work, channel_id: UUID, status: int = 200) -> Answer:
    shown = show_channel(work, channel_id)
    return tagged(_shown(shown), channel_state(shown), status)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A channel as it is told, with what an edit of it names: lists are edited from, too."""
    return row | {"etag": etag_of(channel_state(row))}
