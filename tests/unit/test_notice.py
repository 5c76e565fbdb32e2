"""Notices: what a channel may be, and what is said, to people and to machines."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from pipeline.mail import mail_server
from pipeline.notice import WANTABLE, ChannelWanted, Event, Facts, Kind, check_channel, is_address
from pipeline.notice_link import page_of
from pipeline.notice_text import SAYS, mail_html, mail_text, subject, webhook_body
from pipeline.registry_names import FieldInvalid
from pipeline.settings import SettingInvalid, Settings

RUN = UUID("01890000-0000-7000-8000-000000000001")
APPROVAL = UUID("01890000-0000-7000-8000-000000000002")
FACTS = Facts(
    event=Event.OPENED,
    tenant="acme",
    tenant_name="Acme",
    channel="approvers",
    run_id=RUN,
    approval_id=APPROVAL,
    requester="Ada",
    assistant="booker",
    bundle="booker 1.0.0",
    rules=("two-approvers",),
    why="held by large-invoices",
    until="2026-01-02 03:04 UTC",
)
LINK = f"https://awgp.example/t/acme/approvals/{APPROVAL}"
EVIL = "<script>alert(1)</script>\r\nBcc: everyone@example.com\x1b[2J"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "No Name"}, "name"),
        ({"events": ()}, "events"),
        ({"events": (Event.TEST,)}, "events"),
        ({"target": "ledger"}, "target"),
        ({"to_people": False}, "recipients"),
        ({"recipients": ("ada@example.com\nBcc: x@example.com",)}, "recipients"),
        ({"recipients": ("ada",)}, "recipients"),
        ({"rules": ("*",)}, "rules"),
        ({"assistants": ("x",) * 51}, "assistants"),
        ({"kind": Kind.WEBHOOK}, "target"),
        ({"kind": Kind.WEBHOOK, "target": "n8n", "to_people": True}, "recipients"),
    ],
)
def test_a_channel_that_cannot_be_kept_says_why(changed: dict[str, object], field: str) -> None:
    mail = ChannelWanted(name="approvers", kind=Kind.EMAIL, to_people=True)
    check_channel(mail)
    with pytest.raises(FieldInvalid) as refused:
        check_channel(replace(mail, **changed))  # type: ignore[arg-type]  # each is of its field
    assert refused.value.field == field


@pytest.mark.parametrize("text", ["a@b", "ada.lovelace+x@mail.example.com", "o'neil@example.ie"])
def test_an_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "@b", "a@", "a b@c", "a@b\r\n", '"a"@b', "a@b>", "a@b,c@d", "a@-b", f"a@{'b' * 254}"],
)
def test_what_could_be_more_than_an_address_is_none(text: str) -> None:
    assert not is_address(text)


def test_a_mail_says_who_asks_for_what_why_and_until_when() -> None:
    for said in (mail_text(FACTS, LINK), mail_html(FACTS, LINK)):
        for wanted in ("Ada", "booker 1.0.0", "large-invoices", "two-approvers", "03:04", LINK):
            assert wanted in said
    assert subject(FACTS) == "[AWGP acme] A decision is needed: booker"


@pytest.mark.parametrize("event", Event)
def test_every_event_has_words(event: Event) -> None:
    said = mail_text(replace(FACTS, event=event), LINK)
    assert said.startswith(SAYS[event])
    assert json.loads(webhook_body(replace(FACTS, event=event), LINK))["type"] == event.value


@pytest.mark.parametrize("name", ["requester", "assistant", "bundle", "why", "tenant_name"])
def test_what_strangers_wrote_makes_no_markup_no_header_and_no_second_line(name: str) -> None:
    facts = replace(FACTS, **{name: EVIL})  # type: ignore[arg-type]  # each is a text
    page = mail_html(facts, LINK)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for said in (subject(facts), mail_text(facts, LINK)):
        assert "\x1b" not in said
        assert "\r" not in said
    assert "\nBcc" not in mail_text(facts, LINK)
    assert "\n" not in subject(facts)


def test_the_payload_goes_nowhere_unless_the_channel_says_so() -> None:
    assert "payload" not in json.loads(webhook_body(FACTS, LINK))
    assert "Payload" not in mail_text(FACTS, LINK)
    told = replace(FACTS, payload={"iban": "<b>DE00</b>", "odd": "\ud800"})
    assert json.loads(webhook_body(told, LINK))["payload"]["iban"] == "<b>DE00</b>"
    assert "&lt;b&gt;DE00" in mail_html(told, LINK)
    assert mail_text(told, LINK).encode()


def test_a_link_leads_to_the_page_and_is_left_out_where_nobody_said_where() -> None:
    assert page_of("https://awgp.example/", FACTS) == LINK
    run = replace(FACTS, approval_id=None)
    assert page_of("https://awgp.example", run).endswith(f"/t/acme/runs/{RUN}")
    assert page_of("", FACTS) == ""
    assert "http" not in mail_text(FACTS, "")


def test_everything_but_a_test_can_be_wanted() -> None:
    assert {*WANTABLE, Event.TEST} == set(Event)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"smtp_tls": "maybe"}, "AWGP_SMTP_TLS"),
        ({"smtp_tls": "none"}, "AWGP_SMTP_TLS"),
        ({"smtp_from": "nobody"}, "AWGP_SMTP_FROM"),
    ],
)
def test_a_mail_server_that_is_not_safe_is_refused(changed: dict[str, str], names: str) -> None:
    given = {"smtp_host": "mail.example.com", "smtp_from": "AWGP <awgp@example.com>"} | changed
    with pytest.raises(SettingInvalid, match=names):
        mail_server(Settings(**given))  # type: ignore[arg-type]  # these are texts


def test_without_a_host_there_is_no_mail() -> None:
    assert mail_server(Settings()) is None
