"""Targets: where results go. An admin's to say, because data leaves the tenant here."""

from typing import Any, Final

from pipeline.registry_remove import remove_target
from pipeline.registry_sources import whsec
from pipeline.target_change import create_target, rotate_target_secret, save_target
from pipeline.target_view import show_target, target_state, targets_page
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER, READERS
from web.endpoint import endpoint, make_blueprint
from web.preconditions import ETAG, etag_of, header, require_match
from web.services import acting, reading, services
from web.setup_schemas import NamePageQuery, acting_person, page
from web.targets_schemas import (
    Removed,
    TargetBody,
    TargetPage,
    TargetVersionBody,
    TargetView,
    TargetWithSecret,
)

blueprint = make_blueprint("targets", "Where assistants' results are posted, signed")

ONE: Final = "/v1/targets/<name:target>"
Answer = tuple[dict[str, Any], int, dict[str, str]]


@endpoint(
    blueprint,
    "/v1/targets",
    access=READERS,
    status=200,
    answer=TargetPage,
    query=NamePageQuery,
)
def list_targets(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's targets by name, and how their last deliveries fared"""
    with reading() as work:
        rows = targets_page(work, q=query["q"], after=query["cursor"], limit=query["limit"] + 1)
    return page(rows, query["limit"])


@endpoint(
    blueprint, ONE, access=READERS, status=200, answer=TargetView, problems=[404], headers=ETAG
)
def show(target: str) -> Answer:
    """Show a target with its versions and the last deliveries to it"""
    with reading() as work:
        return _answer(work, target)


@endpoint(
    blueprint,
    "/v1/targets",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=201,
    answer=TargetWithSecret,
    body=TargetBody,
    problems=[409],
    headers=ETAG,
)
def create(body: dict[str, Any]) -> Answer:
    """Add a target; its signing secret is told this once"""
    with acting() as work:
        by, actor = acting_person(work)
        secret = create_target(
            work,
            services().keyring,
            name=body["name"],
            url=body["url"],
            settings=body["settings"],
            by=by,
            actor=actor,
        )
        return _answer(work, body["name"], 201, secret)


@endpoint(
    blueprint,
    f"{ONE}/versions",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=TargetView,
    body=TargetVersionBody,
    problems=[404],
    headers=ETAG,
    edits=True,
)
def add_version(body: dict[str, Any], target: str) -> Answer:
    """Give a target its next version, signed with the secret it has

    What was approved for the version before and has not started is held again.
    """
    with acting() as work:
        by, actor = acting_person(work)
        _match(work, target)
        save_target(
            work,
            services().keyring,
            name=target,
            url=body["url"],
            settings=body["settings"],
            by=by,
            actor=actor,
        )
        return _answer(work, target)


@endpoint(
    blueprint,
    f"{ONE}/secret",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=TargetWithSecret,
    problems=[404],
    headers=ETAG,
    edits=True,
)
def rotate(target: str) -> Answer:
    """Sign with a new secret from now on, told this once; the old one counts no more"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        secret = rotate_target_secret(work, services().keyring, target, actor=actor)
        return _answer(work, target, 200, secret)


@endpoint(
    blueprint,
    ONE,
    method="DELETE",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=Removed,
    problems=[404, 409],
    edits=True,
)
def remove(target: str) -> dict[str, Any]:
    """Let no assistant name a target any more; what is being delivered to it still arrives"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        target_id = remove_target(work, target, actor=actor)
    return {"id": target_id, "name": target, "removed": True}


def _match(work: Work, target: str) -> None:
    require_match(etag_of(target_state(work, target, lock=True)))


def _answer(work: Work, target: str, status: int = 200, secret: bytes | None = None) -> Answer:
    shown = show_target(work, target)
    if secret is not None:
        shown["secret"] = whsec(secret)
    return shown, status, header(etag_of(target_state(work, target)))
