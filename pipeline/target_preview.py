"""What a target would be sent, shown before it is: the address, the headers, the body.

No secret is in it: what is made when it is sent is said to be.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pipeline.courier import USER_AGENT
from pipeline.delivery import (
    TEST,
    MessageContent,
    body_of,
    content_type_of,
    signed_headers,
)
from pipeline.execution_store import last_result
from pipeline.registry_names import FieldInvalid
from pipeline.run_store import RunNotFound, load_run
from pipeline.target_settings import TargetSettings
from pipeline.template_budget import TemplateFailed
from pipeline.work import Work

LONGEST_RESULT: Final = 256 * 1024
SAMPLE_RUN: Final = "00000000-0000-7000-8000-000000000000"
SAMPLE: Final[Mapping[str, Any]] = {"sample": True}
HIDDEN: Final = "(the value that was set; never shown)"
SIGNED_LATER: Final = "v1,(made when it is sent)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A request that has not been made.

    Args:
        problem: Why there is no body; None where there is one.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    problem: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "method": "POST",
            "url": self.url,
            "headers": dict(self.headers),
            "body": self.body.decode(),
            "body_bytes": len(self.body),
            "problem": self.problem,
        }


def content_of_a_test(
    work: Work, *, result: Any = None, run_id: UUID | None = None
) -> MessageContent:
    """What a test says: a run's result, one that was given, or a sample. Its type says what it is.

    Raises:
        FieldInvalid: There is no such run, or it left no result; or the result is too long.
    """
    slug = work.execute("SELECT slug FROM tenants WHERE tenant_id = :id", id=work.tenant_id)
    tenant: str = slug.scalar_one()
    assistant, run, content = "sample", SAMPLE_RUN, _packed(SAMPLE if result is None else result)
    if run_id is not None:
        run, (assistant, content) = str(run_id), _of_run(work, run_id)
    return MessageContent(
        run=run, tenant=tenant, assistant=assistant, position=0, result=content, type=TEST
    )


def _of_run(work: Work, run_id: UUID) -> tuple[str, bytes]:
    try:
        run = load_run(work, run_id)
    except RunNotFound as error:
        raise FieldInvalid("run", "there is no such run") from error
    content = last_result(work, run)
    if content is None:
        raise FieldInvalid("run", "it has left no result")
    name = work.execute(
        "SELECT name FROM assistants WHERE assistant_id = :id", id=run.assistant_id
    ).scalar_one()
    return name, content


def _packed(result: Any) -> bytes:
    packed = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
    if len(packed) > LONGEST_RESULT:
        raise FieldInvalid("result", f"at most {LONGEST_RESULT} bytes of JSON")
    return packed


def preview(
    content: MessageContent, *, url: str, settings: TargetSettings, template: str, message: str
) -> Preview:
    """What would be sent of this.

    Args:
        message: Its id.
    """
    problem, body = None, b""
    try:
        body = body_of(content, template, settings)
    except TemplateFailed as error:
        problem = str(error)
    headers = signed_headers(
        body,
        key=b"",
        message=message,
        at=datetime.now(UTC),
        content_type=content_type_of(template, settings),
        further={settings.header: HIDDEN} if settings.header else None,
    )
    headers |= {"webhook-signature": SIGNED_LATER, "User-Agent": USER_AGENT}
    return Preview(url=url, headers=headers, body=body, problem=problem)
