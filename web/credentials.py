"""Credentials gateways put into agents' requests: written, never read. An admin's to change."""

from collections.abc import Sequence
from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.credentials import (
    LEAST_VALUE_CHARACTERS,
    MAX_VALUE_CHARACTERS,
    add_credential,
    credential_state,
    launched_with,
    list_credentials,
    remove_credential,
    save_credential,
    show_credential,
)
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import make_blueprint
from web.preconditions import etag_of, require_match
from web.schemas import Strict
from web.services import acting, reading, services
from web.setup_endpoint import Answer, adds, edits, lists, removes, shows, tagged
from web.setup_schemas import A_NAME, NamePage, PersonRef, acting_person, page

blueprint = make_blueprint("credentials", "What gateways put into agents' requests")

ALL: Final = "/v1/credentials"
ONE: Final = f"{ALL}/<name:credential>"


class CredentialValueBody(Strict):
    header = fields.String(
        load_default=None,
        validate=validate.Length(1, 128),
        metadata={"description": "The header it is sent in; left out, the one it has."},
    )
    value = fields.String(
        required=True,
        load_only=True,
        validate=validate.Length(LEAST_VALUE_CHARACTERS, MAX_VALUE_CHARACTERS),
        metadata={
            "format": "password",
            "description": "The whole value of the header, such as `Bearer …`. Nobody is told it"
            " again.",
        },
    )


class CredentialBody(CredentialValueBody):
    header = fields.String(
        load_default="Authorization",
        validate=validate.Length(1, 128),
        metadata={"description": "The header it is sent in."},
    )
    name = fields.String(
        required=True,
        validate=A_NAME,
        metadata={"description": "What rules call it."},
    )


class CredentialView(Schema):
    """A credential; its value is nowhere."""

    id = fields.UUID(required=True, metadata={"description": "Of the value it has now."})
    name = fields.String(required=True)
    header = fields.String(required=True)
    saved_by = fields.Nested(PersonRef, required=True)
    saved_at = fields.AwareDateTime(
        required=True, attribute="created_at", metadata={"description": "The value it has now."}
    )
    assistants = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Active ones whose rules name it."},
    )
    launched_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={
            "description": "When one of these was last launched since it was saved. Which of their"
            " calls had it is not known."
        },
    )
    etag = fields.String(required=True, metadata={"description": "What a change of it names."})


class CredentialPage(NamePage):
    items = fields.List(fields.Nested(CredentialView), required=True)


@lists(blueprint, ALL, CredentialPage)
def list_all(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's credentials by name, without their values"""
    limit = query["limit"]
    with reading() as work:
        found = list_credentials(work, after=query["cursor"], q=query["q"], limit=limit + 1)
        return page(_shown(work, found), limit)


@shows(blueprint, ONE, CredentialView)
def show(credential: str) -> Answer:
    """Show one credential, without its value"""
    with reading() as work:
        return _answer(work, credential)


@adds(blueprint, ALL, CredentialView, CredentialBody, access=PEOPLE_WHO_ADMINISTER)
def add(body: dict[str, Any]) -> Answer:
    """Keep a credential for the rules of assistants to name"""
    with acting() as work:
        by, actor = acting_person(work)
        add_credential(work, services().keyring, **body, by=by, actor=actor)
        return _answer(work, body["name"], 201)


@edits(
    blueprint,
    ONE,
    CredentialView,
    CredentialValueBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def replace(body: dict[str, Any], credential: str) -> Answer:
    """Give a credential another value: used from the next launch on, and nothing is held again"""
    with acting() as work:
        by, actor = acting_person(work)
        kept = _match(work, credential)
        save_credential(
            work,
            services().keyring,
            name=credential,
            header=body["header"] or kept["header"],
            value=body["value"],
            by=by,
            actor=actor,
        )
        return _answer(work, credential)


@removes(blueprint, ONE, CredentialView, access=PEOPLE_WHO_ADMINISTER, problems=(404, 409))
def remove(credential: str) -> dict[str, Any]:
    """Forget a credential that no active assistant's rule names any more"""
    with acting() as work:
        _, actor = acting_person(work)
        shown = _match(work, credential)
        remove_credential(work, credential, actor=actor)
    return shown


def _match(work: Work, name: str) -> dict[str, Any]:
    found = show_credential(work, name, lock=True)
    require_match(etag_of(credential_state(found)))
    (shown,) = _shown(work, [found])
    return shown


def _answer(work: Work, name: str, status: int = 200) -> Answer:
    found = show_credential(work, name)
    (shown,) = _shown(work, [found])
    return tagged(shown, credential_state(found), status)


def _shown(work: Work, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    launched = launched_with(work, [each["name"] for each in found])
    return [
        each
        | {
            "launched_at": launched.get(each["name"]),
            "etag": etag_of(credential_state(each)),
        }
        for each in found
    ]
