"""Assistants: see them, add one, give it another version, switch it off and on.

Operators push bundles and may switch an assistant off; what runs is an admin's to say.
"""

from typing import Any, Final

from pipeline.assistant_change import (
    Saver,
    Wanted,
    create_assistant,
    restore_version,
    save_version,
    switch_assistant,
)
from pipeline.assistant_view import (
    assistant_state,
    assistants_page,
    show_assistant,
    show_version,
)
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER, PEOPLE_WHO_OPERATE, READERS
from web.assistants_schemas import (
    AssistantBody,
    AssistantPage,
    AssistantsQuery,
    AssistantVersionView,
    AssistantView,
    VersionBody,
)
from web.endpoint import endpoint, make_blueprint
from web.names import VERSION
from web.preconditions import etag_of, require_match
from web.services import acting, reading
from web.setup_endpoint import Answer, adds, edits, lists, shows, tagged
from web.setup_schemas import acting_person, page

blueprint = make_blueprint("assistants", "AI agents: their code, their limits, where results go")

ONE: Final = "/v1/assistants/<name:assistant>"


@lists(blueprint, "/v1/assistants", AssistantPage, AssistantsQuery)
def list_assistants(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's assistants by name"""
    with reading() as work:
        rows = assistants_page(
            work,
            active=query["active"],
            q=query["q"],
            after=query["cursor"],
            limit=query["limit"] + 1,
        )
    return page(rows, query["limit"])


@shows(blueprint, ONE, AssistantView)
def show(assistant: str) -> Answer:
    """Show an assistant with its versions and how its last runs fared"""
    with reading() as work:
        return _answer(work, assistant)


@endpoint(
    blueprint,
    f"{ONE}/versions/<{VERSION}:version>",
    access=READERS,
    status=200,
    answer=AssistantVersionView,
    problems=[404],
)
def show_one_version(assistant: str, version: int) -> dict[str, Any]:
    """Show one version, in force or not"""
    with reading() as work:
        return show_version(work, assistant, version)


@adds(blueprint, "/v1/assistants", AssistantView, AssistantBody, access=PEOPLE_WHO_ADMINISTER)
def create(body: dict[str, Any]) -> Answer:
    """Add an assistant; it is on at once"""
    with acting() as work:
        create_assistant(work, body["name"], _wanted(body), _saver(work))
        return _answer(work, body["name"], 201)


@edits(blueprint, f"{ONE}/versions", AssistantView, VersionBody, access=PEOPLE_WHO_ADMINISTER)
def add_version(body: dict[str, Any], assistant: str) -> Answer:
    """Give an assistant its next version; what it is already changes nothing

    What was approved for the version before and has not started is held again.
    """
    with acting() as work:
        saver = _saver(work)
        _match(work, assistant)
        save_version(work, assistant, _wanted(body), saver)
        return _answer(work, assistant)


@edits(
    blueprint,
    f"{ONE}/versions/<{VERSION}:version>/restore",
    AssistantView,
    access=PEOPLE_WHO_ADMINISTER,
    problems=[404, 422],
)
def restore(assistant: str, version: int) -> Answer:
    """Take an older version up again, as the next one"""
    with acting() as work:
        saver = _saver(work)
        _match(work, assistant)
        restore_version(work, assistant, version, saver)
        return _answer(work, assistant)


@edits(
    blueprint, f"{ONE}/activate", AssistantView, access=PEOPLE_WHO_ADMINISTER, problems=[404, 409]
)
def activate(assistant: str) -> Answer:
    """Switch an assistant on, at the version it has"""
    return _switch(assistant, active=True)


@edits(blueprint, f"{ONE}/deactivate", AssistantView, access=PEOPLE_WHO_OPERATE)
def deactivate(assistant: str) -> Answer:
    """Switch an assistant off: its waiting runs are denied, its sources are refused"""
    return _switch(assistant, active=False)


def _switch(assistant: str, *, active: bool) -> Answer:
    with acting() as work:
        saver = _saver(work)
        state = _match(work, assistant)
        if state["active"] is not active:
            switch_assistant(work, assistant, active=active, actor=saver.actor)
        return _answer(work, assistant)


def _match(work: Work, assistant: str) -> dict[str, Any]:
    state = assistant_state(work, assistant, lock=True)
    require_match(etag_of(state))
    return state


def _saver(work: Work) -> Saver:
    person_id, actor = acting_person(work)
    return Saver(person_id=person_id, actor=actor)


def _wanted(body: dict[str, Any]) -> Wanted:
    return Wanted(
        bundle=body["bundle"],
        targets=tuple(body["targets"]),
        limits=body["limits"],
        allow=body["allow"],
        configuration=body["configuration"],
    )


def _answer(work: Work, assistant: str, status: int = 200) -> Answer:
    shown = show_assistant(work, assistant)
    return tagged(shown, assistant_state(work, assistant), status)
