"""The data folder: made once, private, and the same after every restart."""

import base64
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ops.embedded.data_folder import (
    LONGEST_SOCKET_PATH,
    DataFolder,
    DataFolderBusy,
    DataFolderUnusable,
    data_folder_path,
    existing_data_folder,
    give_folder,
    hold_data_folder,
    is_held,
    open_data_folder,
    write_atomically,
)
from ops.embedded.demo_people import PEOPLE
from ops.embedded.oidc import subject_of
from ops.embedded.ports import PORTS
from ops.embedded.secret_files import SECRETS
from ops.logins import LOGINS


def open_with_given_ports(root: Path) -> DataFolder:
    """Open a folder whose ports are settled already, so that nothing has to look for free ones."""
    root.mkdir(parents=True, exist_ok=True)
    state = root / "state.json"
    if not state.exists():
        ports = {name: 15_000 + number for number, name in enumerate(PORTS)}
        state.write_text(json.dumps({"ports": ports}))
    return open_data_folder(root)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_option_wins_over_the_environment_and_that_over_the_default() -> None:
    assert data_folder_path({"AWGP_DATA_DIR": "/a"}, "/b") == Path("/b")
    assert data_folder_path({"AWGP_DATA_DIR": "/a"}) == Path("/a")
    assert data_folder_path({}) == Path.cwd() / ".awgp"


def test_everything_survives_opening_it_again(tmp_path: Path) -> None:
    first = open_with_given_ports(tmp_path / "data")
    before = {name: first.secret(name) for name in SECRETS}
    again = open_data_folder(tmp_path / "data")
    assert (again.folder_id, again.ports) == (first.folder_id, first.ports)
    assert {name: again.secret(name) for name in SECRETS} == before
    assert subject_of(again, "ada") == subject_of(first, "ada")


def test_secrets_are_private_files_and_all_differ(tmp_path: Path) -> None:
    data = open_with_given_ports(tmp_path / "data")
    assert mode_of(data.root / "secrets") == 0o700
    assert {mode_of(data.secret_file(name)) for name in SECRETS} == {0o600}
    assert len({data.secret(name) for name in SECRETS}) == len(SECRETS)
    assert set(LOGINS) < set(SECRETS)


def test_keys_have_the_form_their_users_expect(tmp_path: Path) -> None:
    data = open_with_given_ports(tmp_path / "data")
    encoded = data.secret("kek").rpartition(":")[2]  # a key ring's line names the key first
    assert len(base64.b64decode(encoded, validate=True)) == 32
    key = load_pem_private_key(data.secret("checkpoint.key").encode(), password=None)
    assert isinstance(key, Ed25519PrivateKey)


def test_a_secret_nobody_laid_out_cannot_be_asked_for(tmp_path: Path) -> None:
    data = open_with_given_ports(tmp_path / "data")
    with pytest.raises(KeyError):
        data.secret_file("../state.json")


def test_others_cannot_list_the_folder(tmp_path: Path) -> None:
    data = open_with_given_ports(tmp_path / "data")
    passable = 0o711 if os.getuid() == 0 else 0o700
    assert {mode_of(data.root), mode_of(data.root / "run")} == {passable}
    closed = {"logs", "supervisor", "secrets", "valkey", "s3", "oidc", "signer"}
    assert {mode_of(data.root / name) for name in closed} == {0o700}


def test_several_openers_at_once_agree_on_every_secret(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    ports = {name: 15_000 + number for number, name in enumerate(PORTS)}
    (root / "state.json").write_text(json.dumps({"ports": ports}))
    found: list[tuple[str, str]] = []

    def open_it() -> None:
        data = open_data_folder(root)
        found.append((data.folder_id, data.secret("kek")))

    openers = [threading.Thread(target=open_it) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_one_holder_refuses_the_next_and_single_servers_share(tmp_path: Path) -> None:
    data = open_with_given_ports(tmp_path / "data")
    with hold_data_folder(data):
        assert is_held(data)
        with pytest.raises(DataFolderBusy, match="already running"), hold_data_folder(data):
            pass
    with (
        hold_data_folder(data, shared=True),
        hold_data_folder(data, shared=True),
        pytest.raises(DataFolderBusy),
        hold_data_folder(data),
    ):
        pass
    assert not is_held(data)


def test_a_folder_that_never_was_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(DataFolderUnusable, match="awgp up"):
        existing_data_folder(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_in_the_folders_place_is_one_clear_refusal(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DataFolderUnusable, match="cannot be used"):
        open_data_folder(tmp_path / "data")


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_sockets_of_a_deep_folder_still_fit_in_an_address(tmp_path: Path) -> None:
    deep = open_with_given_ports(tmp_path / ("d" * 60) / ("e" * 60))
    assert len(os.fsencode(deep.sockets / "supervisor.sock")) <= LONGEST_SOCKET_PATH
    assert mode_of(deep.sockets) == (0o711 if os.getuid() == 0 else 0o700)
    deep.sockets.rmdir()


def test_demo_people_have_the_rights_the_demo_needs() -> None:
    assert {each.username: (each.groups, each.roles) for each in PEOPLE} == {
        "ada": (("acme-operators",), ()),
        "ben": (("acme-operators",), ("approver",)),
        "cleo": (("acme-admins",), ("approver",)),
        "dora": (("globex-operators",), ("approver",)),
        "emil": (("globex-admins",), ()),
        "gwen": (("acme-operators",), ("break-glass",)),
        "hana": (("holding-admins",), ()),
        "otto": (("acme-operators", "globex-operators"), ("auditor",)),
    }


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_folder_that_changes_hands_goes_with_all_in_it_and_follows_no_link(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("ours")
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)
    (home / "deep" / "file").write_text("x")
    (home / "link").symlink_to(outside)

    give_folder(home, 61_000)

    inside = (home, home / "deep", home / "deep" / "file", home / "link")
    assert {each.lstat().st_uid for each in inside} == {61_000}
    assert outside.stat().st_uid == 0

    (home / "later").write_text("root's")
    give_folder(home, 61_000)
    assert (home / "later").stat().st_uid == 0, "a folder in the right hands is not walked through"
    give_folder(home, None)
    assert {each.lstat().st_uid for each in inside} == {0}
