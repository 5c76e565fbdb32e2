"""Log lines as events with keys: JSON for machines, columns for a person at a terminal."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def configure_event_log(env: str) -> None:
    """Send every event of this process to stderr; called once by each composition root.

    Args:
        env: "production" writes JSON lines always; otherwise only when stderr is no terminal.
    """
    for_people = env != "production" and sys.stderr.isatty()
    renderer = (
        structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _without_nothing,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_nothing(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if value is not None}
