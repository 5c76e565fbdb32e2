"""Try a target before it counts: see what it would be sent, and send it that."""

from typing import Any, Final
from uuid import UUID

from pipeline.ids import uuid7
from pipeline.registry_names import FieldInvalid
from pipeline.resending import ask_for_test, message_of_a_test
from pipeline.target_change import TargetWanted, check_target
from pipeline.target_preview import Preview, content_of_a_test, preview
from pipeline.target_settings import TargetSettings
from pipeline.target_view import show_target
from pipeline.work import Actor, Work

NO_ID_YET: Final = "test_(made when it is sent)"


def preview_draft(
    work: Work, wanted: TargetWanted, *, result: Any = None, run_id: UUID | None = None
) -> Preview:
    """What a target like this would be sent.

    Raises:
        FieldInvalid: Names what could not be kept.
    """
    settings = check_target(wanted)
    return preview(
        content_of_a_test(work, result=result, run_id=run_id),
        url=wanted.url,
        settings=settings,
        template=wanted.template,
        message=NO_ID_YET,
    )


def preview_target(
    work: Work,
    name: str,
    *,
    result: Any = None,
    run_id: UUID | None = None,
    message: str = NO_ID_YET,
) -> Preview:
    """What a target would be sent as it is now.

    Args:
        message: Its id, where one was made.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: There is no such run, or no result of it.
    """
    shown = show_target(work, name)
    return preview(
        content_of_a_test(work, result=result, run_id=run_id),
        url=shown["url"],
        settings=TargetSettings.from_json(shown["settings"]),
        template=shown["template"],
        message=message,
    )


def send_test(
    work: Work, name: str, *, result: Any = None, run_id: UUID | None = None, actor: Actor
) -> tuple[UUID, Preview]:
    """Have a target sent a test; returns its id, and what it will be sent.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: There is no such run, or its template makes no body of this.
    """
    test_id = uuid7()
    shown = show_target(work, name)
    seen = preview_target(
        work, name, result=result, run_id=run_id, message=message_of_a_test(test_id)
    )
    if seen.problem is not None:
        raise FieldInvalid("template", seen.problem)
    ask_for_test(
        work,
        target_id=shown["id"],
        version=shown["version"],
        resending_id=test_id,
        body=seen.body,
        actor=actor,
    )
    return test_id, seen
