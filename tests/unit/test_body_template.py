"""Templates: what they make, what they cannot say, and that none of them runs away."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.body_template import (
    MAX_SOURCE,
    TemplateInvalid,
    check_template,
    render_body,
)
from pipeline.template_budget import TemplateFailed

VALUES = {
    "run": "0189",
    "tenant": "acme",
    "result": {"lines": [{"n": 1, "what": 'a "b"'}, {"n": 2, "what": "c"}], "total": 12.5},
}
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


def made(source: str, *, as_json: bool = False) -> str:
    return render_body(source, VALUES, as_json=as_json).decode()


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("{{ tenant }} of {{ run }}", "acme of 0189"),
        ('{"t": {{ result.total }}}', '{"t": 12.5}'),
        ("{{ result | tojson }}", json.dumps(VALUES["result"], separators=(",", ":"))),
        ("{% for l in result.lines %}{{ loop.index }}{{ l.what }};{% endfor %}", '1a "b";2c;'),
        ("{% for k, v in result | items %}{{ k }} {% endfor %}", "lines total "),
        ("{% if result.total > 12 and tenant != 'x' %}much{% endif %}", "much"),
        ("{{ result.nothing | default('none') }}", "none"),
        ("{{ result.lines[0].n + 41 }}{{ 'a' ~ 1 ~ 'b' }}", "42a1b"),
        ("{% set t = tenant | upper %}{{ t[:2] }}", "AC"),
        ("{{ 'a-b' | replace('-', '+') | urlencode }}", "a%2Bb"),
        ("{{ ['b', 'a'] | sort | join(', ') }}", "a, b"),
        ("{{ 'abcdef' | truncate(4) }} {{ 2.567 | round(1) }} {{ '7' | int + 1 }}", "abc… 2.6 8"),
        ("{{ 'x' if result is mapping else 'y' }}{{ result.lines | length }}", "x2"),
    ],
)
def test_a_template_makes_a_body(source: str, body: str) -> None:
    assert made(source) == body


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.join(['a']) }}",
        "{{ result.items() }}",
        "{{ range(9) }}",
        "{{ cycler }}{{ namespace(a=1) }}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% set x %}y{% endset %}",
        "{% filter upper %}x{% endfilter %}",
        "{% for x in result recursive %}{% endfor %}",
        "{{ 2 ** 9 }}",
        "{{ x | attr('y') }}",
        "{{ x | format(1) }}",
        "{{ x | map('y') }}",
        "{{ x | _each }}",
        "{{ 4 is odd }}",
        "{{ self }}",
        "{{ _budget }}",
        "{{ unclosed",
        "{% nothing %}",
        "x" * (MAX_SOURCE + 1),
        "{{ " + "(" * 4000 + "1" + ")" * 4000 + " }}",
        "{% if 1 %}" * 500 + "{% endif %}" * 500,
    ],
)
def test_what_a_template_cannot_say_is_refused_when_it_is_set(source: str) -> None:
    with pytest.raises(TemplateInvalid):
        check_template(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ nothing }}",
        "{{ result.nothing.more }}",
        "{{ nothing + 1 }}{{ nothing ~ 'x' }}",
        "{{ tenant.upper }}",
        "{{ tenant.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ result.lines.append }}",
        "{% for x in tenant %}{% endfor %}",
        "{% for x in nothing %}{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ 'a' * 9 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ result | sort | tojson }}{{ [1, 'a'] | sort }}",
        "{{ [] | first }}",
    ],
)
def test_what_comes_to_nothing_fails_and_says_so(source: str) -> None:
    with pytest.raises(TemplateFailed) as failure:
        made(source)
    assert 'a "b"' not in str(failure.value)


DOUBLING = "".join("{% set a = a ~ a %}" for _ in range(60))
NESTING = "".join("{% set a = [a, a] %}" for _ in range(60))
LOOPS = "{% for a in result.lines %}" * 17 + "{% endfor %}" * 17


@pytest.mark.parametrize(
    "source",
    [
        "{% set a = 'aaaaaaaaaaaaaaaa' %}" + DOUBLING + "{{ a }}",
        "{% set a = 'x' %}" + NESTING + "{{ a | tojson }}",
        "{% set a = 'x' %}" + NESTING + "{{ a == [a] }}",
        "{% set a = 'x' %}" + NESTING.replace("[a, a]", "{'p': a, 'q': a}") + "{{ a | string }}",
        "{% set a = 'aaaa' %}" + DOUBLING.replace("a ~ a", "a + a"),
        "{% set a = 'aaaa' %}" + DOUBLING.replace("a ~ a", "a | replace('a', a)"),
        "{% set a = 'aaaa' %}" + DOUBLING.replace("a ~ a", "[a, a] | join(a)"),
        "{% set a = 99 %}" + DOUBLING.replace("a ~ a", "a * a") + "{{ a }}",
        LOOPS,
        LOOPS.replace("{% endfor %}", "x{% endfor %}", 1),
    ],
)
def test_nothing_runs_away(source: str) -> None:
    began = time.process_time()
    with pytest.raises(TemplateFailed):
        made(source)
    # Not a measure of speed: without bounds each of these takes ages or all memory.
    assert time.process_time() - began < 30


def test_time_is_up_between_any_two_steps() -> None:
    moments = iter(range(100))
    source = "{% for l in result.lines %}{% endfor %}"
    with pytest.raises(TemplateFailed, match="longer than 1 s"):
        render_body(source, VALUES, as_json=False, clock=lambda: next(moments))


def test_a_body_that_should_be_json_is() -> None:
    assert made('{"a": {{ result.lines | tojson }} }', as_json=True).startswith('{"a"')
    for source in ("{{ tenant }}", '{"a": "{{ result.lines[0].what }}"}', '{"a":1,"a":2}', ""):
        with pytest.raises(TemplateFailed, match="no JSON"):
            made(source, as_json=True)


@given(JSONS)
def test_whatever_a_result_is_its_json_is_json_and_the_same_twice(result: object) -> None:
    source = '{"it": {{ result | tojson }}, "s": {{ result | string | tojson }} }'
    first = render_body(source, {"result": result}, as_json=True)
    assert json.loads(first)["it"] == result
    assert first == render_body(source, {"result": result}, as_json=True)


@given(st.text(alphabet="{%} |.()[]'\"~*+-aeiftlormnsjx0129=<>,_", max_size=60))
def test_no_text_makes_a_template_fail_otherwise(text: str) -> None:
    for source in (
        text,
        "{{ " + text + " }}",
        "{% for a in result %}{{ " + text + "}}{% endfor %}",
    ):
        try:
            render_body(source, VALUES, as_json=False)
        except TemplateInvalid:
            continue
        except TemplateFailed:
            continue
