"""Authors' keys: whose signature counts for a tenant's bundles. An admin's to say."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.author_key_view import BUNDLES_SHOWN, author_keys_shown, unsigned_assistants
from pipeline.author_keys import BundleUnsigned, add_author_key, revoke_author_key, show_author_key
from pipeline.author_signature import AuthorKey, AuthorKeyInvalid, SignatureInvalid
from pipeline.refusal import ProblemTable
from pipeline.registry_names import FieldInvalid
from web.access import PEOPLE_WHO_ADMINISTER, READERS
from web.endpoint import endpoint, make_blueprint
from web.schemas import PLAIN_TEXT, Strict
from web.services import acting, reading
from web.setup_schemas import PersonRef, acting_person

blueprint = make_blueprint("author-keys", "Whose signature counts for bundles")

PROBLEMS: Final[ProblemTable] = {
    BundleUnsigned: (422, "bundle-unsigned"),
    SignatureInvalid: (422, "bundle-signature-invalid"),
}
ONE: Final = "/v1/author-keys/<digest:key>"


class AuthorKeyBody(Strict):
    key = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "The public key, as `awgp bundle key make` prints it."},
    )


class RevocationBody(Strict):
    reason = fields.String(required=True, validate=[validate.Length(1, 200), PLAIN_TEXT])


class AuthorKeyView(Schema):
    """A key. What one that was revoked signed does not run any more."""

    key_id = fields.String(
        required=True, metadata={"description": "sha256: over the 32 bytes of the public key."}
    )
    name = fields.String(required=True)
    key = fields.String(required=True)
    added_by = fields.Nested(PersonRef, required=True)
    added_at = fields.AwareDateTime(required=True)
    revoked_by = fields.Nested(PersonRef, required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_because = fields.String(required=True, allow_none=True)


class SignedBundleRef(Schema):
    digest = fields.String(required=True)
    name = fields.String(required=True)
    version = fields.String(required=True)
    pushed_at = fields.AwareDateTime(required=True)
    assistants = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Those with a version that has it, in force or not."},
    )


class AuthorKeyLine(AuthorKeyView):
    """A key with what hangs on it."""

    signed = fields.Integer(required=True, metadata={"description": "How many bundles."})
    bundles = fields.List(
        fields.Nested(SignedBundleRef),
        required=True,
        metadata={"description": f"The newest {BUNDLES_SHOWN} of them."},
    )
    assistants = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Active ones whose bundle nobody else's key signed that counts: once"
            " this one is revoked, they are not launched."
        },
    )


class AuthorKeysView(Schema):
    items = fields.List(fields.Nested(AuthorKeyLine), required=True)
    unsigned_assistants = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Active ones whose bundle no key signed that counts: not launched as"
            " soon as there is a key."
        },
    )


@endpoint(blueprint, "/v1/author-keys", access=READERS, status=200, answer=AuthorKeysView)
def list_keys() -> dict[str, Any]:
    """List the tenant's author keys with what they signed, the revoked last"""
    with reading() as work:
        return {
            "items": author_keys_shown(work),
            "unsigned_assistants": unsigned_assistants(work),
        }


@endpoint(
    blueprint,
    "/v1/author-keys",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=201,
    answer=AuthorKeyView,
    body=AuthorKeyBody,
    problems=[409],
)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Let an author's signature count; from the first key on, only signed bundles are taken"""
    try:
        key = AuthorKey.parse(body["key"])
    except AuthorKeyInvalid as error:
        raise FieldInvalid("key", str(error)) from error
    with acting() as work:
        by, actor = acting_person(work)
        add_author_key(work, key, by=by, actor=actor)
        return show_author_key(work, key.fingerprint)


@endpoint(
    blueprint,
    f"{ONE}/revoke",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=AuthorKeyView,
    body=RevocationBody,
    problems=[404],
)
def revoke(body: dict[str, Any], key: str) -> dict[str, Any]:
    """Let a key count no more, for good: what it alone signed is not launched any more"""
    with acting() as work:
        by, actor = acting_person(work)
        revoke_author_key(work, key, because=body["reason"], by=by, actor=actor)
        return show_author_key(work, key)
