"""Targets: where results go. An admin's to say, because data leaves the tenant here."""

from typing import Any, Final

from pipeline.registry_remove import remove_target
from pipeline.registry_sources import whsec
from pipeline.target_change import create_target, rotate_target_secret, save_target
from pipeline.target_view import show_target, target_state, targets_page
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import make_blueprint
from web.preconditions import etag_of, require_match
from web.services import acting, reading, services
from web.setup_endpoint import Answer, adds, edits, lists, removes, shows, tagged
from web.setup_schemas import acting_person, page
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


@lists(blueprint, "/v1/targets", TargetPage)
def list_targets(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's targets by name, and how their last deliveries fared"""
    with reading() as work:
        rows = targets_page(work, q=query["q"], after=query["cursor"], limit=query["limit"] + 1)
    return page(rows, query["limit"])


@shows(blueprint, ONE, TargetView)
def show(target: str) -> Answer:
    """Show a target with its versions and the last deliveries to it"""
    with reading() as work:
        return _answer(work, target)


@adds(blueprint, "/v1/targets", TargetWithSecret, TargetBody, access=PEOPLE_WHO_ADMINISTER)
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


@edits(blueprint, f"{ONE}/versions", TargetView, TargetVersionBody, access=PEOPLE_WHO_ADMINISTER)
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


@edits(blueprint, f"{ONE}/secret", TargetWithSecret, access=PEOPLE_WHO_ADMINISTER)
def rotate(target: str) -> Answer:
    """Sign with a new secret from now on, told this once; the old one counts no more"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        secret = rotate_target_secret(work, services().keyring, target, actor=actor)
        return _answer(work, target, 200, secret)


@removes(blueprint, ONE, Removed, access=PEOPLE_WHO_ADMINISTER, problems=[404, 409])
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
    return tagged(shown, target_state(work, target), status)
