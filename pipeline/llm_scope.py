"""A model an agent may ask: one endpoint, named models, so many tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pipeline.gateway_grant import Grant, SandboxPolicyInvalid, read_grants

MAX_TOKENS: Final = 100_000_000
MAX_MODELS: Final = 20

MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_FIELDS: Final = frozenset({"url", "private", "credential", "models", "tokens"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm:
    """An OpenAI-compatible endpoint.

    Args:
        grant: Its base, such as `https://llm.example.com/v1/`.
        models: One at least.
        tokens: Of an execution, both ways.
    """

    grant: Grant
    models: tuple[str, ...]
    tokens: int

    def within(self, tokens: int) -> "Llm":
        """With no more tokens than these."""
        return replace(self, tokens=min(self.tokens, tokens))

    def as_json(self) -> dict[str, Any]:
        terms = {name: said for name, said in self.grant.as_json().items() if name != "methods"}
        return terms | {"models": list(self.models), "tokens": self.tokens}

    def in_words(self) -> str:
        """For a person."""
        terms = f", with the credential {self.grant.credential}" if self.grant.credential else ""
        inside = ", also inside the company's own network" if self.grant.private else ""
        models = ", ".join(self.models)
        return f"{self.tokens} tokens of {models} at {self.grant.reach.url}{inside}{terms}."

    @classmethod
    def from_mapping(cls, values: object) -> "Llm":
        """Read what a tenant says, or what is kept of it.

        Raises:
            SandboxPolicyInvalid: Names what is unknown or malformed.
        """
        if not isinstance(values, Mapping) or not set(values) <= _FIELDS:
            raise SandboxPolicyInvalid("llm", f"an object of {', '.join(sorted(_FIELDS))}")
        rule = {name: said for name, said in values.items() if name not in {"models", "tokens"}}
        known = {"url", "methods", "private", "credential"}
        try:
            (grant,) = read_grants([{**rule, "methods": ["POST"]}], known)
        except SandboxPolicyInvalid as error:
            raise SandboxPolicyInvalid(
                error.field.replace("network.0", "llm"), error.rule
            ) from error
        models = values.get("models")
        if not isinstance(models, list) or not 1 <= len(models) <= MAX_MODELS:
            raise SandboxPolicyInvalid("llm.models", f"1 to {MAX_MODELS} names")
        if not all(isinstance(each, str) and MODEL.fullmatch(each) for each in models):
            raise SandboxPolicyInvalid("llm.models", "names of models")
        tokens = check_tokens(values.get("tokens", MAX_TOKENS))
        return cls(grant=grant, models=tuple(models), tokens=tokens)


def check_tokens(value: object) -> int:
    """Let a number of tokens pass.

    Raises:
        SandboxPolicyInvalid: It is none.
    """
    if type(value) is not int or not 1 <= value <= MAX_TOKENS:
        raise SandboxPolicyInvalid("llm.tokens", f"a whole number, 1 to {MAX_TOKENS}")
    return value
