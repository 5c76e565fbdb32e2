"""What a tenant allows an assistant beyond its sandbox, as it is written on the command line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from pipeline.assistant_change import allowance
from pipeline.llm_scope import MAX_TOKENS
from pipeline.memory_scope import MAX_ENTRIES
from pipeline.registry_names import FieldInvalid
from pipeline.syscalls import ADDITIONS, DEFAULT, STRICT


def allow_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --allow, --allow-inside and --env."""
    for option in (
        click.option(
            "--env",
            "variables",
            multiple=True,
            metavar="NAME=VALUE",
            help="A variable it is given if its bundle asks for it; no secret. Repeatable.",
        ),
        click.option(
            "--allow-inside",
            multiple=True,
            metavar="RULE",
            help="The same at addresses of your own network too, http included. Repeatable.",
        ),
        click.option(
            "--allow",
            multiple=True,
            metavar="RULE",
            help='Where its bundle may go if it asks to: methods and a URL, as "GET,POST'
            ' https://api.example.com/v1/ as NAME", with what is below it; NAME is a credential the'
            " gateway puts in, where it needs one. Repeatable.",
        ),
    ):
        command = option(command)
    return command


def syscalls_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --syscalls."""
    added: Callable[..., Any] = click.option(
        "--syscalls",
        metavar="PROFILE",
        help=f"System calls it may have at most: {DEFAULT}, {STRICT}, or {STRICT} with what is"
        f" added, as strict,threads; there are {', '.join(ADDITIONS)}. Left out, as the version"
        f" before has it, and {DEFAULT} without one.",
    )(command)
    return added


def llm_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --llm, --llm-inside and --llm-tokens."""
    for option in (
        click.option(
            "--llm-tokens",
            type=click.IntRange(1, MAX_TOKENS),
            default=MAX_TOKENS,
            help="Tokens of a model for one execution, at most; no ceiling by default.",
        ),
        click.option(
            "--llm-inside",
            metavar="RULE",
            help="The same at an address of your own network, http included.",
        ),
        click.option(
            "--llm",
            metavar="RULE",
            help='The models its bundle may ask if it asks to, as "MODEL,MODEL'
            ' https://llm.example.com/v1/ as NAME", at an OpenAI-compatible endpoint.',
        ),
    ):
        command = option(command)
    return command


def allowed_llm(llm: str | None, llm_inside: str | None, llm_tokens: int) -> dict[str, Any]:
    """Return the model these options allow, in the form it is kept; empty for none.

    Raises:
        FieldInvalid: One is not what it must be.
    """
    rule = llm or llm_inside
    if rule is None:
        return {}
    if llm and llm_inside:
        raise FieldInvalid("llm", "one of --llm and --llm-inside")
    read = _rule(rule, private=rule is llm_inside)
    models = read.pop("methods")
    if " " not in rule.strip().partition(" as ")[0]:
        raise FieldInvalid("llm", f'{rule!a}: "MODEL URL", or "MODEL URL as CREDENTIAL"')
    return allowance({"llm": read | {"models": models, "tokens": llm_tokens}})


def memory_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --memory and --memory-model."""
    for option in (
        click.option(
            "--memory-model",
            metavar="MODEL",
            help="One of the models of --llm, whose vectors find what is remembered; its words do"
            " by default.",
        ),
        click.option(
            "--memory",
            "entries",
            type=click.IntRange(1, MAX_ENTRIES),
            metavar="ENTRIES",
            help="How much its bundle may remember from run to run if it asks to; nothing by"
            " default.",
        ),
    ):
        command = option(command)
    return command


def allowed_memory(
    entries: int | None, model: str | None, llm: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the memory these options allow, in the form it is kept; empty for none.

    Args:
        llm: What `allowed_llm` returned.

    Raises:
        FieldInvalid: One is not what it must be.
    """
    if entries is None and model is None:
        return {}
    if entries is None:
        raise FieldInvalid("memory", "--memory-model goes with --memory")
    said = {"entries": entries} | ({"model": model} if model else {})
    return {"memory": allowance({**llm, "memory": said})["memory"]}


def allowed(
    allow: Sequence[str],
    allow_inside: Sequence[str],
    variables: Sequence[str],
    syscalls: str | None = None,
) -> dict[str, Any]:
    """Return what these options allow, in the form it is kept.

    Raises:
        FieldInvalid: One is not what it must be.
    """
    rules = [_rule(each, private=False) for each in allow]
    rules += [_rule(each, private=True) for each in allow_inside]
    environment: dict[str, str] = {}
    for each in variables:
        name, equals, value = each.partition("=")
        if not equals or name in environment:
            raise FieldInvalid("env", f"{each!a}: NAME=VALUE, each name once")
        environment[name] = value
    said: dict[str, Any] = {"network": rules, "environment": environment}
    if syscalls is not None:
        profile, *added = syscalls.split(",")
        said["syscalls"] = {"profile": profile, "add": added}
    return allowance(said)


def _rule(text: str, *, private: bool) -> dict[str, Any]:
    words = text.split()
    credential = {"credential": words[-1]} if len(words) > 2 and words[-2] == "as" else {}
    words = words[:-2] if credential else words
    if not 1 <= len(words) <= 2:
        raise FieldInvalid("allow", f'{text!a}: "METHODS URL", or "METHODS URL as CREDENTIAL"')
    methods = words[0].split(",") if len(words) == 2 else ["GET"]
    return {"url": words[-1], "methods": methods, "private": private} | credential
