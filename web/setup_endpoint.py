"""The shapes of set-up's endpoints: a page of things, one of them, one more, an edit, its end.

Everybody in a tenant reads; who may change something is said at each. What can be edited is shown
with its ETag, and an edit names it (web/preconditions.py).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema

from web.access import READERS, Access
from web.endpoint import View, endpoint
from web.preconditions import ETAG, etag_of, header
from web.setup_schemas import NamePageQuery

Answer = tuple[dict[str, Any], int, dict[str, str]]


def lists(
    blueprint: Blueprint,
    rule: str,
    answer: type[Schema],
    query: type[Schema] = NamePageQuery,
) -> Callable[[View], View]:
    """A page of what there is."""
    return endpoint(blueprint, rule, access=READERS, status=200, answer=answer, query=query)


def shows(blueprint: Blueprint, rule: str, answer: type[Schema]) -> Callable[[View], View]:
    """One thing, with the ETag that an edit of it names."""
    return endpoint(
        blueprint, rule, access=READERS, status=200, answer=answer, problems=[404], headers=ETAG
    )


def adds(
    blueprint: Blueprint, rule: str, answer: type[Schema], body: type[Schema], *, access: Access
) -> Callable[[View], View]:
    """One more; its name may be taken."""
    return endpoint(
        blueprint,
        rule,
        method="POST",
        access=access,
        status=201,
        answer=answer,
        body=body,
        problems=[409],
        headers=ETAG,
    )


def edits(
    blueprint: Blueprint,
    rule: str,
    answer: type[Schema],
    body: type[Schema] | None = None,
    *,
    access: Access,
    method: str = "POST",
    status: int = 200,
    problems: Sequence[int] = (404,),
) -> Callable[[View], View]:
    """A change of one thing, by who names the state it is based on."""
    return endpoint(
        blueprint,
        rule,
        method=method,
        access=access,
        status=status,
        answer=answer,
        body=body,
        problems=problems,
        headers=ETAG,
        edits=True,
    )


def removes(
    blueprint: Blueprint,
    rule: str,
    answer: type[Schema],
    *,
    access: Access,
    problems: Sequence[int] = (404,),
) -> Callable[[View], View]:
    """The end of one thing, by who names the state it is in; nothing is left to be edited."""
    return endpoint(
        blueprint,
        rule,
        method="DELETE",
        access=access,
        status=200,
        answer=answer,
        problems=problems,
        edits=True,
    )


def tagged(shown: dict[str, Any], state: Mapping[str, Any], status: int = 200) -> Answer:
    """The answer that shows a thing.

    Args:
        state: Of it, what an edit is based on.
    """
    return shown, status, header(etag_of(state))
