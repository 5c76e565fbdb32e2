"""Persons of the tenant: who acts here. Who may sign in is the identity provider's to say."""

from typing import Any, Final
from uuid import UUID

from marshmallow import Schema, fields, validate

from pipeline.person_view import (
    bring_back,
    person_state,
    persons_page,
    show_tenants_person,
    take_away,
)
from pipeline.registry_names import FieldInvalid, NotSetUp
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import make_blueprint
from web.preconditions import etag_of, require_match
from web.schemas import Page, PageQuery, Strict
from web.services import acting, reading
from web.setup_endpoint import Answer, edits, lists, shows, tagged
from web.setup_schemas import SEARCH, acting_person, page

blueprint = make_blueprint("persons", "The people and machines of the tenant")

ONE: Final = "/v1/persons/<uuid:person_id>"


class PersonsQuery(PageQuery):
    removed = fields.Boolean(
        load_default=False,
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "Those who were removed too."},
    )
    q = fields.String(
        load_default=None,
        validate=SEARCH,
        metadata={"description": "A part of a name or address, or a whole subject."},
    )


class RemovalBody(Strict):
    heir = fields.UUID(
        load_default=None,
        metadata={"description": "Who takes over the sources they own."},
    )


class PersonLine(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["human", "client"]))
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    email = fields.String(required=True)
    groups = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Their voting groups when they were last seen."},
    )
    seen_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    removed_at = fields.AwareDateTime(required=True, allow_none=True)


class PersonPage(Page):
    items = fields.List(fields.Nested(PersonLine), required=True)


class OwnedSource(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)


class PersonView(PersonLine):
    """A person and what stands to their name."""

    owns_sources = fields.List(fields.Nested(OwnedSource), required=True)
    wrote_assistants = fields.List(fields.String(), required=True)
    wrote_policies = fields.List(fields.Integer(), required=True)
    wrote_rules = fields.List(fields.String(), required=True)
    bundles = fields.Integer(required=True)


@lists(blueprint, "/v1/persons", PersonPage, PersonsQuery)
def list_persons(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's people and machines in the order they came"""
    with reading() as work:
        rows = persons_page(
            work,
            removed=query["removed"],
            q=query["q"],
            after=query["cursor"],
            limit=query["limit"] + 1,
        )
    return page(rows, query["limit"], key="id")


@shows(blueprint, ONE, PersonView)
def show(person_id: UUID) -> Answer:
    """Show a person and what stands to their name"""
    with reading() as work:
        return _answer(work, person_id)


@edits(
    blueprint,
    f"{ONE}/remove",
    PersonView,
    RemovalBody,
    access=PEOPLE_WHO_ADMINISTER,
    problems=[404, 409],
)
def remove(body: dict[str, Any], person_id: UUID) -> Answer:
    """Let a person no longer act here, whatever their token says

    What they wrote, asked for and voted stays theirs. Not oneself: another administrator does it.
    """
    with acting() as work:
        me, actor = acting_person(work)
        require_match(etag_of(person_state(work, person_id, lock=True)))
        if me == person_id:
            raise FieldInvalid("person_id", "that is you: another administrator can remove you")
        try:
            take_away(work, person_id, heir=body["heir"], actor=actor)
        except NotSetUp as error:
            if body["heir"] is None:
                raise
            raise FieldInvalid("heir", str(error)) from error
        return _answer(work, person_id)


@edits(blueprint, f"{ONE}/restore", PersonView, access=PEOPLE_WHO_ADMINISTER)
def restore(person_id: UUID) -> Answer:
    """Let a person who was removed act again"""
    with acting() as work:
        _, actor = acting_person(work)
        require_match(etag_of(person_state(work, person_id, lock=True)))
        bring_back(work, person_id, actor=actor)
        return _answer(work, person_id)


def _answer(work: Work, person_id: UUID, status: int = 200) -> Answer:
    shown = show_tenants_person(work, person_id)
    return tagged(shown, person_state(work, person_id), status)
