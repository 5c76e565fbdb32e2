"""A source as its endpoints answer with it."""

from typing import Any, Final
from uuid import UUID

from pipeline.callback_store import list_callbacks
from pipeline.registry_names import FieldInvalid
from pipeline.schedule_store import KIND, show_schedule
from pipeline.schemes.registry import build_scheme
from pipeline.source_change import SecretSet
from pipeline.source_view import show_source, source_state
from pipeline.webhook_sample import sample
from pipeline.work import Work
from web.preconditions import etag_of, require_match
from web.services import services
from web.setup_endpoint import Answer, tagged

ONE: Final = "/v1/sources/<uuid:source_id>"


def match(work: Work, source_id: UUID) -> None:
    """Raises: PreconditionFailed: It was changed since who asks saw it."""
    require_match(etag_of(source_state(work, source_id, lock=True)))


def url_of(source_id: object) -> str:
    """Where a source sends to."""
    return f"{services().ingest_url.rstrip('/')}/v1/hooks/{source_id}"


def answer_with(
    work: Work, source_id: UUID, status: int = 200, made: SecretSet | None = None
) -> Answer:
    """A source as it is now; a secret made this moment stands in it, this once."""
    url = url_of(source_id)
    shown = show_source(work, source_id)
    told = None if made is None else made.told
    sends_itself = shown["kind"] == KIND
    shown |= {
        "url": url,
        "callbacks": list_callbacks(work, source_id),
        "schedule": show_schedule(work, source_id, active=shown["active"]),
        "sample": "" if sends_itself else _sample(shown["scheme"], shown["settings"], url, told),
    }
    if made is not None:
        shown["secret"] = told
    return tagged(shown, source_state(work, source_id), status)


def _sample(scheme: str, settings: dict[str, Any], url: str, told: str | None) -> str:
    try:
        return sample(build_scheme(scheme, settings), url, told)
    except FieldInvalid as error:
        return f"# {error}\n"
