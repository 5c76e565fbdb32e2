"""The words that templates of bodies are made of: all others are refused when one is set.

What is let through is rewritten: every loop, concatenation and literal of a list or an object goes
through a filter of ours (`EACH`, `CONCAT`, `WEIGHED`), which counts it and weighs what it makes.
"""

from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes

from pipeline.template_filters import FILTERS

EACH: Final = "_each"
CONCAT: Final = "_concat"
WEIGHED: Final = "_weighed"

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
_NOT_NAMES: Final = frozenset({"caller", "self", "super", "varargs", "kwargs"})


def bounded(node: nodes.Node) -> Any:
    """The node with everything in it that can grow going through our own filters.

    Raises:
        TemplateSyntaxError: There is no such word.
    """
    _check(node)
    for name, value in node.iter_fields():
        if isinstance(value, list):
            kept = [bounded(each) if isinstance(each, nodes.Node) else each for each in value]
            setattr(node, name, kept)
        elif isinstance(value, nodes.Node):
            setattr(node, name, bounded(value))
    if isinstance(node, nodes.For):
        node.iter = _through(EACH, node.iter)
    if isinstance(node, nodes.Concat):
        return _through(CONCAT, nodes.Tuple(node.nodes, "load", lineno=node.lineno))
    makes = isinstance(node, nodes.List | nodes.Dict)
    if makes or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        return _through(WEIGHED, node)
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
