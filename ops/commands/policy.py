"""`awgp policy`: check a policy set and explain a decision, from files, without a server."""

import json
from pathlib import Path
from typing import Any

import click

from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from ops.policy_sandbox import sandbox
from pipeline.errors import AwgpError
from pipeline.policy_context import ContextFields, ContextFieldsInvalid
from pipeline.policy_explain import explain
from pipeline.policy_set import PolicySet
from pipeline.policy_source import PolicyInvalid
from pipeline.policy_trial import PolicyTestOutcome, read_request, read_tests, run_tests

REFUSED = 2

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
fields_option = click.option(
    "--context-fields",
    "fields_file",
    type=A_FILE,
    help='JSON: {"amount": {"pointer": "/amount_cents", "type": "long"}, ...}',
)
tests_option = click.option(
    "--tests", "tests_file", type=A_FILE, help="JSON: the tests the set comes with."
)


class FileRefused(AwgpError):
    """A file given to the command cannot be read as what it should be."""


@click.group(name="policy")
def command() -> None:
    """Check, add and activate policy sets, and see why one decides as it does.

    \b
    Examples:
      awgp policy check acme.cedar --context-fields fields.json --tests tests.json
      awgp policy add acme.cedar --context-fields fields.json --tests tests.json --as ada
      awgp policy activate 2 --as cleo
    """


command.add_command(sandbox)


@command.command()
@click.argument("file", type=A_FILE)
@fields_option
@tests_option
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    file: Path,
    fields_file: Path | None,
    tests_file: Path | None,
    as_json: bool,
) -> None:
    """Say whether a policy set would be accepted, and run its tests.

    \b
    Examples:
      awgp policy check house.cedar
      awgp policy check house.cedar --context-fields fields.json --tests tests.json
    """
    try:
        policy_set = PolicySet.parse(_text(file), _fields(fields_file))
    except (PolicyInvalid, ContextFieldsInvalid) as error:
        culprit = fields_file if isinstance(error, ContextFieldsInvalid) else file
        problems = [f"{culprit}: {line}" for line in str(error).splitlines()]
        _answer({"accepted": False, "problems": problems}, problems, as_json=as_json)
        ctx.exit(REFUSED)
    outcomes = run_tests(policy_set, read_tests(_json(tests_file)) if tests_file else ())
    problems = [f"{tests_file}: {one.name}: {one.problem}" for one in outcomes if not one.passed]
    _answer(_told(policy_set, outcomes) | {"problems": problems}, problems, as_json=as_json)
    if problems:
        ctx.exit(REFUSED)
    if not as_json:
        click.echo(_summary(file, policy_set, outcomes))


@command.command(name="explain")
@click.argument("file", type=A_FILE)
@click.option("--request", "request_file", type=A_FILE, required=True, help="JSON: the request.")
@fields_option
@json_option
def explain_(file: Path, request_file: Path, fields_file: Path | None, as_json: bool) -> None:
    """Say what a policy set decides about one request, and why.

    The request is {"principal": {"type", "id"}, "assistant": {"tenant", "name", "version"},
    "payload", "received_at", "origin"}.

    \b
    Example:
      awgp policy explain house.cedar --request request.json --context-fields fields.json
    """
    policy_set = PolicySet.parse(_text(file), _fields(fields_file))
    told = explain(policy_set, read_request(_json(request_file)))
    click.echo(json.dumps(told.as_json(), ensure_ascii=False) if as_json else told.render())


@command.command()
@click.argument("file", type=A_FILE)
@fields_option
@tests_option
@json_option
@caller_options
def add(
    plane: ControlPlane,
    *,
    file: Path,
    fields_file: Path | None,
    tests_file: Path | None,
    as_json: bool,
) -> None:
    """Add FILE as your tenant's next version. It is not in force until another activates it.

    \b
    Example:
      awgp policy add acme.cedar --context-fields fields.json --as ada
    """
    body = {
        "source": _text(file),
        "context_fields": _json(fields_file) if fields_file else {},
        "tests": _json(tests_file) if tests_file else [],
    }
    added = plane.add_policy(body)
    if as_json:
        print_json(added)
    else:
        click.echo(f"version {added['version']}  {added['digest']}  not in force yet")


@command.command()
@click.argument("version", type=click.IntRange(min=1))
@json_option
@caller_options
def activate(plane: ControlPlane, *, version: int, as_json: bool) -> None:
    """Put VERSION in force. Four eyes: whoever wrote it cannot be the one.

    \b
    Example:
      awgp policy activate 3 --as cleo
    """
    active = plane.activate_policy(version)
    if as_json:
        print_json(active)
    else:
        click.echo(f"version {active['version']}  {active['digest']}  in force")


def _answer(body: dict[str, Any], problems: list[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    for problem in problems:
        click.echo(problem, err=True)


def _told(policy_set: PolicySet, outcomes: list[PolicyTestOutcome]) -> dict[str, Any]:
    return {
        "accepted": True,
        "digest": policy_set.digest,
        "policies": [policy.policy_id for policy in policy_set.policies],
        "hold_rules": list(policy_set.hold_rules),
        "tests": [outcome.as_json() for outcome in outcomes],
    }


def _summary(file: Path, policy_set: PolicySet, outcomes: list[PolicyTestOutcome]) -> str:
    rules = ", ".join(policy_set.hold_rules) or "none"
    return (
        f"{file}: accepted, {len(policy_set.policies)} policies, "
        f"approval rules named: {rules}, {len(outcomes)} tests passed, {policy_set.digest}"
    )


def _fields(file: Path | None) -> ContextFields:
    if file is None:
        return ContextFields()
    declared = _json(file)
    if not isinstance(declared, dict):
        raise FileRefused(f"{file}: must be a JSON object")
    return ContextFields.from_mapping(declared)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileRefused(f"{file}: is not UTF-8 text") from error


def _json(file: Path) -> Any:
    try:
        return json.loads(_text(file))
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"{file}: is not JSON: {error}") from error
