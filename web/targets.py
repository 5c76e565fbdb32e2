"""Targets: where results go. An admin's to say, because data leaves the tenant here."""

from typing import Any, Final
from uuid import UUID

from pipeline.registry_remove import remove_target
from pipeline.registry_sources import whsec
from pipeline.target_change import (
    TargetWanted,
    Told,
    create_target,
    replace_header_value,
    rotate_target_secret,
    save_target,
)
from pipeline.target_switch import switch_off, switch_on
from pipeline.target_test import preview_draft, preview_target, send_test
from pipeline.target_view import show_target, target_state, targets_page
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import endpoint, make_blueprint
from web.preconditions import etag_of, require_match
from web.services import acting, reading, services
from web.setup_endpoint import Answer, adds, edits, lists, removes, shows, tagged
from web.setup_schemas import acting_person, page
from web.targets_schemas import (
    HeaderBody,
    PreviewView,
    Removed,
    SwitchBody,
    TargetBody,
    TargetDraftBody,
    TargetPage,
    TargetSaved,
    TargetTestAsked,
    TargetTestBody,
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
    """Add a target; its signing secret is told this once, and its header's value if it was made"""
    with acting() as work:
        by, actor = acting_person(work)
        told = create_target(work, services().keyring, TargetWanted(**body), by=by, actor=actor)
        return _answer(work, body["name"], 201, told)


@edits(blueprint, f"{ONE}/versions", TargetSaved, TargetVersionBody, access=PEOPLE_WHO_ADMINISTER)
def add_version(body: dict[str, Any], target: str) -> Answer:
    """Give a target its next version, signed with the secret it has

    What was approved for the version before and has not started is held again.
    """
    with acting() as work:
        by, actor = acting_person(work)
        _match(work, target)
        wanted = TargetWanted(name=target, **body)
        told = save_target(work, services().keyring, wanted, by=by, actor=actor)
        return _answer(work, target, told=told or Told())


@edits(blueprint, f"{ONE}/secret", TargetWithSecret, access=PEOPLE_WHO_ADMINISTER)
def rotate(target: str) -> Answer:
    """Sign with a new secret from now on, told this once; the old one counts no more"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        secret = rotate_target_secret(work, services().keyring, target, actor=actor)
        return _answer(work, target, told=Told(secret=secret))


@edits(blueprint, f"{ONE}/header", TargetSaved, HeaderBody, access=PEOPLE_WHO_ADMINISTER)
def replace_header(body: dict[str, Any], target: str) -> Answer:
    """Send another value in its header from now on; one that is made for it is told this once"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        made = replace_header_value(
            work, services().keyring, target, value=body["header_value"], actor=actor
        )
        return _answer(work, target, told=Told(header_value=made))


@edits(blueprint, f"{ONE}/disable", TargetView, SwitchBody, access=PEOPLE_WHO_ADMINISTER)
def disable(body: dict[str, Any], target: str) -> Answer:
    """Send nothing to a target for now; what is delivered to it waits"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        switch_off(work, target, because=body["reason"], actor=actor)
        return _answer(work, target)


@edits(blueprint, f"{ONE}/enable", TargetView, access=PEOPLE_WHO_ADMINISTER)
def enable(target: str) -> Answer:
    """Send to a target again, what waits first; its circuit is closed, too"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        switch_on(work, target, actor=actor)
        return _answer(work, target)


@endpoint(
    blueprint,
    "/v1/targets/preview",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=PreviewView,
    body=TargetDraftBody,
)
def preview_of_draft(body: dict[str, Any]) -> dict[str, Any]:
    """Show what a target like this would be sent; nothing is kept and nothing is sent"""
    result, run = body.pop("result", None), body.pop("run", None)
    with reading() as work:
        wanted = TargetWanted(name="draft", **body)
        return preview_draft(work, wanted, result=result, run_id=run).as_json()


@endpoint(
    blueprint,
    f"{ONE}/preview",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=PreviewView,
    body=TargetTestBody,
    problems=[404],
)
def preview_of_test(body: dict[str, Any], target: str) -> dict[str, Any]:
    """Show exactly what a test of a target would send, its secrets left out"""
    with reading() as work:
        return preview_target(work, target, result=body["result"], run_id=body["run"]).as_json()


@endpoint(
    blueprint,
    f"{ONE}/test",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=202,
    answer=TargetTestAsked,
    body=TargetTestBody,
    problems=[404],
)
def test(body: dict[str, Any], target: str) -> dict[str, Any]:
    """Send a target a test; its type is `target.test`, and the target shows what came of it"""
    with acting() as work:
        _, actor = acting_person(work)
        test_id, shown = send_test(
            work, target, result=body["result"], run_id=body["run"], actor=actor
        )
    return {"id": test_id, "preview": shown.as_json()}


@removes(blueprint, ONE, Removed, access=PEOPLE_WHO_ADMINISTER, problems=[404, 409])
def remove(target: str) -> dict[str, Any]:
    """Let no assistant name a target any more; what is being delivered to it still arrives"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, target)
        target_id: UUID = remove_target(work, target, actor=actor)
    return {"id": target_id, "name": target, "removed": True}


def _match(work: Work, target: str) -> None:
    require_match(etag_of(target_state(work, target, lock=True)))


def _answer(work: Work, target: str, status: int = 200, told: Told | None = None) -> Answer:
    shown = show_target(work, target)
    if told is not None:
        shown["header_value"] = told.header_value
    if told is not None and told.secret is not None:
        shown["secret"] = whsec(told.secret)
    return tagged(shown, target_state(work, target), status)
