"""Limits: their ranges, their intersection, and the form that enters a digest."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pipeline.execution import MIB, RANGES, Limits, LimitsInvalid

whole_limits = st.builds(
    Limits,
    wall_seconds=st.integers(1, 3600).map(float),
    memory_bytes=st.integers(16 * MIB, 1024 * MIB),
    processes=st.integers(1, 4096),
    disk_bytes=st.integers(64 * 1024, 1024 * MIB),
    open_files=st.integers(16, 65536),
    output_bytes=st.integers(1024, 64 * MIB),
)


def test_the_defaults_are_within_their_own_ranges() -> None:
    assert Limits().processes == 64


@pytest.mark.parametrize("name", sorted(RANGES))
def test_a_limit_below_or_above_its_range_is_refused_by_name(name: str) -> None:
    low, high = RANGES[name]
    for value in (low / 2 if name == "wall_seconds" else int(low) - 1, int(high) + 1):
        with pytest.raises(LimitsInvalid, match=f"limits.{name}"):
            Limits.from_mapping({name: value})


def test_a_range_of_sizes_is_told_as_people_read_it_too() -> None:
    with pytest.raises(LimitsInvalid) as refused:
        Limits(output_bytes=1)
    assert refused.value.field == "limits.output_bytes"
    assert refused.value.rule == "must be 1024 (1 KiB) to 67108864 (64 MiB); it is 1"


@pytest.mark.parametrize("value", ["10", None, True, [], float("nan"), float("inf")])
def test_a_limit_that_is_not_a_number_is_refused(value: object) -> None:
    with pytest.raises(LimitsInvalid, match="limits"):
        Limits.from_mapping({"wall_seconds": value})


def test_an_unknown_limit_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(LimitsInvalid, match=r"limits\.memory is unknown.*memory_bytes"):
        Limits.from_mapping({"memory": 1})


def test_a_fraction_of_a_byte_is_refused() -> None:
    with pytest.raises(LimitsInvalid, match="memory_bytes must be a whole number"):
        Limits.from_mapping({"memory_bytes": 1e8})


@given(whole_limits, whole_limits)
def test_within_takes_the_smaller_of_each(one: Limits, other: Limits) -> None:
    both = one.within(other)
    for name in RANGES:
        assert getattr(both, name) == min(getattr(one, name), getattr(other, name))
    assert both == other.within(one)


@given(whole_limits)
def test_limits_survive_the_way_through_json(limits: Limits) -> None:
    assert Limits.from_json(limits.as_json()) == limits


@given(whole_limits)
def test_the_json_form_holds_integers_only_and_canonicalises(limits: Limits) -> None:
    assert all(type(value) is int for value in limits.as_json().values())
    assert b"wall_ms" in rfc8785.dumps(dict(limits.as_json()))


@pytest.mark.parametrize("change", [{"wall_ms": 1.5}, {"wall_ms": True}, {"extra": 1}])
def test_a_json_form_with_other_fields_or_types_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(LimitsInvalid):
        Limits.from_json({**Limits().as_json(), **change})


def test_a_json_form_with_a_field_missing_is_refused() -> None:
    body = Limits().as_json()
    del body["processes"]
    with pytest.raises(LimitsInvalid, match="exactly"):
        Limits.from_json(body)
