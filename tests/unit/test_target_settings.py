"""A target's settings: what is kept, and what is refused by the name of its field."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.target_settings import CircuitRules, TargetSettings, TargetSettingsInvalid


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"allow_privat": True}, "allow_privat"),
        ({"allow_private": "yes"}, "allow_private"),
        ({"expect": 200}, "expect"),
        ({"expect": {"code": 200}}, "expect.code"),
        ({"expect": {"status": 200}}, "expect.status"),
        ({"expect": {"status": [True]}}, "expect.status"),
        ({"expect": {"status": [99]}}, "expect.status"),
        ({"expect": {"body_contains": 1}}, "expect.body_contains"),
        ({"expect": {"body_lacks": "x" * 1001}}, "expect.body_lacks"),
        ({"retry_status": "404"}, "retry_status"),
        ({"header": "X Key"}, "header"),
        ({"header": "X-Key:"}, "header"),
        ({"header": "Host"}, "header"),
        ({"header": "webhook-signature"}, "header"),
        ({"header": "Content-Length"}, "header"),
        ({"content_type": "text/html\r\nX: y"}, "content_type"),
        ({"content_type": "application/xml"}, "content_type"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": 61}, "timeout_seconds"),
        ({"timeout_seconds": True}, "timeout_seconds"),
        ({"retry_seconds": [0]}, "retry_seconds"),
        ({"retry_seconds": 5}, "retry_seconds"),
        ({"retry_seconds": [1] * 31}, "retry_seconds"),
        ({"concurrency": 101}, "concurrency"),
        ({"circuit": []}, "circuit"),
        ({"circuit": {"failures": 0}}, "circuit.failures"),
        ({"circuit": {"open_seconds": 4000}}, "circuit.open_seconds"),
        ({"circuit": {"shut": 1}}, "circuit.shut"),
    ],
)
def test_settings_nobody_knows_are_refused_by_name(settings: dict[str, object], field: str) -> None:
    with pytest.raises(TargetSettingsInvalid) as refused:
        TargetSettings.from_json(settings)
    assert refused.value.field == field


def test_everything_can_be_said_at_once() -> None:
    settings = TargetSettings.from_json(
        {
            "allow_private": True,
            "expect": {"status": [202], "body_contains": "a", "body_lacks": "b"},
            "retry_status": [404],
            "header": "X-N8N-Key",
            "content_type": "text/plain",
            "timeout_seconds": 5,
            "retry_seconds": [5, 300],
            "concurrency": 2,
            "circuit": {"failures": 3},
        }
    )
    assert settings.header == "X-N8N-Key"
    assert settings.circuit == CircuitRules(failures=3, open_seconds=30)
    assert not settings.makes_json
    assert TargetSettings.from_json({}) == TargetSettings()


@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(), max_size=4))
def test_nothing_makes_reading_settings_fail_otherwise(settings: dict[str, object]) -> None:
    with suppress(TargetSettingsInvalid):
        TargetSettings.from_json(settings)
