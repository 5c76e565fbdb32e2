"""Assistants, as the OpenAPI document says them."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.assistant_change import ALLOWABLE, MAX_TARGETS
from pipeline.execution import RANGES
from web.schemas import Strict
from web.setup_schemas import (
    A_DIGEST,
    A_NAME,
    NamePage,
    NamePageQuery,
    PersonRef,
    RunsSummary,
)

# What its bundle may be given of what it asks for.
ALLOW: Final[Mapping[str, Any]] = {
    "keys": fields.String(validate=validate.OneOf(sorted(ALLOWABLE))),
}


class AssistantsQuery(NamePageQuery):
    active = fields.Boolean(
        load_default=None, truthy={"true"}, falsy={"false"}, metadata={"example": "true"}
    )


class VersionBody(Strict):
    """What a version is to be."""

    bundle = fields.String(required=True, validate=A_DIGEST)
    targets = fields.List(
        fields.String(validate=A_NAME),
        load_default=list,
        validate=validate.Length(max=MAX_TARGETS),
        metadata={"description": "Names of targets: where results go, in order."},
    )
    limits = fields.Dict(
        keys=fields.String(validate=validate.OneOf(sorted(RANGES))),
        values=fields.Raw(metadata={"type": "number"}),
        load_default=dict,
        metadata={
            "description": "A ceiling for the bundle's own limits; one that is left out is open."
        },
    )
    allow = fields.Dict(
        **ALLOW,
        load_default=None,
        metadata={
            "description": "What its bundle may be given of what it asks for: `network` (rules of"
            " `url`, `methods`, `private`), `environment` (values by name), `gateway` (a ceiling),"
            " `llm` (`url`, `models`, `tokens`, `private`, `credential`),"
            " `memory` (`entries`, `model`), `syscalls` (`profile`"
            " `default` or `strict`, and what is added to the latter, `add`: a ceiling)."
            " Left out: as the version before, if it has the same bundle; nothing for the first."
            " Must be said where another bundle follows one that was allowed something.",
            "example": {"network": [{"url": "https://api.example.com/v1/", "methods": ["GET"]}]},
        },
    )
    configuration = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={
            "description": "Kept and shown. No agent is given it, and no action digest covers it."
        },
    )


class AssistantBody(VersionBody):
    name = fields.String(required=True, validate=A_NAME)


class SourceOfAssistant(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    active = fields.Boolean(required=True)


class AssistantLine(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    active = fields.Boolean(required=True)
    version = fields.Integer(required=True)
    bundle = fields.String(required=True)
    bundle_name = fields.String(required=True)
    bundle_version = fields.String(required=True)
    runtime = fields.String(required=True)
    author = fields.Nested(PersonRef, required=True)
    targets = fields.List(fields.String(), required=True)
    sources = fields.List(fields.Nested(SourceOfAssistant), required=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)


class AssistantPage(NamePage):
    items = fields.List(fields.Nested(AssistantLine), required=True)


class AssistantVersionView(Schema):
    """One version; immutable."""

    version = fields.Integer(required=True)
    bundle = fields.String(required=True)
    bundle_name = fields.String(required=True)
    bundle_version = fields.String(required=True)
    bundle_author = fields.Nested(PersonRef, required=True)
    runtime = fields.String(required=True)
    runtime_digest = fields.String(required=True)
    configuration = fields.Dict(required=True)
    sandbox_policy = fields.Dict(
        required=True,
        metadata={"description": "What the tenant allows; empty is no ceiling, and no network."},
    )
    ceilings = fields.Dict(
        required=True,
        metadata={"description": "The same as a new version takes it; what is open is left out."},
    )
    limits = fields.Dict(
        required=True, metadata={"description": "What the bundle asks, within that ceiling."}
    )
    targets = fields.List(fields.String(), required=True)
    author = fields.Nested(PersonRef, required=True)
    created_at = fields.AwareDateTime(required=True)


class AssistantView(AssistantLine):
    """An assistant with its newest versions."""

    current = fields.Nested(AssistantVersionView, required=True)
    versions = fields.List(fields.Nested(AssistantVersionView), required=True)
    runs = fields.Nested(RunsSummary, required=True)
