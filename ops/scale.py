"""Makes as many processes of each kind run as are wanted, while the others go on.

What is wanted is written down first, so that it holds for the next start too; the database is told;
then what runs is brought to it. Done twice, or by two at once, it comes out the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ops.embedded.data_folder import DataFolder
from ops.instances import (
    check_numbers,
    instance_names,
    kind_of,
    one_change_at_a_time,
    want_numbers,
    wanted_numbers,
)
from ops.processes import instance
from ops.program_templates import template
from ops.readiness import Report, wait_for_apps
from ops.services import embedded_services
from ops.supervisor_client import Supervisor, SupervisorUnreachable

_AT_WORK = ("STARTING", "RUNNING", "BACKOFF")
_SERVERS = {service.name for service in embedded_services({})}
"""Where nothing else runs, AWGP's own processes were not started: there is nothing to scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One kind, before and after. Both count what was wanted."""

    kind: str
    before: int
    after: int


def running_numbers(data: DataFolder) -> dict[str, int] | None:
    """How many of each kind run; None where AWGP's processes do not."""
    present = _present(data)
    if present is None:
        return None
    found: dict[str, int] = {}
    for name, state in present.items():
        found[kind_of(name)] = found.get(kind_of(name), 0) + (state in _AT_WORK)
    return found


def scale(
    data: DataFolder,
    wanted: Mapping[str, int],
    report: Report,
    waits: Callable[[], None],
    *,
    tell: Callable[[Mapping[str, int]], bool] | None = None,
) -> list[Change]:
    """Change what is wanted, and what runs where AWGP does.

    Args:
        waits: Told before stopping processes, which may take as long as their work does.
        tell: Tells the database what is wanted, and whether it could; None where it said so.

    Raises:
        NumberRefused: A number or a kind that cannot be; nothing was changed.
        AwgpError: A process did not start; the message quotes its last words. What is wanted is
            kept.
    """
    check_numbers(wanted)
    with one_change_at_a_time(data):
        before = wanted_numbers(data)
        want_numbers(data, wanted, told=tell is None)
        if tell is not None and tell(wanted):
            want_numbers(data, wanted)
        present = _present(data)
        if present is not None:
            _bring_to(data, present, wanted, report, waits)
    return [Change(kind=kind, before=before[kind], after=wanted[kind]) for kind in wanted]


def _present(data: DataFolder) -> dict[str, str] | None:
    try:
        states = {each.name: each.state for each in Supervisor(data).states()}
    except SupervisorUnreachable:
        return None
    return states if states.keys() - _SERVERS else None


def _bring_to(
    data: DataFolder,
    present: Mapping[str, str],
    wanted: Mapping[str, int],
    report: Report,
    waits: Callable[[], None],
) -> None:
    supervisor = Supervisor(data)
    names = [each for kind, number in wanted.items() for each in instance_names(kind, number)]
    missing = [name for name in names if name not in present]
    idle = [name for name in names if name in present and present[name] not in _AT_WORK]
    surplus = [name for name in present if kind_of(name) in wanted and name not in names]
    for name in missing:
        supervisor.add(instance(data, template(data, kind_of(name)), name))
    for name in idle:
        supervisor.start(name)
    wait_for_apps(data, [*missing, *idle], report)
    if surplus:
        waits()
        supervisor.remove(*surplus)
