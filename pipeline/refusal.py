"""Errors that know how they are answered. Workers import it: no HTTP server is named here."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from pipeline.errors import AwgpError

ProblemTable: TypeAlias = Mapping[type[Exception], tuple[int, str]]
"""Status and slug by error class."""


class Refusal(AwgpError):
    """An error that knows more than its message: the field at fault, headers of the answer,
    further members of the problem (RFC 9457, section 3.2).
    """

    def __init__(
        self,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.field = field
        self.headers = dict(headers or {})
        self.members = dict(members or {})
