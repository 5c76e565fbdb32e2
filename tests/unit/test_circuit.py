"""The circuit breaker's laws, over every order of things that can happen to a target."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline.circuit import LONGEST_OPEN, WELL, Circuit, Standing, begin_probe, failed
from pipeline.target_settings import CircuitRules

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PROBE = timedelta(seconds=40)


class AnyOrder(RuleBasedStateMachine):
    """Workers send when the circuit lets them, hear later or never, and time passes."""

    @initialize(failures=st.integers(1, 5), open_seconds=st.integers(1, 60))
    def begin(self, failures: int, open_seconds: int) -> None:
        self.circuit_rules = CircuitRules(failures=failures, open_seconds=open_seconds)
        self.circuit = WELL
        self.now = NOW
        self.plain = 0
        self.probes: list[datetime] = []
        self.in_a_row = 0

    @rule(seconds=st.integers(0, 2000))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def a_worker_comes(self) -> None:
        if self.circuit.standing(self.now) is Standing.CLOSED:
            self.plain += 1
        elif self.circuit.asks_for_a_probe(self.now):
            assert not any(self.now < until for until in self.probes)
            self.probes.append(self.now + PROBE)
            self.circuit = begin_probe(self.circuit, until=self.now + PROBE)
        else:
            assert self.circuit.closed_for(self.now) > timedelta(0)

    @precondition(lambda self: self.plain or self.probes)
    @rule(takes=st.booleans(), asked=st.integers(0, 100))
    def one_is_heard_of(self, takes: bool, asked: int) -> None:  # drawn
        probe = bool(self.probes)
        if probe:
            self.probes.pop()
        else:
            self.plain -= 1
        before = self.circuit
        if takes:
            self.circuit, self.in_a_row = WELL, 0
            return
        self.in_a_row += 1
        self.circuit = failed(
            before,
            self.circuit_rules,
            now=self.now,
            was_probe=probe,
            asked=timedelta(seconds=asked),
        )
        if before.open_until is not None and not probe:
            assert self.circuit.open_until == before.open_until

    @rule()
    def a_worker_dies(self) -> None:
        self.probes.clear()
        self.plain = 0

    @invariant()
    def it_is_open_only_after_enough_failures_in_a_row(self) -> None:
        if hasattr(self, "circuit"):
            assert self.circuit.failures == self.in_a_row
            is_open = self.circuit.open_until is not None
            assert is_open == (self.in_a_row >= self.circuit_rules.failures)

    @invariant()
    def it_never_stays_shut(self) -> None:
        if hasattr(self, "circuit"):
            later = self.now + max(LONGEST_OPEN, timedelta(seconds=100)) + PROBE
            closed = self.circuit.standing(later) is Standing.CLOSED
            assert closed or self.circuit.asks_for_a_probe(later)


AnyOrder.TestCase.settings = settings(max_examples=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase


@given(st.integers(1, 3600), st.integers(1, 60))
def test_each_opening_is_as_long_as_the_one_before_at_least(seconds: int, times: int) -> None:
    rules = CircuitRules(failures=1, open_seconds=seconds)
    circuit, lengths = Circuit(), []
    for _ in range(times):
        circuit = failed(circuit, rules, now=NOW, was_probe=circuit.open_until is not None)
        lengths.append(circuit.closed_for(NOW))
    assert lengths == sorted(lengths)
    assert lengths[0] == timedelta(seconds=seconds)
    assert max(lengths) <= max(LONGEST_OPEN, lengths[0])


def test_a_probe_under_way_is_the_only_one_and_is_waited_for() -> None:
    circuit = failed(WELL, CircuitRules(failures=1, open_seconds=30), now=NOW, was_probe=False)
    half = NOW + timedelta(seconds=30)
    assert circuit.standing(half) is Standing.HALF_OPEN
    assert circuit.asks_for_a_probe(half)
    probing = begin_probe(circuit, until=half + PROBE)
    assert not probing.asks_for_a_probe(half)
    assert probing.closed_for(half) == PROBE
    assert probing.asks_for_a_probe(half + PROBE)
