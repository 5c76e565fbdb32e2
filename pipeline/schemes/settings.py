"""The settings of a scheme: what they are called, what they take, and what is wrong with a value.

One list serves all: the API checks with it, `awgp source schemes` prints it, and the web UI makes
its form of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipeline.registry_names import FieldInvalid

HEADER: Final = r"[A-Za-z][A-Za-z0-9-]{0,63}"
HEADER_TAKES: Final = "a header's name: letters, digits and -, a letter first"
LONGEST: Final = 500
MOST_ENTRIES: Final = 20
FIELD: Final = "settings"

# What the edge itself lives by, and what says nothing of a sender.
_NOT_A_PROOF: Final = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "content-encoding",
        "transfer-encoding",
        "connection",
        "traceparent",
        "tracestate",
        "user-agent",
        "accept",
        "forwarded",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting.

    Attributes:
        kind: A line of text, the name of a header, one of `choices`, a whole number, or a list of
            lines.
        pattern: What a line must be; `takes` says it in words.
        least, most: Of a number.
    """

    name: str
    label: str
    help: str
    kind: Literal["text", "header", "choice", "number", "list"] = "text"
    required: bool = False
    default: str | int | tuple[str, ...] | None = None
    choices: tuple[str, ...] = ()
    pattern: str = r"[ -~]+"
    takes: str = "printable ASCII on one line"
    least: int = 0
    most: int = 0

    def clean(self, value: object) -> object:
        """Return a value as it is kept.

        Raises:
            FieldInvalid: Names this setting and says what it takes.
        """
        if self.kind == "number":
            return self._number(value)
        if self.kind == "list":
            return self._list(value)
        text = self._text(value)
        if self.kind == "choice" and text not in self.choices:
            raise self.invalid(f"must be one of {', '.join(self.choices)}")
        if self.kind == "header":
            text = text.lower()
            if not re.fullmatch(HEADER, text):
                raise self.invalid(HEADER_TAKES)
            if text in _NOT_A_PROOF or text.startswith("x-forwarded-"):
                raise self.invalid("this header has a meaning of its own")
        return text

    def invalid(self, fix: str) -> FieldInvalid:
        return FieldInvalid(f"{FIELD}.{self.name}", fix)

    def _text(self, value: object) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST:
            raise self.invalid(f"must be a text of 1 to {LONGEST} characters")
        if self.kind in {"text", "list"} and not re.fullmatch(self.pattern, value):
            raise self.invalid(self.takes)
        return value

    def _number(self, value: object) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise self.invalid(f"must be a whole number from {self.least} to {self.most}")
        return value

    def _list(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_ENTRIES:
            raise self.invalid(f"must be a list of 1 to {MOST_ENTRIES} texts")
        return tuple(self._text(each) for each in value)


TOLERANCE: Final = Setting(
    name="tolerance_seconds",
    label="Seconds a time may differ",
    help="How far the time a message was signed at may be from ours, in seconds.",
    kind="number",
    default=300,
    least=1,
    most=3600,
)


def clean_settings(known: Sequence[Setting], given: Mapping[str, Any]) -> dict[str, object]:
    """Return every setting's value, the defaults included.

    Raises:
        FieldInvalid: Names the first that cannot be kept, as `settings.NAME`.
    """
    names = [each.name for each in known]
    for name in given:
        if name not in names:
            there = f"there are {', '.join(names)}" if names else "this scheme has none"
            raise FieldInvalid(f"{FIELD}.{name[:64]}", f"is not a setting of this scheme; {there}")
    values: dict[str, object] = {}
    for each in known:
        value = given.get(each.name)
        if value in (None, ""):
            if each.required:
                raise each.invalid("is needed")
            values[each.name] = each.default
        else:
            values[each.name] = each.clean(value)
    return values
