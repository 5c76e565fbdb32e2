"""How sources prove who they are: the schemes there are, their settings, and the switch that lets
a source prove nothing.

An admin changes these; who operates may take the switch back, because a leak cannot wait.
"""

from typing import Any
from uuid import UUID

from pipeline.schemes import About
from pipeline.schemes.registry import SCHEMES
from pipeline.source_change import change_settings, switch_unsigned
from web.access import PEOPLE_WHO_ADMINISTER, PEOPLE_WHO_OPERATE, READERS
from web.endpoint import endpoint, make_blueprint
from web.services import acting
from web.setup_endpoint import Answer, edits
from web.setup_schemas import acting_person
from web.source_answer import ONE, answer_with, match
from web.sources_schemas import SchemeList, SettingsBody, SourceView, UnsignedBody

blueprint = make_blueprint("source-proof", "How sources prove who they are")


@endpoint(blueprint, "/v1/source-schemes", access=READERS, status=200, answer=SchemeList)
def list_schemes() -> dict[str, Any]:
    """List the ways a source can prove who it is, with the settings of each"""
    return {"items": [_scheme_view(each.about) for each in SCHEMES.values()]}


@edits(
    blueprint,
    f"{ONE}/settings",
    SourceView,
    SettingsBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def change(body: dict[str, Any], source_id: UUID) -> Answer:
    """Change how a source proves itself; who does cannot approve what it sends"""
    with acting() as work:
        by, actor = acting_person(work)
        match(work, source_id)
        change_settings(work, source_id, body["settings"], by=by, actor=actor)
        return answer_with(work, source_id)


@edits(
    blueprint,
    f"{ONE}/unsigned",
    SourceView,
    UnsignedBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def let_unsigned(body: dict[str, Any], source_id: UUID) -> Answer:
    """Let a source send without any proof: anyone who knows its address can

    Who does cannot approve what it sends.
    """
    return _unsigned(source_id, body["reason"])


@edits(blueprint, f"{ONE}/unsigned", SourceView, access=PEOPLE_WHO_OPERATE, method="DELETE")
def refuse_unsigned(source_id: UUID) -> Answer:
    """Refuse what proves nothing, as a source does from the start"""
    return _unsigned(source_id, None)


def _unsigned(source_id: UUID, reason: str | None) -> Answer:
    with acting() as work:
        by, actor = acting_person(work)
        match(work, source_id)
        switch_unsigned(work, source_id, reason, by=by, actor=actor)
        return answer_with(work, source_id)


def _scheme_view(about: About) -> dict[str, Any]:
    form = about.secret
    maker = "none" if form is None else "made-here" if form.made_here else "given"
    return {
        "name": about.name,
        "title": about.title,
        "where": about.where,
        "guide": about.guide,
        "secret": maker,
        "secret_hint": None if form is None else form.hint,
        "settings": about.settings,
    }
