"""What templates of bodies do with values: every filter there is, each counted and weighed."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from jinja2 import StrictUndefined, Undefined

from pipeline.template_budget import MAX_WEIGHT, TemplateFailed, step, weigh


def each_of(value: Any) -> Iterator[Any]:
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, Mapping | list | tuple):
        raise TemplateFailed("a loop goes over a list or an object")
    for each in value:
        step()
        yield each


def concat(parts: Any) -> str:
    texts = [_text(each) for each in parts]
    return _joined(texts, "")


def _joined(texts: list[str], between: str) -> str:
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_WEIGHT:
        raise TemplateFailed(f"a text in the template is longer than {MAX_WEIGHT}")
    return between.join(texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(weigh(value))


def _tojson(value: Any) -> str:
    if isinstance(value, Undefined):
        str(value)
    return json.dumps(weigh(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _default(value: Any, otherwise: Any = "", boolean: bool = False) -> Any:  # as Jinja's own
    missing = isinstance(value, Undefined) or value is None or (boolean and not value)
    return otherwise if missing else value


def _replace(value: Any, old: str, new: str) -> str:
    text, new = _text(value), _text(new)
    if not isinstance(old, str) or not old:
        raise TemplateFailed("replace takes the text to look for, and what to put there")
    if len(text) + text.count(old) * len(new) > MAX_WEIGHT:
        raise TemplateFailed(f"a text in the template is longer than {MAX_WEIGHT}")
    return text.replace(old, new)


def _truncate(value: Any, length: int = 255, end: str = "…") -> str:
    text = _text(value)
    return text if len(text) <= length else text[: max(0, length - len(end))] + end


def _join(value: Any, between: str = "") -> str:
    return _joined([_text(each) for each in value], _text(between))


def _items(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise TemplateFailed("items takes an object")
    return list(value.items())


def _round(value: Any, digits: int = 0) -> float:
    rounded = round(value, max(-20, min(digits, 20)))
    return float(rounded) if digits else int(rounded)


def _edge(at: int) -> Callable[[Any], Any]:
    def edge(value: Any) -> Any:
        if not value:
            return StrictUndefined(name="first or last of nothing")
        return list(value)[at]

    return edge


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": abs,
    "count": len,
    "d": _default,
    "default": _default,
    "first": _edge(0),
    "int": lambda value: int(_number(value)),
    "items": _items,
    "join": _join,
    "keys": lambda value: [key for key, _ in _items(value)],
    "last": _edge(-1),
    "length": len,
    "lower": lambda value: _text(value).lower(),
    "replace": _replace,
    "round": _round,
    "sort": sorted,
    "string": _text,
    "tojson": _tojson,
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "upper": lambda value: _text(value).upper(),
    "urlencode": lambda value: quote(_text(value), safe=""),
}
"""All filters there are; docs/reference/targets.md names them."""


def _number(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 80:
        raise TemplateFailed("int takes a number")
    return value


def counted(do: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes a step, and lets nothing too heavy out."""

    def counting(*arguments: Any, **named: Any) -> Any:
        step()
        return weigh(do(*arguments, **named))

    return counting
