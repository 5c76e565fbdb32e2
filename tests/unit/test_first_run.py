"""What `awgp init` makes of names, logins and texts; the whole of it runs in tests/e2e."""

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from ops.embedded.data_folder import DataFolder, open_data_folder
from ops.embedded.logins import add_login, known_logins
from ops.first_logins import FILE, end_making, first_login
from ops.first_run import OnePerson, SetUpBefore, set_up_first
from ops.first_run_text import first_run_json, first_run_lines, set_up_before_lines
from ops.first_tenant import FirstRun, Login, Logins, Wanted
from pipeline.identity import Identity
from pipeline.registry_names import FieldInvalid, NameTaken
from pipeline.schemes import PlainMessage
from pipeline.schemes.standard_webhooks import StandardWebhooks
from web.access import Role, roles_in

SECRET = bytes(range(32))
WANTED = Wanted(
    tenant="one", tenant_name="One", owner="owner", approver="approver", template="echo"
)
MADE = FirstRun(
    tenant_id=UUID(int=1),
    assistant="echo",
    source="inbox",
    hook_url="http://127.0.0.1:1/v1/hooks/0f",
    secret=SECRET,
    target_secret=None,
    logins=Logins(
        owner=Login(username="owner", password="aaaa"),
        approver=Login(username="approver", password=None),
    ),
)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


def test_both_logins_may_do_everything_so_that_only_four_eyes_part_them(data: DataFolder) -> None:
    first_login(data, "one", "owner")
    made = known_logins(data)["owner"]
    person = Identity(
        issuer="i", subject=made.sub, kind="human", groups=made.groups, roles=made.roles
    )
    assert roles_in(person, "one") == {Role.OPERATOR, Role.ADMIN, Role.APPROVER}


def test_a_login_that_was_being_made_gets_a_password_that_is_shown(data: DataFolder) -> None:
    lost = first_login(data, "one", "owner")
    again = first_login(data, "one", "owner")
    assert again.username == "owner"
    assert again.password not in (None, lost.password)


def test_a_login_that_was_there_before_keeps_its_password(data: DataFolder) -> None:
    add_login(data, "owner", "Owner", groups=("one-admins",))
    before = known_logins(data)["owner"]
    assert first_login(data, "one", "owner") == Login(username="owner", password=None)
    assert known_logins(data)["owner"] == before


@pytest.mark.parametrize("taken", ["owner", "ada"])
def test_a_name_someone_else_has_gets_the_tenants_added(data: DataFolder, taken: str) -> None:
    if taken == "owner":
        first_login(data, "one", "owner")
    assert first_login(data, "two", taken).username == f"{taken}-two"
    assert first_login(data, "two", taken).username == f"{taken}-two"


def test_two_names_someone_else_has_are_refused(data: DataFolder) -> None:
    add_login(data, "owner", "Owner", groups=("one-admins",))
    add_login(data, "owner-two", "Owner", groups=("three-admins",))
    with pytest.raises(NameTaken, match="choose another"):
        first_login(data, "two", "owner")


def test_what_is_noted_while_making_ends_with_its_own_tenant(data: DataFolder) -> None:
    first_login(data, "one", "owner")
    first_login(data, "two", "boss")
    end_making(data, "two")
    assert json.loads((data.root / FILE).read_text()) == ["one/owner"]
    end_making(data, "one")
    assert not (data.root / FILE).exists()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"tenant": "A"}, "slug: "),
        ({"tenant_name": "a\tb"}, "name: "),
        ({"owner": "Ada Lovelace"}, "--person: "),
        ({"approver": ""}, "--approver: "),
        ({"target_url": "http://user:word@host/"}, "--target-url: "),
        ({"target_url": "ftp://host/"}, "--target-url: "),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_made(
    data: DataFolder, changes: dict[str, str], fault: str
) -> None:
    before = sorted(path.name for path in data.root.iterdir())
    with pytest.raises(FieldInvalid, match=f"^{fault}"):
        set_up_first(data, replace(WANTED, **changes), runtime="sha256:0")
    with pytest.raises(OnePerson):
        set_up_first(data, replace(WANTED, approver="owner"), runtime="sha256:0")
    assert sorted(path.name for path in data.root.iterdir()) == before


def test_the_printed_request_is_signed_and_holds_no_secret() -> None:
    shown = first_run_json(MADE, WANTED, web_url="http://127.0.0.1:2")
    _, _, url, *options = shlex.split(shown["curl"].replace("\\\n", ""))
    headers = dict(each.split(": ", 1) for each in options[1:-2:2])
    assert (url, options[-2]) == (MADE.hook_url, "--data-binary")
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    message = PlainMessage(headers=headers, body=options[-1].encode())
    verified = StandardWebhooks().verify(message, SECRET, signed_at)
    assert verified.event_id == headers["webhook-id"]
    assert shown["secret"] not in shown["curl"]
    assert shown["secret"] in shown["shell"]


@pytest.mark.parametrize("signed_in", [True, False])
def test_what_we_say_ourselves_fits_in_sixty_columns(*, signed_in: bool) -> None:
    made = replace(MADE, logins=replace(MADE.logins, signed_in=signed_in))
    shown = first_run_json(made, WANTED, web_url="http://127.0.0.1:2")
    lines = first_run_lines(shown | {"curl": "", "shell": ""})
    assert [line for line in lines if len(line) > 60 and "http" not in line] == []
    assert ("awgp login --person owner" in "\n".join(lines)) is not signed_in
    found = SetUpBefore(tenant_id=UUID(int=1), assistants=("echo",), sources=("inbox",))
    assert max(map(len, set_up_before_lines(found, WANTED))) <= 60


def test_no_secret_shows_in_what_is_logged() -> None:
    assert "aaaa" not in repr(MADE)
    assert repr(SECRET) not in repr(MADE)
