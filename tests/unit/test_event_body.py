"""Events out of bodies of every kind, and what a source may be set up to take."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cloud_events import CloudEventInvalid, read_binary
from pipeline.event_body import Events, FormInvalid, read_events
from pipeline.idempotency_key import IdempotencyKeyInvalid, read_key
from pipeline.intake import BODIES, read_intake
from pipeline.registry_names import FieldInvalid
from pipeline.request_label import MediaTypeUnsupported
from pipeline.strict_json import JsonInvalid, JsonNotAnObject, JsonTooDeep

FORM = "application/x-www-form-urlencoded"
CE = {"specversion": "1.0", "id": "e 1", "source": "/shop", "type": "order.made"}
CE_HEADERS = {f"ce-{name}": value for name, value in CE.items()}
ALL: dict[str, Any] = {"bodies": list(BODIES)}


def events(
    body: bytes,
    label: str = "application/json",
    *,
    scheme: str = "standard-webhooks",
    headers: dict[str, str] | None = None,
    **intake: Any,
) -> Events:
    named = {"content-type": label} if label else {}
    return read_events(named | (headers or {}), body, read_intake(scheme, intake), max_depth=8)


def one(body: bytes, label: str = "application/json", **more: Any) -> dict[str, Any]:
    found = events(body, label, **more)
    assert not found.is_batch
    (came,) = found.events
    assert json.loads(came.stored) == came.value
    return came.value


def test_json_is_kept_as_it_came() -> None:
    body = b'{"b" : 1.0, "a":"\\u00e4"}'
    (came,) = events(body, "application/vnd.x+json; charset=UTF-8").events
    assert came.stored == body


def test_a_form_is_an_object_of_texts() -> None:
    body = b"Body=Hi+there%21&From=%2B49&Empty="
    assert one(body, FORM, scheme="twilio") == {"Body": "Hi there!", "From": "+49", "Empty": ""}
    assert one(b"", FORM, scheme="twilio") == {}


def test_slacks_payload_member_is_json() -> None:
    asked = {"scheme": "slack", "json_member": "payload"}
    assert one(b"payload=%7B%22type%22%3A%22block%22%7D", FORM, **asked) == {"type": "block"}
    assert one(b"command=%2Frun&text=x", FORM, **asked) == {"command": "/run", "text": "x"}
    with pytest.raises(JsonInvalid):
        one(b"payload=%7B", FORM, **asked)


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a", b"a=%FF", b"\xff=1", b"&".join([b"a=1"] * 501)])
def test_a_form_that_readers_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(FormInvalid):
        one(body, FORM, scheme="twilio")


def test_anything_else_is_kept_with_its_label_where_the_source_says_so() -> None:
    assert one(b"<a/>", "text/xml", bodies=["raw"]) == {"content_type": "text/xml", "text": "<a/>"}
    assert one(b"\xff\x00", "", bodies=["raw"]) == {
        "content_type": "application/octet-stream",
        "base64": base64.b64encode(b"\xff\x00").decode(),
    }
    # JSON is raw, too, where JSON is not taken.
    assert one(b"[", "application/json", bodies=["raw"])["text"] == "["


@pytest.mark.parametrize(
    ("label", "intake"),
    [
        ("text/plain", {}),
        ("", {}),
        (FORM, {}),
        ("multipart/form-data; boundary=x", {"scheme": "slack"}),
        ("application/json", {"bodies": ["form"]}),
        ("application/json; charset=latin-1", {}),
        ("application/cloudevents-batch+json; charset=utf-16", ALL),
    ],
)
def test_what_a_source_does_not_take_is_refused(label: str, intake: dict[str, Any]) -> None:
    with pytest.raises(MediaTypeUnsupported):
        events(b"{}", label, **intake)


def test_a_cloudevent_is_the_same_in_both_modes() -> None:
    data = {"total": 5}
    structured = one(
        json.dumps(CE | {"datacontenttype": "application/json", "data": data}).encode(),
        "application/cloudevents+json",
        **ALL,
    )
    binary = one(json.dumps(data).encode(), headers=CE_HEADERS, **ALL)
    assert structured == binary
    assert structured["data"] == data


def test_a_binary_cloudevents_data_is_by_its_label() -> None:
    assert "data" not in one(b"", "", headers=CE_HEADERS, **ALL)
    assert one(b"hi", "text/plain", headers=CE_HEADERS, **ALL)["data"] == "hi"
    assert one(b"\xff", "text/plain", headers=CE_HEADERS, **ALL)["data_base64"] == "/w=="
    assert one(b"\x00", "image/png", headers=CE_HEADERS, **ALL)["data_base64"] == "AA=="
    named = CE_HEADERS | {"ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80"}
    assert one(b"", "", headers=named, **ALL)["subject"] == "Euro € 😀"


def test_a_batch_names_each_event_by_source_and_id() -> None:
    batch = [CE | {"id": str(at)} for at in range(3)]
    found = events(json.dumps(batch).encode(), "application/cloudevents-batch+json", **ALL)
    assert found.is_batch
    assert [each.key for each in found.events] == ["ce /shop 0", "ce /shop 1", "ce /shop 2"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"source": None}, "source"),
        ({"source": "/a b"}, "source"),
        ({"type": "x\n"}, "type"),
        ({"Upper": "x"}, "Upper"),
        ({"data": 1, "data_base64": "AA=="}, "data_base64"),
    ],
)
def test_what_is_no_cloudevent_is_refused_by_its_attribute(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(CloudEventInvalid) as alone:
        events(json.dumps(CE | change).encode(), "application/cloudevents+json", **ALL)
    assert alone.value.field == field
    batch = json.dumps([CE, CE | change]).encode()
    with pytest.raises(CloudEventInvalid) as batched:
        events(batch, "application/cloudevents-batch+json", **ALL)
    assert batched.value.field == f"/1/{field}"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"[1]", b"[" + b"{}," * 100 + b"{}]"])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(CloudEventInvalid):
        events(body, "application/cloudevents-batch+json", **ALL)


@given(
    headers=st.dictionaries(
        st.sampled_from(["ce-id", "ce-type", "ce-source", "ce-specversion", "ce-x", "ce-", "a"]),
        st.text(st.characters(max_codepoint=255), max_size=12),
    ),
    body=st.binary(max_size=20),
)
def test_no_headers_break_the_binary_mode(headers: dict[str, str], body: bytes) -> None:
    with contextlib.suppress(CloudEventInvalid, JsonInvalid, JsonTooDeep):
        read_binary(headers, body, max_depth=8)


@given(body=st.binary(max_size=60), label=st.sampled_from(["application/json", FORM, "", "text/x"]))
def test_every_body_is_an_event_or_refused(body: bytes, label: str) -> None:
    with contextlib.suppress(JsonInvalid, JsonNotAnObject, JsonTooDeep, FormInvalid):
        one(body, label, **ALL)


@pytest.mark.parametrize(
    ("intake", "field"),
    [
        ({"colour": 1}, "intake.colour"),
        ({"bodies": []}, "intake.bodies"),
        ({"bodies": ["xml"]}, "intake.bodies"),
        ({"bodies": [["json"]]}, "intake.bodies"),
        ({"bodies": "json"}, "intake.bodies"),
        ({"json_member": ""}, "intake.json_member"),
        ({"event_id": "id"}, "intake.event_id"),
        ({"event_id": {"header": "x", "pointer": "/x"}}, "intake.event_id"),
        ({"event_id": {"header": "x y"}}, "intake.event_id.header"),
        ({"event_id": {"pointer": "id"}}, "intake.event_id.pointer"),
        ({"event_id": {"pointer": ""}}, "intake.event_id.pointer"),
        ({"max_body_bytes": 0}, "intake.max_body_bytes"),
        ({"max_json_depth": True}, "intake.max_json_depth"),
        ({"rate": {}}, "intake.rate"),
        ({"rate": {"per_minute": 5, "per_hour": 1}}, "intake.rate"),
        ({"rate": {"per_minute": "5"}}, "intake.rate.per_minute"),
        ({"rate": {"per_minute": 5, "burst": 0}}, "intake.rate.burst"),
    ],
)
def test_what_no_source_can_take_is_refused_by_name(intake: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        read_intake("standard-webhooks", intake)
    assert refused.value.field == field


def test_an_idempotency_key_is_a_string_with_or_without_its_quotes() -> None:
    assert read_key('"8e03978e"') == read_key("8e03978e") == "8e03978e"
    assert read_key(r'"a \"b\" c"') == 'a "b" c'
    assert read_key('"x";ignored=1') == "x"


@pytest.mark.parametrize(
    "header", ["", '""', '"', '"a" "b"', 'a"b', "a b", "é", '"' + "x" * 256 + '"']
)
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        read_key(header)
