"""`awgp tenant|person|rule|target|source|assistant`: a tenant set up at the command line."""

import base64
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.author_key_file import write_key
from pipeline.author_keys import add_author_key
from pipeline.author_signature import SigningKey
from pipeline.envelope import KeyRing
from pipeline.registry import TARGET_SECRET
from pipeline.schemes.registry import SCHEMES
from pipeline.work import Actor
from runtime_host.wire import Decoder, encode, receive
from tests.integration.command_line import ISSUER, KEK_LINE, CommandLine, at_the_machine
from tests.integration.conftest import Database
from tests.integration.door import Door, signed
from tests.integration.stages import rows
from tests.integration.world import World

pytestmark = pytest.mark.services

NOUNS = ("person", "rule", "target", "source", "assistant")
AT = ("--tenant", "acme")
AS_AXEL = (*AT, "--as", "axel")


@pytest.fixture
def awgp(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    with at_the_machine(database, tmp_path, monkeypatch, capsys) as line:
        yield line


def key_of(whsec: str) -> bytes:
    assert whsec.startswith("whsec_")
    return base64.b64decode(whsec.removeprefix("whsec_"))


def test_a_tenant_is_set_up_from_nothing_and_takes_its_first_event(
    awgp: CommandLine, database: Database
) -> None:
    assert "no tenants yet" in awgp("tenant", "list").out
    awgp.told("tenant", "add", "initech", "--name", "Initech AG")
    awgp.told("person", "add", "--name", "Nora Vidal", "--subject", "n1", "--issuer", ISSUER)
    rule = awgp.told("rule", "add", "finance", "--group", "finance", "--quorum", "2")
    target = awgp.told("target", "add", "ledger", "--url", "https://ledger.example/hook")
    assistant = awgp.told(
        "assistant", "add", "checker", "--bundle", awgp.bundle(), "--target", "ledger"
    )
    source = awgp.told("source", "add", "erp", "--assistant", "checker")
    assert (rule["version"], target["version"], assistant["version"]) == (1, 1, 1)
    assert source["url"] == f"http://127.0.0.1:1/v1/hooks/{source['id']}"

    door = Door(engine=database.engine("awgp_ingest"), admin=database.admin)
    body = b'{"amount_cents": 100}'
    answer = door.client.post(
        f"/v1/hooks/{source['id']}",
        data=body,
        headers=signed(body, secret=key_of(source["secret"])),
    )
    assert answer.status_code == 202, answer.text

    shown = awgp.told("tenant", "show")
    assert (shown["people"], shown["assistants"], shown["sources"], shown["targets"]) == (
        1,
        1,
        1,
        1,
    )
    assert shown["runs"] == {"received": 1}
    assert awgp.told("source", "show", "erp")["last_request"]["status"] == "received"


def test_every_change_is_recorded_with_who_made_it(awgp: CommandLine) -> None:
    operator = ("operator", f"uid:{os.getuid()}")
    awgp.told("tenant", "add", "initech", "--name", "Initech AG")
    nora = awgp.told("person", "add", "--name", "Nora", "--subject", "n1", "--issuer", ISSUER)
    awgp.told("rule", "add", "finance", "--group", "finance")
    awgp.told("rule", "add", "night", "--group", "approver", "--as", "Nora")
    awgp.told("target", "add", "ledger", "--url", "https://ledger.example/hook", "--as", "n1")
    assert awgp.audit() == [
        (*operator, "setup:tenant:added"),
        (*operator, "setup:person:added"),
        (*operator, "setup:approval_rule:saved"),
        ("person", nora["id"], "setup:approval_rule:saved"),
        ("person", nora["id"], "setup:target:saved"),
    ]


def test_what_assistants_remember_is_forgotten_and_recorded(
    awgp: CommandLine, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[dict[str, str | None]] = []

    def answer(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                heard.append(receive(connection, Decoder()).body)
                connection.sendall(encode({"type": "forgotten", "collections": 3}))

    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # its path may be longer than a socket's
        listener.bind("host")
        listener.listen()
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        command = ("memory", "forget", *AT, "--host", "host", "--yes")
        assert awgp.told(*command, "booker") == {"assistant": "booker", "collections": 3}
        assert "3 collections of all assistants forgotten" in awgp(*command, "--all").out
        thread.join()
    booker = awgp.told("assistant", "show", "booker", *AT)["id"]
    assert [each["assistant"] for each in heard] == [booker, None]
    assert len({each["tenant"] for each in heard}) == 1
    assert [action for _, _, action in awgp.audit()][-2:] == ["setup:memory:forgotten"] * 2
    assert "name an assistant, or say --all" in awgp.refused("memory", "forget", *AT, "--yes")
    assert "no assistant" in awgp.refused(*command, "nobody")


def test_lists_and_single_views_say_what_there_is(awgp: CommandLine, world: World) -> None:
    at = ("--tenant", "acme")
    for noun, name in (("target", "ledger"), ("source", "erp"), ("assistant", "booker")):
        (row,) = awgp.told(noun, "list", *at)
        shown = awgp.told(noun, "show", name, *at)
        assert (row["name"], row["id"]) == (name, shown["id"])
        assert name in awgp(noun, "list", *at).out
        assert name in awgp(noun, "show", name, *at).out
    people = awgp.told("person", "list", *at)
    assert sorted(each["name"] for each in people) == ["Ada", "Axel", "Ben", "Cleo", "Olga"]
    olga = awgp.told("person", "show", "olga", *at)
    assert (olga["owns_sources"], olga["wrote_assistants"]) == (["erp"], [])
    assert awgp.told("person", "show", "acme-axel", *at)["wrote_assistants"] == ["booker"]
    (rule,) = awgp.told("rule", "list", *at)
    assert (rule["name"], rule["quorum"], rule["in_force"]) == ("two-approvers", 2, True)
    assert "1h" in awgp("rule", "list", *at).out
    assert {each["slug"] for each in awgp.told("tenant", "list")} == {"acme", "globex"}


def test_nothing_of_one_tenant_is_seen_or_changed_from_another(
    awgp: CommandLine, database: Database, world: World
) -> None:
    before = [awgp.told(noun, "list", "--tenant", "globex") for noun in NOUNS]
    awgp.told("target", "add", "only-acmes", "--url", "https://a.example/", *AS_AXEL)
    awgp.told("rule", "add", "only-acmes", "--group", "finance", *AS_AXEL)
    awgp.told("person", "remove", "ada", "--tenant", "acme", "--yes")
    assert [awgp.told(noun, "list", "--tenant", "globex") for noun in NOUNS] == before
    for noun in ("target", "rule"):
        said = awgp.refused(noun, "show", "only-acmes", "--tenant", "globex")
        assert "has no" in said
    said = awgp.refused("target", "remove", "only-acmes", "--tenant", "globex", "--yes")
    assert "there are ledger" in said
    # A person of one tenant stands behind nothing in the other.
    acmes_olga = str(world.acme.persons["olga"])
    said = awgp.refused(
        "rule", "add", "x", "--group", "y", "--tenant", "globex", "--as", acmes_olga
    )
    assert "has no person" in said
    assert rows(database, world.globex, "SELECT 1 FROM persons WHERE removed_at IS NOT NULL") == []


def test_adding_the_same_again_changes_nothing_and_adding_another_is_version_two(
    awgp: CommandLine, world: World
) -> None:
    rule = ("rule", "add", "finance", "--group", "finance", *AS_AXEL)
    assert awgp.told(*rule)["version"] == 1
    assert awgp.told(*rule) == {"name": "finance", "version": 1, "changed": False}
    assert awgp.told(*rule, "--quorum", "2")["version"] == 2
    assert [each["quorum"] for each in awgp.told("rule", "show", "finance", *AT)["versions"]] == [
        2,
        1,
    ]

    agent = ("assistant", "add", "checker", "--bundle", awgp.bundle(), *AS_AXEL)
    first = awgp.told(*agent, "--target", "ledger")
    assert awgp.told(*agent, "--target", "ledger") == first | {"changed": False}
    assert awgp.told(*agent)["version"] == 2
    by_digest = ("assistant", "add", "checker", "--bundle", first["bundle"], *AS_AXEL)
    limited = awgp.told(*by_digest, "--limit", "memory_bytes=64MiB", "--limit", "wall_seconds=2.5")
    assert limited["version"] == 3
    ceiling = awgp.told("assistant", "show", "checker", *AT)["ceiling"]
    assert (ceiling["memory_bytes"], ceiling["wall_ms"]) == (64 * 1024**2, 2500)

    to = "GET,POST https://api.example.com/v1/"
    out = ("--allow", to, "--env", "REGION=eu", "--syscalls", "strict,threads")
    assert awgp.told(*by_digest, *out)["version"] == 4
    assert awgp.told(*by_digest, *out)["changed"] is False
    told = awgp.told("policy", "sandbox", "explain", "checker", *AT)
    assert told["may"][0] == "It reaches no other machine."
    assert told["allowed_but_not_asked"] == [
        "GET, POST https://api.example.com/v1/",
        "the variable REGION",
    ]
    assert "credential 'erp'" in awgp.refused(*by_digest, "--allow", f"{to} as erp")
    (awgp.folder / "erp").write_text("Bearer of-the-erp\n")
    credential = ("credential", "add", "erp", "--value-file", str(awgp.folder / "erp"), *AS_AXEL)
    assert [awgp.told(*credential)["replaced"] for _ in range(2)] == [False, True]
    llm = ("--llm", "small https://llm.example.com/v1/ as erp", "--llm-tokens", "9")
    assert awgp.told(*by_digest, *llm)["version"] == 5
    shown = awgp.told("assistant", "show", "checker", *AT)
    # No silence lifts a ceiling, as one takes back what was allowed.
    assert (shown["ceiling"], sorted(shown["allowed"])) == (ceiling, ["llm", "syscalls"])
    told = awgp.told("policy", "sandbox", "explain", "checker", *AT)
    assert told["allowed_but_not_asked"] == [
        "9 tokens of small at https://llm.example.com/v1/, with the credential erp."
    ]
    (listed,) = awgp.told("credential", "list", *AT)
    assert (listed["assistants"], "of-the-erp" in str(listed)) == (["checker"], False)
    forget = ("credential", "remove", "erp", "--yes", *AS_AXEL)
    assert "checker may use it" in awgp.refused(*forget)
    assert awgp.told(*by_digest)["version"] == 6
    assert awgp.told(*forget)["removed"] is True
    assert "no credential 'erp'" in awgp.refused(*forget)
    assert "http is for" in awgp.refused(*by_digest, "--allow", "GET http://example.com/")
    assert "no assistant" in awgp.refused("policy", "sandbox", "explain", "nobody", *AT)

    said = awgp.refused("source", "add", "erp", "--assistant", "checker", *AS_AXEL)
    assert "there is a source 'erp' already" in said
    person = ("person", "add", "--name", "Z", "--subject", "z", "--issuer", ISSUER, *AT)
    awgp.told(*person)
    assert "was added before" in awgp.refused(*person)

    key, kept = SigningKey.generate("ada"), awgp.folder / "ada.key"
    write_key(kept, key)
    ben = world.acme.persons["ben"]
    with awgp.database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        add_author_key(work, key.public, by=ben, actor=Actor(type="person", id=str(ben)))
    # The same version, but now signed: without that it is not launched.
    assert awgp.told(*agent, "--key", str(kept))["changed"] is False
    (signed,) = rows(awgp.database, world.acme, "SELECT key_id FROM bundle_signatures")
    assert signed[0] == key.public.fingerprint


def test_a_targets_new_version_keeps_its_secret_when_asked(
    awgp: CommandLine, database: Database, world: World
) -> None:
    def secret() -> bytes:
        (row,) = rows(
            database,
            world.acme,
            "SELECT secret_id, envelope FROM target_secrets x JOIN targets t"
            " USING (tenant_id, target_id) WHERE t.name = 'mail'",
        )
        ring = KeyRing.from_text(KEK_LINE)
        return ring.open(
            bytes(row[1]), tenant_id=world.acme.tenant_id, row_id=row[0], purpose=TARGET_SECRET
        )

    add = ("target", "add", "mail", *AS_AXEL)
    first = awgp.told(*add, "--url", "https://one.example/")
    assert secret() == key_of(first["secret"])
    kept = awgp.told(*add, "--url", "http://10.0.0.1/", "--allow-private", "--keep-secret")
    assert (kept["version"], "secret" in kept, secret()) == (2, False, key_of(first["secret"]))
    third = awgp.told(
        *add,
        "--url",
        "https://one.example/",
        "--expect-status",
        "201",
        "--expect-body",
        "ok",
        "--retry-status",
        "404",
    )
    assert secret() == key_of(third["secret"]) != key_of(first["secret"])
    assert awgp.told("target", "show", "mail", *AT)["settings"] == {
        "expect": {"status": [201], "body_contains": "ok"},
        "retry_status": [404],
    }


def test_a_source_of_another_scheme_is_added_set_and_let_unsigned(
    awgp: CommandLine, world: World, tmp_path: Path
) -> None:
    assert [each["name"] for each in awgp.told("source", "schemes")] == list(SCHEMES)
    mail = ("--assistant", "booker", "--scheme", "hmac")
    said = awgp.refused("source", "add", "mail", *mail, *AS_AXEL)
    assert "settings.header: is needed" in said
    secret = tmp_path / "secret"
    secret.write_text("a-secret-of-the-sender\n")
    made = awgp.told(
        "source", "add", "mail", *mail, "--set", "header=X-Signature", "--secret-file",
        str(secret), *AS_AXEL,
    )  # fmt: skip
    assert (made["scheme"], made["secret"]) == ("hmac", None)
    changed = ("--set", "prefix=sha256=", "--set", "tolerance_seconds=60")
    now = awgp.told("source", "set", "mail", *changed, *AS_AXEL)["settings"]
    assert (now["prefix"], now["tolerance_seconds"], now["header"]) == (
        "sha256=",
        60,
        "x-signature",
    )
    now = awgp.told("source", "set", "mail", "--unset", "prefix", *AS_AXEL)["settings"]
    assert "prefix" not in now
    why = ("--reason", "it cannot sign")
    assert "--yes" in awgp.refused("source", "unsigned", "mail", *why, *AS_AXEL)
    assert awgp.told("source", "unsigned", "mail", *why, "--yes", *AS_AXEL)["unsigned"] is True
    assert awgp.told("source", "unsigned", "mail", "--end", *AS_AXEL)["unsigned"] is False


def test_what_a_source_takes_and_becomes_is_set_and_tried_and_a_tenant_is_limited(
    awgp: CommandLine, world: World, tmp_path: Path
) -> None:
    def file(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    awgp.told("source", "add", "shop", "--assistant", "booker", *AS_AXEL)
    intake = file("intake.json", '{"bodies": ["json", "raw"], "rate": {"per_minute": 60}}')
    awgp.told("source", "intake", "shop", intake, *AS_AXEL)
    assert awgp.told("source", "intake", "shop", *AS_AXEL)["intake"]["bodies"] == ["json", "raw"]
    wrong = awgp.refused("source", "intake", "shop", file("wrong", '{"bodies": 1}'), *AS_AXEL)
    assert "intake.bodies" in wrong
    rules = file("rules.json", '{"rules": [{"name": "paid", "when": "event.type == \'paid\'"}]}')
    paid, other = file("paid.json", '{"type": "paid"}'), file("other.json", '{"no": 1}')
    tried = ("source", "map", "test", "shop")
    (would,) = awgp.told(*tried, paid, "--mapping", rules, *AT)["events"]
    assert (would["outcome"], would["rule"], would["assistant"]) == ("run", "paid", "booker")
    assert awgp.told("source", "map", "show", "shop", *AT)["mapping"] is None
    awgp.told("source", "map", "set", "shop", rules, *AS_AXEL)
    refused = awgp(*tried, other, *AT)
    assert (refused.status, "rules[0].when" in refused.out) == (1, True)
    assert "--yes" in awgp.refused("source", "map", "end", "shop", *AS_AXEL)
    assert awgp.told("source", "map", "end", "shop", "--yes", *AS_AXEL)["mapping"] is None
    limited = awgp.told("tenant", "limit", "acme", "--per-minute", "600", "--burst", "20")
    assert limited["rate"] == {"per_minute": 600, "burst": 20}
    assert "--per-minute" in awgp("tenant", "limit", "acme", "--burst", "20").err
    assert awgp.told("tenant", "limit", "acme", "--end")["rate"] is None
    assert [each[2] for each in awgp.audit()].count("setup:tenant:limited") == 2


def test_a_rotated_secret_and_the_older_one_count_until_the_older_is_expired(
    awgp: CommandLine, database: Database, world: World
) -> None:
    door = Door(engine=database.engine("awgp_ingest"), admin=database.admin)
    old = awgp.told("source", "add", "shop", "--assistant", "booker", *AS_AXEL)

    def status(event: str, whsec: str) -> int:
        body = b'{"amount_cents": 1}'
        headers = signed(body, event=event, secret=key_of(whsec), at=int(time.time()))
        return door.client.post(f"/v1/hooks/{old['id']}", data=body, headers=headers).status_code

    new = awgp.told("source", "rotate", "shop", *AT, "--as", "cleo", "--overlap", "1h")
    assert (status("a", old["secret"]), status("b", new["secret"])) == (202, 202)
    secrets = awgp.told("source", "show", "shop", *AT)["secrets"]
    assert [each["rotated_by"] for each in secrets] == ["Cleo", "Axel"]
    assert (secrets[0]["expires_at"], secrets[1]["expires_at"] is None) == (None, False)

    newest = secrets[0]["id"]
    said = awgp.refused("source", "expire", "shop", *AT, "--secret", newest, "--yes")
    assert "the newest" in said
    assert "--yes" in awgp.refused("source", "expire", "shop", *AT)
    awgp.told("source", "expire", "shop", *AT, "--yes")
    assert (status("c", old["secret"]), status("d", new["secret"])) == (401, 202)
    assert "no older one" in awgp.refused("source", "expire", "shop", *AT, "--yes")


def test_a_login_is_made_with_a_person_and_its_password_is_shown_once(
    awgp: CommandLine, world: World
) -> None:
    name = f"nora{time.time_ns()}"  # the data folder is the whole session's
    made = awgp.told("person", "add", "--name", "Nora", "--login", name, "--role", "approver", *AT)
    assert made["login"] == name
    assert made["password"].count("-") == 3
    shown = awgp("person", "show", name, *AT)
    assert made["password"] not in shown.out
    assert made["id"] in shown.out
    said = awgp.refused("person", "add", "--name", "Nora", "--login", name, *AT)
    assert "was added before" in said
    elsewhere = ("--tenant", "globex")
    said = awgp.refused("person", "add", "--name", "Nora", "--login", name, *elsewhere)
    assert f"there is a login {name!r} already" in said


def test_no_secret_is_shown_a_second_time(awgp: CommandLine, world: World) -> None:
    target = awgp.told("target", "add", "mail", "--url", "https://m.example/", *AS_AXEL)
    source = awgp.told("source", "add", "shop", "--assistant", "booker", *AS_AXEL)
    secrets = [target["secret"], source["secret"]]
    for noun, name in (("target", "mail"), ("source", "shop")):
        for view in (("list",), ("show", name)):
            said = awgp(noun, *view, *AT).out + awgp(noun, *view, *AT, "--json").out
            assert not any(secret in said or secret[6:] in said for secret in secrets)
