"""How many processes of each kind are wanted, and at which ops address each of them answers.

    DATA/processes.json    {"format": 1, "numbers": {"execute": 3}, "ops_ports": {"execute-1": N},
                            "untold": ["execute"]}

What is wanted outlives `awgp down`; a kind nobody spoke of has one process. Ports are chosen once a
process, so what watches them need not be told again. `untold` are kinds whose number the database
(pipeline/wanted_processes.py) was not told yet, because it was down: the scaler tells it.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ops.embedded.data_folder import DataFolder, write_atomically
from ops.embedded.ports import choose_port, is_free
from pipeline.run import Stage
from pipeline.wanted_processes import MOST_OF_A_KIND, NumberRefused

RELAY = "relay"
SCALABLE = (*(stage.value for stage in Stage), RELAY)
"""Any number of these may run side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    numbers: Mapping[str, int] = field(default_factory=dict)
    ops_ports: Mapping[str, int] = field(default_factory=dict)
    untold: Sequence[str] = ()


def instance_names(kind: str, number: int) -> list[str]:
    """The names of so many processes of a kind, in the order they come; they leave in reverse."""
    if kind == RELAY:
        return [RELAY if each == 1 else f"{RELAY}-{each}" for each in range(1, number + 1)]
    return [f"{kind}-{each}" for each in range(1, number + 1)]


def kind_of(name: str) -> str:
    """The kind of a process, by its name."""
    kind, _, number = name.rpartition("-")
    return kind if number.isdigit() and kind in SCALABLE else name


def wanted_numbers(data: DataFolder) -> dict[str, int]:
    """How many of each scalable kind are wanted."""
    numbers = _read(data).numbers
    return {kind: numbers.get(kind, 1) for kind in SCALABLE}


def check_numbers(wanted: Mapping[str, int]) -> None:
    """Raises: NumberRefused."""
    for kind, number in wanted.items():
        if kind not in SCALABLE:
            known = ", ".join(SCALABLE)
            raise NumberRefused(f"{kind!r} cannot be scaled; there are {known}")
        if not 0 <= number <= MOST_OF_A_KIND:
            message = f"{kind}={number} is out of range; it takes 0 to {MOST_OF_A_KIND}"
            raise NumberRefused(message)


def want_numbers(data: DataFolder, wanted: Mapping[str, int], *, told: bool = True) -> None:
    """Remember how many are wanted from now on; other kinds keep theirs.

    Args:
        told: Whether the database says the same.

    Raises:
        NumberRefused: Nothing is remembered.
    """
    check_numbers(wanted)
    with _locked(_lock_path(data)):
        state = _read(data)
        others = [kind for kind in state.untold if kind not in wanted]
        untold = others if told else [*others, *wanted]
        numbers = {**state.numbers, **wanted}
        _write(data, replace(state, numbers=numbers, untold=untold))


def untold_numbers(data: DataFolder) -> dict[str, int]:
    """What is wanted of the kinds whose number the database was not told."""
    state = _read(data)
    return {kind: state.numbers.get(kind, 1) for kind in state.untold}


def ops_addresses(data: DataFolder) -> dict[str, str]:
    """`HOST:PORT` of every process that was ever given one."""
    return {name: f"127.0.0.1:{port}" for name, port in _read(data).ops_ports.items()}


def give_ops_addresses(
    data: DataFolder, names: Sequence[str], *, replace_taken: bool = False
) -> dict[str, str]:
    """Return the processes' addresses, chosen now where one has none.

    Args:
        replace_taken: Whether a port that someone listens on is given up for another; only while
            none of the processes runs.
    """
    with _locked(_lock_path(data)):
        state = _read(data)
        ports = dict(state.ops_ports)
        for name in names:
            if name in ports and not (replace_taken and not is_free(ports[name])):
                continue
            others = {port for each, port in ports.items() if each != name}
            ports[name] = choose_port(taken=others | set(data.ports.values()))
        if ports != state.ops_ports:
            _write(data, replace(state, ops_ports=ports))
    return {name: f"127.0.0.1:{ports[name]}" for name in names}


@contextlib.contextmanager
def one_change_at_a_time(data: DataFolder) -> Iterator[None]:
    """Hold off other changes to what runs on this folder until this one is through."""
    with _locked(data.root / "scale.lock"):
        yield


def _lock_path(data: DataFolder) -> Path:
    return data.root / "processes.lock"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(data: DataFolder) -> _State:
    try:
        kept: dict[str, Any] = json.loads((data.root / "processes.json").read_text("utf-8"))
    except FileNotFoundError:
        return _State()
    return _State(
        numbers=kept.get("numbers", {}),
        ops_ports=kept.get("ops_ports", {}),
        untold=kept.get("untold", []),
    )


def _write(data: DataFolder, state: _State) -> None:
    kept = {
        "format": 1,
        "numbers": dict(state.numbers),
        "ops_ports": dict(state.ops_ports),
        "untold": list(state.untold),
    }
    write_atomically(data.root / "processes.json", json.dumps(kept, indent=2) + "\n")
