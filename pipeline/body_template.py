"""What a tenant's own words make of a result: a Jinja template in a sandbox that cannot run away.

Jinja's immutable sandbox keeps a template from changing or reaching what it is given. Here it is
narrowed to what a body needs, and bounded:

  words ..... the kinds of nodes, filters and tests below; no calls, macros, imports, methods
  source .... MAX_SOURCE characters
  values .... MAX_WEIGHT characters and members each; numbers below 2^256
  steps ..... MAX_STEPS turns of loops, look-ups, filters and operations, of all loops together
  time ...... MAX_SECONDS, looked at between any two steps, each of which is short
  body ...... MAX_BODY_BYTES

The same values make the same bytes: a template has no time, no chance and no counter.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.errors import AwgpError
from pipeline.refusal import Refusal
from pipeline.strict_json import parse

MAX_SOURCE: Final = 16 * 1024
MAX_WEIGHT: Final = 1024 * 1024
MAX_STEPS: Final = 50_000
MAX_SECONDS: Final = 1.0
MAX_BODY_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64
LARGEST: Final = 2**256

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.Name,
    nodes.Const,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Concat,
    nodes.Filter,
    nodes.Test,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
)
_TESTS: Final = frozenset(
    (
        *("boolean", "false", "float", "integer", "iterable", "mapping", "none", "number"),
        *("sequence", "string", "true", "defined", "undefined", "in"),
        *("eq", "equalto", "ge", "greaterthan", "gt", "le", "lessthan", "lt", "ne"),
    )
)
_LOOP: Final = frozenset(("first", "index", "index0", "last", "length", "revindex", "revindex0"))
_NOT_NAMES: Final = frozenset({"caller", "self", "super", "varargs", "kwargs"})


class TemplateInvalid(AwgpError):
    """A template cannot be kept; the message says where and why."""


class TemplateFailed(AwgpError):
    """A template made no body of these values; the message quotes none of them."""


class _Budget:
    """What is left to one rendering."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends_at = clock() + MAX_SECONDS
        self._steps = 0

    def step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TemplateFailed(f"the template takes more than {MAX_STEPS} steps")
        if self._clock() > self._ends_at:
            raise TemplateFailed(f"the template takes longer than {MAX_SECONDS:g} s")


_budget: ContextVar[_Budget] = ContextVar("template_budget")


def check_template(source: str) -> None:
    """Let a template pass that could make a body.

    Raises:
        TemplateInvalid: It says what; rendering may still fail for want of a value.
    """
    _compiled(source)


