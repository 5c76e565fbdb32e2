"""Log lines as events with keys: JSON for machines, columns for a person at a terminal."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor


def configure_event_log(env: str) -> None:
    """Send every event of this process to stderr; called once by each composition root.

    Args:
        env: "production" writes JSON lines always; otherwise only when stderr is no terminal.
    """
    for_people = env != "production" and sys.stderr.isatty()
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _without_nothing,
        *([_fit_for_a_terminal] if for_people else []),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(shared, renderer)


class _Adopted(logging.StreamHandler):  # type: ignore[type-arg]  # generic for checkers only
    """Writes to what stderr is at that moment; found again when the log is configured anew."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _adopt_libraries(shared: list[Processor], renderer: Processor) -> None:
    """Give what libraries log the same form."""
    handler = _Adopted()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [
        *(each for each in root.handlers if not isinstance(each, _Adopted)),
        handler,
    ]
    root.setLevel(logging.WARNING)


def _fit_for_a_terminal(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Spell out what would move a cursor or begin a line; JSON does so by itself."""
    return {
        key: _spelled(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _spelled(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _without_nothing(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if value is not None}
