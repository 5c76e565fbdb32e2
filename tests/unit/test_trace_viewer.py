"""Where people look at a trace: what an operator may say, and what stops the start."""

import pytest

from pipeline.settings import SettingInvalid, Settings
from web.trace_viewer import trace_url


@pytest.mark.parametrize(
    "url",
    [
        "https://tempo.example/trace/{trace_id}",
        "https://grafana.example:3000/explore?left=%7B%7D&id={trace_id}#{trace_id}",
        "http://127.0.0.1:16686/trace/{trace_id}",
        "http://localhost:16686/trace/{trace_id}",
    ],
)
def test_an_address_with_a_place_for_the_trace_is_taken_as_it_is(url: str) -> None:
    assert trace_url(Settings(trace_url=url)) == url


def test_without_one_there_is_no_link() -> None:
    assert trace_url(Settings()) is None


@pytest.mark.parametrize(
    "url",
    [
        "tempo.example/trace/{trace_id}",
        "javascript:alert('{trace_id}')",
        "data:text/html,{trace_id}",
        "http://tempo.example/trace/{trace_id}",
        "http://127.0.0.1.example/trace/{trace_id}",
        "https:///trace/{trace_id}",
        "https://someone:secret@tempo.example/trace/{trace_id}",
        "https://{trace_id}.example/",
        "https://tempo.example/trace/",
        "https://tempo.example/trace/{trace}",
        "https://tempo.example/trace/{trace_id}{span_id}",
        "https://tempo.example/trace/{trace_id}\nX: y",
        'https://tempo.example/trace/{trace_id}"><script>',
        "https://[tempo/trace/{trace_id}",
    ],
)
def test_what_is_no_such_address_stops_the_start(url: str) -> None:
    with pytest.raises(SettingInvalid, match="AWGP_TRACE_URL"):
        trace_url(Settings(trace_url=url))