def render_body(
    source: str,
    values: Mapping[str, Any],
    *,
    as_json: bool,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """Make a body, the same for the same values.

    Args:
        values: Of JSON, by the names templates use.
        as_json: It has to be JSON.

    Raises:
        TemplateInvalid: As in `check_template`.
        TemplateFailed: No body came of it.
    """
    template = _compiled(source)
    token = _budget.set(_Budget(clock))
    try:
        body = _collect(template, values)
    except TemplateError as error:
        raise TemplateFailed(f"the template failed: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise TemplateFailed(f"the template failed: {type(error).__name__}") from error
    except (RecursionError, MemoryError) as error:
        raise TemplateFailed("the template failed: it goes too deep") from error
    finally:
        _budget.reset(token)
    if as_json:
        try:
            parse(body, max_depth=MAX_DEPTH)
        except Refusal as error:
            raise TemplateFailed(f"what the template makes is no JSON: {error}") from error
    return body


def _collect(template: Template, values: Mapping[str, Any]) -> bytes:
    body = bytearray()
    for piece in template.root_render_func(template.new_context(dict(values))):
        _budget.get().step()
        body += piece.encode()
        if len(body) > MAX_BODY_BYTES:
            raise TemplateFailed(f"the template makes more than {MAX_BODY_BYTES} bytes")
    return bytes(body)


class _Environment(ImmutableSandboxedEnvironment):
    """Looks values up and nothing else; counts each step."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        _budget.get().step()
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        # A missing value says so by itself; no other has members.
        return obj[attribute] if isinstance(obj, Undefined) else self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        _budget.get().step()
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(name=str(argument)[:100])
        return obj[argument] if isinstance(obj, Undefined) else self.undefined(name="a member")

    def is_safe_callable(self, obj: Any) -> bool:
        del obj
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        _budget.get().step()
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            str(left), str(right)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _concat((left, right))
        for each in (left, right):
            if not isinstance(each, int | float) or not -LARGEST < each < LARGEST:
                raise TemplateFailed(f"{operator} takes numbers below 2^256")
        return super().call_binop(context, operator, left, right)


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    """Raises: TemplateInvalid."""
    if len(source) > MAX_SOURCE:
        raise TemplateInvalid(f"at most {MAX_SOURCE} characters")
    try:
        tree = _ENVIRONMENT.parse(source)
        tree = nodes.Template([_bounded(each) for each in tree.body], lineno=1)
        tree.set_environment(_ENVIRONMENT)
        code = _ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as error:
        raise TemplateInvalid(f"line {error.lineno}: {error.message}") from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise TemplateInvalid("it is nested too deep") from error
    return Template.from_code(_ENVIRONMENT, code, {})


def _bounded(node: nodes.Node) -> Any:
    """The node with everything in it that can grow going through our own filters.

    Raises:
        TemplateSyntaxError: There is no such word.
    """
    _check(node)
    for name, value in node.iter_fields():
        if isinstance(value, list):
            kept = [_bounded(each) if isinstance(each, nodes.Node) else each for each in value]
            setattr(node, name, kept)
        elif isinstance(value, nodes.Node):
            setattr(node, name, _bounded(value))
    if isinstance(node, nodes.For):
        node.iter = _through("_each", node.iter)
    if isinstance(node, nodes.Concat):
        return _through("_concat", nodes.Tuple(node.nodes, "load", lineno=node.lineno))
    makes = isinstance(node, nodes.List | nodes.Dict)
    if makes or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        return _through("_weighed", node)
    return node


def _through(name: str, node: nodes.Expr | nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _check(node: nodes.Node) -> None:
    said = type(node).__name__.lower()
    if isinstance(node, nodes.Call):
        raise TemplateSyntaxError("nothing is called in a template; use filters", node.lineno)
    if not isinstance(node, _ALLOWED):
        raise TemplateSyntaxError(f"a template has no {said}", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("a template has no recursive loop", node.lineno)
    if isinstance(node, nodes.Name) and (node.name in _NOT_NAMES or node.name.startswith("_")):
        raise TemplateSyntaxError(f"there is no {node.name}", node.lineno)
    if isinstance(node, nodes.Filter) and (node.node is None or node.name not in FILTERS):
        known = ", ".join(sorted(FILTERS))
        raise TemplateSyntaxError(f"there is no filter {node.name}; there are {known}", node.lineno)
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise TemplateSyntaxError(f"there is no test {node.name}", node.lineno)


def _weigh(value: Any) -> Any:
    """Let a value pass that is not too much, counted as often as it stands in itself."""
    weight, left = 0, [value]
    while left:
        each = left.pop()
        weight += 1
        if isinstance(each, str):
            weight += len(each)
        elif isinstance(each, Mapping):
            left.extend(each)
            left.extend(each.values())
        elif isinstance(each, list | tuple):
            left.extend(each)
        if weight + len(left) > MAX_WEIGHT:
            raise TemplateFailed(f"a value in the template weighs more than {MAX_WEIGHT}")
    return value


def _counted(do: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        _budget.get().step()
        return _weigh(do(*arguments, **named))

    return counted


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, Mapping | list | tuple):
        raise TemplateFailed("a loop goes over a list or an object")
    budget = _budget.get()
    for each in value:
        budget.step()
        yield each


def _concat(parts: Any) -> str:
    texts = [_text(each) for each in parts]
    return _joined(texts, "")


def _joined(texts: list[str], between: str) -> str:
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_WEIGHT:
        raise TemplateFailed(f"a text in the template is longer than {MAX_WEIGHT}")
    return between.join(texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(_weigh(value))


def _tojson(value: Any) -> str:
    if isinstance(value, Undefined):
        str(value)
    return json.dumps(_weigh(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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
            return _ENVIRONMENT.undefined(name="first or last of nothing")
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


def _make_environment() -> _Environment:
    made = _Environment(undefined=StrictUndefined, autoescape=False, optimized=False)
    made.globals.clear()
    made.filters.clear()
    made.filters |= {name: _counted(do) for name, do in FILTERS.items()}
    made.filters |= {"_concat": _counted(_concat), "_weighed": _counted(lambda value: value)}
    made.filters["_each"] = _each
    return made


_ENVIRONMENT: Final = _make_environment()
