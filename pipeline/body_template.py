"""What a tenant's own words make of a result: a Jinja template in a sandbox that cannot run away.

Jinja's immutable sandbox keeps a template from changing or reaching what it is given. Here it is
narrowed to what a body needs, and bounded:

  words ..... those of template_words.py and template_filters.py; no calls, macros, imports, methods
  source .... MAX_SOURCE characters
  values .... MAX_WEIGHT characters and members each; numbers below 2^256
  steps ..... MAX_STEPS turns of loops, look-ups, filters and operations, of all loops together
  time ...... MAX_SECONDS, looked at between any two steps, each of which is short
  body ...... MAX_BODY_BYTES

The same values make the same bytes: a template has no time, no chance and no counter.
"""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.errors import AwgpError
from pipeline.refusal import Refusal
from pipeline.strict_json import parse
from pipeline.template_budget import LARGEST, TemplateFailed, budget, step
from pipeline.template_filters import FILTERS, concat, counted, each_of
from pipeline.template_words import CONCAT, EACH, WEIGHED, bounded

MAX_SOURCE: Final = 16 * 1024
MAX_BODY_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64

_LOOP: Final = frozenset(("first", "index", "index0", "last", "length", "revindex", "revindex0"))


class TemplateInvalid(AwgpError):
    """A template cannot be kept; the message says where and why."""


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
    try:
        with budget(clock):
            body = _collect(template, values)
    except TemplateError as error:
        raise TemplateFailed(f"the template failed: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise TemplateFailed(f"the template failed: {type(error).__name__}") from error
    except (RecursionError, MemoryError) as error:
        raise TemplateFailed("the template failed: it goes too deep") from error
    if as_json:
        try:
            parse(body, max_depth=MAX_DEPTH)
        except Refusal as error:
            raise TemplateFailed(f"what the template makes is no JSON: {error}") from error
    return body


def _collect(template: Template, values: Mapping[str, Any]) -> bytes:
    body = bytearray()
    for piece in template.root_render_func(template.new_context(dict(values))):
        step()
        body += piece.encode()
        if len(body) > MAX_BODY_BYTES:
            raise TemplateFailed(f"the template makes more than {MAX_BODY_BYTES} bytes")
    return bytes(body)


class _Environment(ImmutableSandboxedEnvironment):
    """Looks values up and nothing else; counts each step."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        step()
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        # A missing value says so by itself; no other has members.
        return obj[attribute] if isinstance(obj, Undefined) else self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        step()
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
        step()
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            str(left), str(right)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return concat((left, right))
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
        tree = nodes.Template([bounded(each) for each in tree.body], lineno=1)
        tree.set_environment(_ENVIRONMENT)
        code = _ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as error:
        raise TemplateInvalid(f"line {error.lineno}: {error.message}") from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise TemplateInvalid("it is nested too deep") from error
    return Template.from_code(_ENVIRONMENT, code, {})


def _make_environment() -> _Environment:
    made = _Environment(undefined=StrictUndefined, autoescape=False, optimized=False)
    made.globals.clear()
    made.filters.clear()
    made.filters |= {name: counted(do) for name, do in FILTERS.items()}
    made.filters |= {CONCAT: counted(concat), WEIGHED: counted(lambda value: value)}
    made.filters[EACH] = each_of
    return made


_ENVIRONMENT: Final = _make_environment()
