"""What the code knows is in the docs, and what the docs point at is there."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path

import click
import pytest

from ingest.edge import PROBLEMS as INGEST_PROBLEMS
from ops.cli import awgp
from pipeline.execution import RANGES, ExitReason
from pipeline.fault_points import FAULT_POINTS
from pipeline.policy import DecisionCode
from pipeline.policy_set import ANNOTATIONS
from pipeline.refusal import ProblemTable
from pipeline.run import Stage, Status, state_diagram
from pipeline.settings import Settings
from web.app import PROBLEMS as WEB_PROBLEMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROOMS = ("pipeline", "runtime_host", "audit_export", "ingest", "web", "actors", "ops")
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
ACTION = re.compile(r"[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"AWGP_[A-Z0-9_]*[A-Z0-9]")
# Sealing is never given up, and no run waits in export: these end no run as failed.
NEVER_FAILING = frozenset({Stage.AUDIT, Stage.EXPORT})
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Said:
    """What the code says, read once: its strings, docstrings among them, and its calls by name."""

    texts: frozenset[str]
    calls: Mapping[str, Sequence[ast.Call]]


@cache
def said() -> Said:
    """Of every module of ours; the demo's bundles are other people's code."""
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    ours = [path for path in paths if "bundles" not in path.parts[:-1] or "demo" not in path.parts]
    texts: set[str] = set()
    calls: dict[str, list[ast.Call]] = defaultdict(list)
    for path in ours:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                calls[node.func.id].append(node)
    return Said(texts=frozenset(texts), calls=calls)


def members(node: ast.AST, kind: str) -> set[str]:
    """The members of an enumeration named somewhere below a node, by name."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id == kind
    }


def mentions(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w:-]){re.escape(word)}(?![\w:-])", text) is not None


@pytest.mark.parametrize("each", fields(Settings), ids=lambda each: each.name)
def test_every_setting_has_a_row_with_its_default(each: object) -> None:
    name, default = getattr(each, "name", ""), getattr(each, "default", MISSING)
    shown = f"`{default}`" if default else "none"
    assert f"| `AWGP_{name.upper()}` | {shown} |" in page("reference/settings.md")


def test_every_variable_the_code_names_is_documented() -> None:
    named = {text.removesuffix("_FILE") for text in said().texts if VARIABLE.fullmatch(text)}
    found = VARIABLE.findall(page("reference/settings.md"))
    documented = {name.removesuffix("_FILE") for name in found}
    # `AWGP_S3` and its like begin the names of several settings.
    beginnings = {name for name in named if any(d.startswith(f"{name}_") for d in documented)}
    assert named - documented - beginnings == set()


def test_the_state_diagram_is_drawn_from_the_table() -> None:
    drawn = re.search(r"```mermaid\n(.*?)```", page("reference/states.md"), re.DOTALL)
    assert drawn is not None
    assert drawn[1] == state_diagram()


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    assert f"\n| `{status}` |" in page("reference/states.md")


@pytest.mark.parametrize("table", [INGEST_PROBLEMS, WEB_PROBLEMS], ids=["ingest", "web"])
def test_every_problem_is_listed_with_its_status(table: ProblemTable) -> None:
    listed = page("reference/problems.md")
    missing = [slug for status, slug in table.values() if f"| `{slug}` | {status} |" not in listed]
    assert missing == []


def test_every_problem_of_any_app_is_listed() -> None:
    listed = page("reference/problems.md")
    for slug in ("internal-error", "database-unavailable", "request-invalid"):
        assert f"| `{slug}` |" in listed


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield f"{path} {name}", found
        if isinstance(found, click.Group):
            yield from commands(found, f"{path} {name}")


def test_every_command_and_option_is_documented() -> None:
    sections = dict(
        re.findall(
            r"^#+ `([^`]+)`\n(.*?)(?=^#|\Z)", page("reference/cli.md"), re.MULTILINE | re.DOTALL
        )
    )
    found = dict(commands(awgp, "awgp"))
    assert set(sections) == set(found)
    missing = [
        f"{path} {option}"
        for path, command in found.items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in parameter.opts
        if f"`{option}`" not in sections[path]
    ]
    assert missing == []


