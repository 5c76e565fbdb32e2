"""What each process is told, and what the supervisor is told of it."""

import configparser
import json
import signal
from pathlib import Path

import pytest

from ops.commands.runtime_host import KEPT
from ops.embedded.data_folder import DataFolder, open_data_folder
from ops.embedded.ports import PORTS
from ops.embedded.program import Program
from ops.embedded.secret_files import SECRETS
from ops.embedded.users import FIRST_ID, PARTS, Users
from ops.embedded.valkey import access_rules
from ops.process_servers import ServerUrlUnsafe
from ops.processes import (
    KINDS,
    OF_THE_HOST,
    QUEUES,
    ProcessUnknown,
    app_programs,
    process_environment,
)
from ops.services import embedded_services
from ops.supervisor_files import ProgramUnwritable, program_section, write_supervisor_files


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    folder = tmp_path_factory.mktemp("data")
    ports = {name: 15_000 + number for number, name in enumerate(PORTS)}
    (folder / "state.json").write_text(json.dumps({"ports": ports}))
    return open_data_folder(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_no_process_is_told_a_secret_only_where_it_lies(data: DataFolder, kind: str) -> None:
    told = json.dumps(process_environment(data, kind))
    assert not [name for name in SECRETS if data.secret(name) in told]
    files = {k: v for k, v in process_environment(data, kind).items() if k.endswith("_FILE")}
    assert all(Path(path).is_file() for path in files.values())


def test_the_runtime_host_knows_no_database_no_broker_and_no_key(data: DataFolder) -> None:
    assert process_environment(data, "runtime-host").keys() == {
        "AWGP_ENV",
        "AWGP_RUNTIME_SOCKET",
        "AWGP_RUNTIME_FOLDER",
        "AWGP_RUNTIME_STATE",
        "AWGP_RUNTIME_STOP_SECONDS",
    }


def test_how_many_sandboxes_there_are_is_for_the_runtime_host_alone(data: DataFolder) -> None:
    chosen = dict.fromkeys(OF_THE_HOST, "3")
    assert chosen.items() <= process_environment(data, "runtime-host", operator=chosen).items()
    assert not chosen.keys() & process_environment(data, "execute", operator=chosen).keys()
    assert {
        name
        for name in KEPT
        if name.startswith(
            ("AWGP_WARM", "AWGP_SAND", "AWGP_D", "AWGP_GATEWAY", "AWGP_MEMORY", "AWGP_Q")
        )
    } == chosen.keys()


def test_apart_from_each_other_each_process_is_a_user_of_its_own(data: DataFolder) -> None:
    programs = app_programs(data, operator={}, users=Users(separate=True))
    users = {each.name: each.user for each in programs}
    # They make sandboxes, and processes.
    assert (users.pop("runtime-host"), users.pop("scaler")) == (None, None)
    assert None not in users.values()
    assert len(set(users.values())) == len(users)
    # They own files in existing data folders.
    assert [*PARTS][:3] == ["valkey", "s3", "oidc"]
    assert users["execute-1"] == FIRST_ID + 7


def test_a_process_of_its_own_user_is_told_of_copies_of_just_its_secrets(data: DataFolder) -> None:
    operator = {"AWGP_KEK_FILE": "/etc/kek"}
    programs = app_programs(data, operator=operator, users=Users(separate=True))
    for program in programs:
        if program.name == "scaler":
            continue  # of the supervisor's user, which reads the secrets themselves
        files = {k: Path(v) for k, v in program.environment.items() if k.endswith("_FILE")}
        assert set(files.values()) == set(program.secrets)
        assert len(program.secrets) == len(files)
    ingest = next(each for each in programs if each.name == "ingest")
    folder = data.handed_secrets("ingest")
    assert ingest.secrets == {
        folder / "AWGP_KEK": Path("/etc/kek"),
        folder / "AWGP_DATABASE_PASSWORD": data.secret_file("awgp_ingest"),
        folder / "AWGP_REDIS_PASSWORD": data.secret_file("valkey-ingest"),
    }


def test_the_runtime_host_lets_in_the_execute_user_alone(data: DataFolder) -> None:
    told = process_environment(data, "runtime-host", users=Users(separate=True))
    assert told["AWGP_RUNTIME_CLIENT_UIDS"] == str(FIRST_ID + 7)
    assert told["AWGP_RUNTIME_GROUP"] == str(FIRST_ID + 7)


@pytest.mark.parametrize(
    ("variable", "kinds"),
    [
        ("AWGP_CHECKPOINT_KEY_FILE", {"audit"}),
        ("AWGP_S3_SECRET_KEY_FILE", {"export", "web"}),
        ("AWGP_RUNTIME_SOCKET", {"execute", "runtime-host"}),
        ("AWGP_OIDC_ISSUER", {"ingest", "web"}),
        ("AWGP_KEK_FILE", {"ingest", "web", "execute", "post_action"}),
        ("AWGP_DATABASE_PASSWORD_FILE", set(KINDS) - {"runtime-host"}),
    ],
)
def test_only_those_who_need_it_are_told(data: DataFolder, variable: str, kinds: set[str]) -> None:
    assert {kind for kind in KINDS if variable in process_environment(data, kind)} == kinds


@pytest.mark.parametrize(
    ("kind", "login"),
    [
        ("ingest", "awgp_ingest"),
        ("web", "awgp_web"),
        ("policy", "awgp_worker"),
        ("hold", "awgp_worker"),
        ("execute", "awgp_worker"),
        ("post_action", "awgp_worker"),
        ("audit", "awgp_sealer"),
        ("export", "awgp_exporter"),
        ("relay", "awgp_relay"),
    ],
)
def test_each_process_has_the_login_of_its_kind(data: DataFolder, kind: str, login: str) -> None:
    told = process_environment(data, kind)
    assert told["AWGP_DATABASE_URL"].startswith(f"postgresql://{login}@127.0.0.1:")
    assert told["AWGP_DATABASE_PASSWORD_FILE"].endswith(f"/secrets/{login}")


def test_an_operators_servers_take_the_embedded_ones_place(data: DataFolder) -> None:
    operator = {
        "AWGP_DATABASE_URL": "postgresql://admin:hidden@db.internal:5432/awgp",
        "AWGP_REDIS_URL": "rediss://cache.internal:6380/0",
        "AWGP_REDIS_PASSWORD_FILE": "/run/secrets/redis",
        "AWGP_OIDC_ISSUER": "https://id.internal/realms/awgp-holding",
        "AWGP_TRACE_URL": "https://tempo.internal/{trace_id}",
    }
    told = process_environment(data, "web", operator=operator)
    assert told["AWGP_DATABASE_URL"] == "postgresql://awgp_web@db.internal:5432/awgp"
    assert told["AWGP_REDIS_URL"] == "rediss://cache.internal:6380/0"
    assert told["AWGP_REDIS_PASSWORD_FILE"] == "/run/secrets/redis"
    assert told["AWGP_OIDC_ISSUER"] == "https://id.internal/realms/awgp-holding"
    assert told["AWGP_TRACE_URL"] == "https://tempo.internal/{trace_id}"
    assert [service.name for service in embedded_services(operator)] == ["s3"]


def test_a_password_in_the_brokers_url_is_refused(data: DataFolder) -> None:
    operator = {"AWGP_REDIS_URL": "redis://:hidden@cache.internal:6379/0"}
    with pytest.raises(ServerUrlUnsafe, match="AWGP_REDIS_PASSWORD_FILE"):
        process_environment(data, "relay", operator=operator)


def test_an_unknown_process_is_named(data: DataFolder) -> None:
    with pytest.raises(ProcessUnknown, match="sidecar"):
        process_environment(data, "sidecar")


def test_every_queue_has_a_process_of_its_own(data: DataFolder) -> None:
    programs = app_programs(data, operator={})
    names = [program.name for program in programs]
    assert names[0] == "runtime-host"
    assert {f"{queue}-1" for queue in QUEUES} < set(names)
    for program in programs:
        if program.name.removesuffix("-1") in QUEUES:
            assert program.command[1:] == ("worker", program.name.removesuffix("-1"))


def test_the_supervisor_reads_back_what_was_written(data: DataFolder) -> None:
    program = Program(
        name="execute-2",
        command=("/bin/echo", "100%", "two words", "it's"),
        environment={"AWGP_X": "50% off, and more"},
        stop_signal=signal.SIGINT,
        stop_seconds=7,
    )
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(program_section(data, program))
    section = parser["program:execute-2"]
    assert section["command"].endswith("-- /bin/echo 100%% 'two words' 'it'\"'\"'s'")
    assert section["environment"] == 'AWGP_X="50%% off, and more"'
    assert (section["stopsignal"], section["stopwaitsecs"]) == ("INT", "7")
    assert (section["autostart"], section["killasgroup"]) == ("false", "true")


@pytest.mark.parametrize(
    "program",
    [
        Program(name="Two Words", command=("true",)),
        Program(name="x]\n[program:y", command=("true",)),
        Program(name="x", command=("true", "a\nautostart=true")),
        Program(name="x", command=("true", "cut off ; here")),
        Program(name="x", command=("true",), environment={"A": 'b",C="d'}),
        Program(name="x", command=("true",), environment={"A": "b\nuser=root"}),
    ],
)
def test_what_the_file_format_cannot_hold_is_refused(data: DataFolder, program: Program) -> None:
    with pytest.raises(ProgramUnwritable):
        program_section(data, program)


def test_a_removed_programs_file_goes_with_the_next_start(data: DataFolder) -> None:
    write_supervisor_files(data, [Program(name=name, command=("true",)) for name in ("a", "b")])
    write_supervisor_files(data, [Program(name="b", command=("true",))])
    assert [path.name for path in (data.root / "supervisor/programs").iterdir()] == ["b.conf"]


def test_transport_users_are_confined_and_the_default_one_is_off(data: DataFolder) -> None:
    rules = {line.split()[1]: line for line in access_rules(data).splitlines()}
    assert rules["default"] == "user default reset off"
    for kind in ("ingest", "web", "worker", "relay"):
        assert "-@all" in rules[kind]
        assert "-@dangerous" in rules[kind]
        assert " ~* " not in rules[kind]
        assert data.secret(f"valkey-{kind}") not in rules[kind]
    assert [kind for kind in rules if "awgp-session" in rules[kind]] == ["web"]
