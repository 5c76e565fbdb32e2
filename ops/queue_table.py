"""Queues as a person reads them: a table, and a line for each that needs somebody."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from ops.terminal_text import one_line
from pipeline.queue_change import Change
from pipeline.queue_look import Look, QueueLook
from pipeline.queue_state import QueueStanding, QueueState

UNKNOWN = "-"
COLUMNS = ("workers", "depth", "oldest", "in flight", "retrying", "dead", "rate")


def queue_table(look: Look, *, by_tenant: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("queue")
    table.add_column("state")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for queue in look.queues:
        table.add_row(*_row(queue), style="bold" if queue.has_nobody else None)
        for share in look.shares if by_tenant else ():
            if share.queue is queue.queue:
                table.add_row(*_row(share), style="dim")
    return table


def notes(look: Look) -> Iterator[str]:
    """What is to be done, and what could not be seen."""
    if look.broker is not None:
        yield f"the broker cannot be asked ({look.broker}): workers and rates are not known"
    if not look.tenants:
        yield "no tenant is set up yet; `awgp init` makes the first"
    for each in look.queues:
        name = each.queue.value
        if each.has_nobody:
            yield f"! {name} has work and no worker: `awgp scale {name}=1`"
        if each.standing.state is not QueueState.RUNNING:
            yield f"{name} is {_since(each.standing)}; `awgp resume {name}` takes work again"
    if dead := sum(each.dead for each in look.queues):
        yield f"{dead} dead: `awgp dead list`"


def standing_line(change: Change) -> str:
    """What a change came to, in one line."""
    before, after = change.before.state, change.after.state
    if change.changed:
        return f"{change.queue}: {before} -> {after}"
    return f"{change.queue}: {_since(change.after)} already"


def _row(look: QueueLook) -> Iterator[Text]:
    share = look.tenant is not None
    mark = "! " if look.has_nobody else ""
    yield Text(f"  {one_line(look.tenant or '')}" if share else f"{mark}{look.queue}")
    yield Text("" if share else look.standing.state.value)
    yield Text("" if share else _known(look.workers))
    yield Text(str(look.depth))
    yield Text(_age(look.oldest_seconds))
    yield Text(str(look.in_flight))
    yield Text(str(look.retrying))
    yield Text(str(look.dead))
    yield Text("" if share else UNKNOWN if look.rate is None else f"{look.rate:.1f}/s")


def _known(count: int | None) -> str:
    return UNKNOWN if count is None else str(count)


def _age(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _since(standing: QueueStanding) -> str:
    said = f"{standing.state} since {standing.changed_at:%Y-%m-%d %H:%M:%S}Z"
    if standing.changed_by:
        said += f" by {one_line(standing.changed_by)}"
    return f"{said} ({one_line(standing.reason)})" if standing.reason else said
