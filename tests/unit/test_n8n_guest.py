"""What N8N is told, and the flows we ship for it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ops.embedded.data_folder import DataFolder, open_data_folder
from ops.embedded.n8n import OWNER, Installed, n8n_program
from ops.embedded.ports import PORTS
from ops.embedded.secret_files import SECRETS
from ops.embedded.users import FIRST_ID, PARTS, Users
from ops.guests import GuestHasNoPlace, guest_words, refuse_foreign_database
from ops.n8n_packages import HOME
from ops.node_packages import NodeUnavailable, refuse_too_small
from pipeline.approval_list import STATUSES
from pipeline.delivery import EXECUTED
from pipeline.notice import WANTABLE
from pipeline.run import TERMINAL

FLOWS = sorted((HOME / "workflows").glob("*.json"))
INSTALLED = Installed(program=Path("/cache/n8n"), node=Path("/cache/package"))
KEPT_BY = {
    "n8n-nodes-awgp.awgp": "awgpOAuth2Api",
    "n8n-nodes-awgp.awgpTrigger": "awgpTargetApi",
}


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    ports = {name: 15_000 + number for number, name in enumerate(PORTS)}
    (tmp_path / "state.json").write_text(json.dumps({"ports": ports}))
    return open_data_folder(tmp_path)


def test_n8n_is_told_where_its_secrets_lie_and_gets_copies_of_just_those(data: DataFolder) -> None:
    user = Users(separate=True).of("n8n")
    alone, apart = (
        n8n_program(data, installed=lambda: INSTALLED),
        n8n_program(data, user, installed=lambda: INSTALLED),
    )
    for program in (alone, apart):
        told = json.dumps([program.command, dict(program.environment)])
        assert not [name for name in SECRETS if data.secret(name) in told]
    files = {v for k, v in apart.environment.items() if k.endswith("_FILE")}
    assert files == {str(copy) for copy in apart.secrets}
    assert {source.name for source in apart.secrets.values()} == {"n8n-encryption", "n8n-database"}
    assert alone.secrets == {}


def test_n8n_listens_on_loopback_alone_and_shows_pages_only_when_asked(data: DataFolder) -> None:
    told = n8n_program(data, installed=lambda: INSTALLED).environment
    assert told["N8N_LISTEN_ADDRESS"] == told["N8N_RUNNERS_BROKER_LISTEN_ADDRESS"] == "127.0.0.1"
    assert (told["N8N_DISABLE_UI"], told["N8N_DIAGNOSTICS_ENABLED"]) == ("true", "false")
    assert (
        "N8N_DISABLE_UI"
        not in n8n_program(data, canvas=True, installed=lambda: INSTALLED).environment
    )


def test_a_guests_uid_is_no_parts_and_moves_with_none() -> None:
    users = Users(separate=True)
    parts = {users.of(part) for part in PARTS}
    assert users.of("n8n") == FIRST_ID + 100
    assert users.of("n8n") not in parts
    assert Users().of("n8n") is None


def test_a_database_of_the_operators_gets_none_of_n8ns() -> None:
    refuse_foreign_database({})
    with pytest.raises(GuestHasNoPlace, match="AWGP_DATABASE_URL"):
        refuse_foreign_database({"AWGP_DATABASE_URL": "postgresql://db.example/awgp"})


def test_where_there_is_no_room_nothing_is_installed(tmp_path: Path) -> None:
    refuse_too_small(tmp_path, 1)
    with pytest.raises(NodeUnavailable, match=r"[0-9.]+ GB free, and 1000000000\.0 GB are needed"):
        refuse_too_small(tmp_path, 10**18)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_we_ship_is_whole_and_brings_no_secret(path: Path) -> None:
    flow: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert not flow["active"]
    nodes = {node["name"]: node for node in flow["nodes"]}
    reached = {
        link["node"]
        for outputs in flow["connections"].values()
        for links in outputs["main"]
        for link in links
    }
    triggers = {name for name in nodes if name not in reached and name != "Note"}
    assert reached | triggers | {"Note"} == nodes.keys()
    assert len(triggers) == 1
    for node in nodes.values():
        wanted = KEPT_BY.get(node["type"])
        assert wanted is None or wanted in node["credentials"]
        for known in node.get("credentials", {}).values():
            assert known.keys() == {"id", "name"}


def test_three_flows_are_shipped() -> None:
    assert [path.stem for path in FLOWS] == [
        "submit-and-wait",
        "take-a-result-once",
        "tell-of-an-approval",
    ]


def test_the_node_knows_every_event_and_status_that_awgp_does() -> None:
    nodes = HOME / "n8n-nodes-awgp" / "nodes"
    trigger = (nodes / "AwgpTrigger" / "description.ts").read_text()
    told = set(re.findall(r"'([a-z_]+\.[a-z]+)'", trigger))
    assert told == {*WANTABLE, EXECUTED}
    over = re.search(r"OVER = new Set\(\[(.*)\]\)", (nodes / "Awgp" / "runs.ts").read_text())
    assert over is not None
    assert set(re.findall(r"'(\w+)'", over[1])) == TERMINAL
    approvals = (nodes / "Awgp" / "description.ts").read_text()
    assert set(STATUSES) <= set(re.findall(r"value: '(\w+)'", approvals))


def test_who_draws_flows_is_told_as_whom_to_sign_in(data: DataFolder) -> None:
    words = guest_words(data, ["n8n", "web"], canvas=True)["n8n"]
    assert OWNER in words
    assert str(data.secret_file("n8n-owner")) in words
    assert data.secret("n8n-owner") not in words
    assert "--n8n-canvas" in guest_words(data, ["n8n"], canvas=False)["n8n"]
    assert guest_words(data, ["web"], canvas=True) == {}