def audit_actions() -> set[str]:
    written = {text for text in said().texts if ACTION.fullmatch(text)}
    moved = {
        f"{Stage[stage]}:run:{Status[status]}"
        for call in said().calls["move"]
        for stage in members(call, "Stage")
        for status in members(call, "Status")
    }
    failing = {f"{stage}:run:{Status.FAILED}" for stage in Stage if stage not in NEVER_FAILING}
    sealed = {"audit:run:completed", "audit:run:sealed"}
    return {one for one in written | moved | failing | sealed if not one.startswith("awgp:")}


def test_every_audit_action_is_listed() -> None:
    listed = page("reference/audit-format.md")
    assert [one for one in sorted(audit_actions()) if f"`{one}`" not in listed] == []


def test_no_audit_action_is_listed_that_nothing_writes() -> None:
    listed = set(re.findall(r"`([a-z_]+:[a-z_]+:[a-z_]+)`", page("reference/audit-format.md")))
    assert listed == audit_actions()


def test_every_exit_reason_limit_code_and_annotation_is_listed() -> None:
    bundles, policies = page("reference/bundle-manifest.md"), page("reference/policy.md")
    assert [one for one in ExitReason if f"\n| `{one}` |" not in bundles] == []
    assert [one for one in RANGES if f"\n| `{one}` |" not in bundles] == []
    assert [one for one in DecisionCode if f"\n| `{one}` |" not in policies] == []
    assert [one for one in ANNOTATIONS if f"\n| `@{one}` |" not in policies] == []


def test_every_fault_point_and_metric_is_named() -> None:
    story, metrics = page("explanation/nothing-lost-nothing-twice.md"), page("reference/metrics.md")
    assert [one for one in FAULT_POINTS if not mentions(story, one)] == []
    names = [
        str(ast.literal_eval(call.args[0]))
        for kind in ("Counter", "Gauge", "Histogram", "GaugeMetricFamily")
        for call in said().calls[kind]
        if call.args and isinstance(call.args[0], ast.Constant)  # collections has a Counter too
    ]
    assert names
    assert [one for one in names if f"`{one}`" not in metrics] == []


def test_every_sqlstate_of_ours_is_explained() -> None:
    versions = (ROOT / "ops/migrations/versions").glob("*.sql")
    raised = {state for path in versions for state in re.findall(r"AW\d{3}", path.read_text())}
    assert raised
    assert [
        state for state in raised if f"| `{state}` |" not in page("reference/database.md")
    ] == []


def test_the_grant_matrix_is_the_tested_one() -> None:
    tested = (ROOT / "tests/integration/test_grants.py").read_text(encoding="utf-8")
    matrix = re.search(r'^MATRIX: Final = """\n(.*?)"""', tested, re.DOTALL | re.MULTILINE)
    assert matrix is not None
    assert matrix[1] in page("reference/database.md")


def test_every_decision_is_in_the_list() -> None:
    folder = DOCS / "decisions"
    numbered = sorted(path.name for path in folder.glob("[0-9]*.md"))
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", page("decisions/index.md"))
    assert listed == numbered
    # Numbers are never given twice; one may be left out.
    assert len({name[:4] for name in numbered}) == len(numbered)


def anchors(path: Path) -> set[str]:
    """The fragments a page's headings have where it is shown."""
    plain = FENCE.sub("", path.read_text(encoding="utf-8"))
    heads = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, fragment = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), f"{link} leads nowhere"
        assert not fragment or fragment in anchors(found), f"{link} names no heading"


def test_every_page_is_reached_from_the_map() -> None:
    start = DOCS / "index.md"
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for link in LINK.findall(here.read_text(encoding="utf-8")):
            found = (here.parent / link.partition("#")[0]).resolve()
            if found.suffix == ".md" and found.exists() and found not in seen:
                seen.add(found)
                waiting.append(found)
    assert sorted(set(DOCS.rglob("*.md")) - seen) == []
