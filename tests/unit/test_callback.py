"""Which addresses lie under an entry of an allowlist."""

from uuid import UUID

import pytest

from pipeline.callback import HEADER, Allowed, CallbackNotAllowed, check_prefix, choose

ONE = Allowed(url="https://flows.example/done", target_id=UUID(int=1))
TWO = Allowed(url="https://flows.example:8443/", target_id=UUID(int=2))


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("https://flows.example/done", ONE),
        ("https://FLOWS.example:443/done/4711?x=1", ONE),
        ("https://flows.example:8443/anything", TWO),
        ("https://flows.example:8443", TWO),
    ],
)
def test_what_lies_under_an_entry_is_allowed(asked: str, wanted: Allowed) -> None:
    assert choose(asked, (ONE, TWO)) is wanted


@pytest.mark.parametrize(
    "asked",
    [
        "http://flows.example/done",
        "https://flows.example/done2",
        "https://flows.example/",
        "https://flows.example.evil/done",
        "https://flows.example:444/done",
        "https://flows.example:x/done",
        "https://flows.example@evil.example/done",
        "https://flows.example/done/../other",
        "https://flows.example/done/%2e%2E/other",
        "https://flows.example/done/a%2F..%2Fb",
        "https://flows.example//done",
        "https://flows.example/done\\..\\x",
        "https://flows.example/done#x",
        "https://flows.example/dön",
        "https://[flows.example/done",
        "https:///done",
        "//flows.example/done",
        "javascript:alert(1)",
        "",
        "https://flows.example/done/" + "x" * 2048,
    ],
)
def test_what_does_not_is_refused_and_the_field_named(asked: str) -> None:
    with pytest.raises(CallbackNotAllowed) as refused:
        choose(asked, (ONE, TWO))
    assert refused.value.field == HEADER


def test_an_entry_has_no_query() -> None:
    with pytest.raises(ValueError, match="query"):
        check_prefix("https://flows.example/done?x=1")
