"""How a target wants to be treated: what means delivered, how often, how long, how many at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.errors import AwgpError

LONGEST_TEXT: Final = 1000
LONGEST_TIMEOUT_SECONDS: Final = 60
MOST_RETRIES: Final = 30
LONGEST_RETRY_SECONDS: Final = 86_400
MOST_AT_ONCE: Final = 100
MOST_FAILURES: Final = 1000
LONGEST_OPEN_SECONDS: Final = 3600
JSON: Final = "application/json"

# RFC 9110, 5.6.2, of a length nobody exceeds.
HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
CONTENT_TYPE: Final = re.compile(
    r"(application/([a-z0-9.-]{1,60}\+)?json|text/[a-z0-9.-]{1,40})(; ?charset=utf-8)?"
)
# What a request says of itself, or of its connection.
OUR_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
OUR_PREFIXES: Final = ("webhook-", "proxy-")

_KNOWN: Final = {
    "allow_private",
    "circuit",
    "concurrency",
    "content_type",
    "expect",
    "header",
    "retry_seconds",
    "retry_status",
    "timeout_seconds",
}


class TargetSettingsInvalid(AwgpError):
    """A target's settings say something that cannot be kept.

    Attributes:
        field: Where, such as `expect.status`.
        fix: What it takes.
    """

    def __init__(self, field: str, fix: str) -> None:
        super().__init__(f"a target's {field}: {fix}")
        self.field = field
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitRules:
    """When a target that does not take anything is left alone, and for how long at first."""

    failures: int = 10
    open_seconds: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """How a target wants to be treated.

    Args:
        allow_private: Its URL may be http and lead to a private or loopback address.
        expect_status: Statuses that mean delivered; empty means any 2xx.
        expect_body: Must stand in the answer, too; empty asks for nothing.
        lacks_body: Must not stand in it; empty asks for nothing.
        retry_status: Statuses that mean "not yet" though they look final.
        header: The name of a header that carries its header secret; empty for none.
        content_type: Of what a template makes.
        timeout_seconds: For one exchange; None is what the deployment says.
        retry_seconds: The wait before each further attempt; None is what the deployment says.
        concurrency: Deliveries under way at once, of all workers; None is as many as come.
    """

    allow_private: bool = False
    expect_status: frozenset[int] = frozenset()
    expect_body: str = ""
    lacks_body: str = ""
    retry_status: frozenset[int] = frozenset()
    header: str = ""
    content_type: str = JSON
    timeout_seconds: int | None = None
    retry_seconds: tuple[int, ...] | None = None
    concurrency: int | None = None
    circuit: CircuitRules = CircuitRules()

    @property
    def makes_json(self) -> bool:
        return "json" in self.content_type

    def attempts(self, otherwise: int) -> int:
        """How many attempts are made at most."""
        return otherwise if self.retry_seconds is None else len(self.retry_seconds) + 1

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TargetSettings":
        """Read what `docs/reference/targets.md` describes; each member is optional.

        Raises:
            TargetSettingsInvalid: Names what is unknown or malformed.
        """
        _only("", values, _KNOWN)
        expect = _object("expect", values)
        _only("expect", expect, {"status", "body_contains", "body_lacks"})
        private = values.get("allow_private", False)
        if not isinstance(private, bool):
            raise TargetSettingsInvalid("allow_private", "true or false")
        return cls(
            allow_private=private,
            expect_status=_statuses("expect.status", expect.get("status", [])),
            expect_body=_text("expect.body_contains", expect.get("body_contains", "")),
            lacks_body=_text("expect.body_lacks", expect.get("body_lacks", "")),
            retry_status=_statuses("retry_status", values.get("retry_status", [])),
            header=_header(values.get("header", "")),
            content_type=_content_type(values.get("content_type", JSON)),
            timeout_seconds=_number(values, "timeout_seconds", 1, LONGEST_TIMEOUT_SECONDS),
            retry_seconds=_schedule(values.get("retry_seconds")),
            concurrency=_number(values, "concurrency", 1, MOST_AT_ONCE),
            circuit=_circuit(_object("circuit", values)),
        )


def _only(field: str, values: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(str(each)[:60] for each in set(values) - known)
    if unknown:
        where = f"{field}.{unknown[0]}" if field else unknown[0]
        raise TargetSettingsInvalid(where, f"is not known; there are {', '.join(sorted(known))}")


def _object(field: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = values.get(field, {})
    if not isinstance(found, Mapping):
        raise TargetSettingsInvalid(field, "an object")
    return found


def _statuses(field: str, values: object) -> frozenset[int]:
    if isinstance(values, list) and all(type(v) is int and 100 <= v <= 599 for v in values):
        return frozenset(values)
    raise TargetSettingsInvalid(field, "a list of HTTP statuses, 100 to 599")


def _text(field: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise TargetSettingsInvalid(field, f"a text of at most {LONGEST_TEXT} characters")
    return value


def _header(value: object) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not HEADER.fullmatch(value):
        raise TargetSettingsInvalid("header", "the name of an HTTP header, such as X-API-Key")
    if value.lower() in OUR_HEADERS or value.lower().startswith(OUR_PREFIXES):
        raise TargetSettingsInvalid("header", f"{value} is set by the request itself")
    return value


def _content_type(value: object) -> str:
    if not isinstance(value, str) or not CONTENT_TYPE.fullmatch(value):
        raise TargetSettingsInvalid(
            "content_type", "application/json, another of JSON (application/x+json), or text/plain"
        )
    return value


def _number(values: Mapping[str, Any], field: str, least: int, most: int) -> int | None:
    value = values.get(field.rpartition(".")[2])
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise TargetSettingsInvalid(field, f"a whole number from {least} to {most}")
    return value


def _schedule(values: object) -> tuple[int, ...] | None:
    if values is None:
        return None
    fits = isinstance(values, list) and len(values) <= MOST_RETRIES
    if not fits or not all(type(v) is int and 1 <= v <= LONGEST_RETRY_SECONDS for v in values):  # type: ignore[attr-defined]  # a list, as `fits` says
        raise TargetSettingsInvalid(
            "retry_seconds",
            f"at most {MOST_RETRIES} waits of 1 to {LONGEST_RETRY_SECONDS} seconds",
        )
    return tuple(values)  # type: ignore[arg-type]  # as above


def _circuit(values: Mapping[str, Any]) -> CircuitRules:
    _only("circuit", values, {"failures", "open_seconds"})
    usual = CircuitRules()
    return CircuitRules(
        failures=_number(values, "circuit.failures", 1, MOST_FAILURES) or usual.failures,
        open_seconds=_number(values, "circuit.open_seconds", 1, LONGEST_OPEN_SECONDS)
        or usual.open_seconds,
    )
