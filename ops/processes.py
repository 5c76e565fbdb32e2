"""What each kind of AWGP process is told, and how each is started.

A process gets the variables its kind needs and no other: a table below says which. Secrets are
never among them, only the names of files that hold them.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ops.embedded.data_folder import DataFolder, is_held
from ops.embedded.program import Program
from ops.embedded.users import AS_OURSELVES, Users
from ops.instances import (
    RELAY,
    SCALABLE,
    give_ops_addresses,
    instance_names,
    kind_of,
    wanted_numbers,
)
from ops.process_servers import (
    broker_settings,
    database_settings,
    identity_settings,
    object_store_settings,
    secret_path,
    signer_public_key,
    store_reader_settings,
)
from ops.runtime_folder import runtime_folder
from pipeline.errors import AwgpError
from pipeline.settings import METRICS_FOLDER, read_settings

DATABASE_LOGIN = {
    "ingest": "awgp_ingest",
    "web": "awgp_web",
    "policy": "awgp_worker",
    "hold": "awgp_worker",
    "execute": "awgp_worker",
    "post_action": "awgp_worker",
    "audit": "awgp_sealer",
    "export": "awgp_exporter",
    "relay": "awgp_relay",
    "scaler": "awgp_operator",
}
_VALKEY_USER = {"ingest": "ingest", "web": "web", "relay": "relay"}
"""Every other kind with a database is a worker."""

_NEEDS_IDENTITY = ("ingest", "web")
_NEEDS_KEK = ("ingest", "web", "execute", "post_action")
_NEEDS_PUBLIC_URL = ("web", "post_action")
_NEEDS_RUNTIME_SOCKET = ("execute", "runtime-host")

_SETTLE_SECONDS = 10
"""What work that was cut short may take to be written down, before SIGKILL."""

_DOOR_STOP_SECONDS = 30
"""More than gunicorn gives requests to be answered (ops/gunicorn_conf.py)."""

QUEUES = ("policy", "hold", "execute", "post_action", "audit", "export")
SCALER = "scaler"
"""Brings what runs to what is wanted. It asks the supervisor, so it stays with the supervisor's
user; it has no address, and nothing asks it anything."""
KINDS = ("runtime-host", "ingest", "web", *QUEUES, "relay", SCALER)

PASSED_ON = (
    "AWGP_ENV",
    "AWGP_CHECKPOINT_KEY_NAME",
    "AWGP_S3_RETENTION_DAYS",
    "AWGP_NOTICE_RETENTION_DAYS",
    "AWGP_MAX_BODY_BYTES",
    "AWGP_MAX_JSON_DEPTH",
    "AWGP_SOURCE_RATE_PER_MINUTE",
    "AWGP_TENANT_RATE_PER_MINUTE",
    "AWGP_DATABASE_POOL_SIZE",
    "AWGP_ONE_PROCESSOR",
    "AWGP_DELIVERY_ATTEMPTS",
    "AWGP_DELIVERY_TIMEOUT_SECONDS",
    "AWGP_LEASE_SECONDS",
    "AWGP_SEAL_INTERVAL_SECONDS",
    "AWGP_EXPORT_INTERVAL_SECONDS",
    "AWGP_LIVE_PER_PERSON",
    "AWGP_LIVE_PER_TENANT",
    "AWGP_STOP_SECONDS",
    "AWGP_FAULT_POINT",
    "AWGP_TRUSTED_PROXIES",
    "AWGP_OIDC_SCOPES",
    "AWGP_SESSION_IDLE_SECONDS",
    "AWGP_SESSION_SECONDS",
    "AWGP_RUNSC",
)
"""The operator's own choices every process may see; none is a secret."""

OF_THE_HOST = (
    "AWGP_DRIVER",
    "AWGP_DOCKER_SOCKET",
    "AWGP_DOCKER_RUNTIME",
    "AWGP_GATEWAY_OWN_MACHINE",
    "AWGP_MEMORY_FOLDER",
    "AWGP_MEMORY_MIB",
    "AWGP_QDRANT_URL",
    "AWGP_QDRANT_API_KEY_FILE",
    "AWGP_SANDBOXES",
    "AWGP_SANDBOX_CPUS",
    "AWGP_WARM_SANDBOXES",
    "AWGP_WARM_SANDBOXES_MIN",
    "AWGP_WARM_MEMORY_MIB",
    "AWGP_WARM_SECONDS",
)
"""The operator's own choices for the runtime host alone."""

MAIL = (
    "AWGP_SMTP_HOST",
    "AWGP_SMTP_PORT",
    "AWGP_SMTP_USER",
    "AWGP_SMTP_PASSWORD_FILE",
    "AWGP_SMTP_FROM",
    "AWGP_SMTP_TLS",
)
"""What who sends notices is told of the mail server: the password as a file, never itself."""


class ProcessUnknown(AwgpError):
    """There is no such kind of process."""


def process_environment(
    data: DataFolder,
    kind: str,
    *,
    operator: Mapping[str, str] | None = None,
    users: Users = AS_OURSELVES,
) -> dict[str, str]:
    """Return the variables of one kind of process.

    Args:
        kind: One of KINDS.
        operator: The operator's environment. A server named there (`AWGP_DATABASE_URL`,
            `AWGP_REDIS_URL`, `AWGP_S3_ENDPOINT`, `AWGP_OIDC_ISSUER`) takes the embedded one's
            place; without it everything is embedded.
        users: Who runs what: the runtime host must know who may ask it.

    Raises:
        ProcessUnknown: No such kind.
        ServerUrlUnsafe: A URL of the operator's holds a password, or cannot be read.
    """
    if kind not in KINDS:
        raise ProcessUnknown(f"there is no process {kind!r}; there are {', '.join(KINDS)}")
    given = operator or {}
    variables = {"AWGP_ENV": "development"}
    variables |= {name: given[name] for name in PASSED_ON if name in given}
    if kind in DATABASE_LOGIN:
        variables |= database_settings(data, DATABASE_LOGIN[kind], given)
        variables |= _broker(data, kind, given)
    variables |= _telling(data, kind, given)
    if kind == "web":
        variables |= _control_plane(data, given)
    if kind in _NEEDS_IDENTITY:
        variables |= identity_settings(data, kind, given)
    if kind in _NEEDS_KEK:
        variables["AWGP_KEK_FILE"] = secret_path(data, "kek", "AWGP_KEK_FILE", given)
    if kind == "audit":
        key = secret_path(data, "checkpoint.key", "AWGP_CHECKPOINT_KEY_FILE", given)
        variables["AWGP_CHECKPOINT_KEY_FILE"] = key
        variables["AWGP_SIGNER_FOLDER"] = str(data.folder("signer"))
    if kind == "export":
        variables |= object_store_settings(data, given)
        variables["AWGP_CHECKPOINT_PUBLIC_KEY"] = signer_public_key(data, given)
    if kind in _NEEDS_RUNTIME_SOCKET:
        variables["AWGP_RUNTIME_SOCKET"] = str(runtime_socket(data))
    if kind == "runtime-host":
        variables |= _runtime_host(data, given, users)
    return variables


def _telling(data: DataFolder, kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """What leads people here, and what sends mail to them."""
    found = {}
    if kind in _NEEDS_PUBLIC_URL:
        found["AWGP_PUBLIC_URL"] = given.get("AWGP_PUBLIC_URL", web_urls(data)["web"])
    if kind == "post_action":
        found |= {name: given[name] for name in MAIL if name in given}
    return found


def _broker(data: DataFolder, kind: str, given: Mapping[str, str]) -> dict[str, str]:
    if kind == SCALER:
        return {}
    return broker_settings(data, _VALKEY_USER.get(kind, "worker"), given)


def _control_plane(data: DataFolder, given: Mapping[str, str]) -> dict[str, str]:
    """What web has beside the database of tenants."""
    return {
        **{name: given[name] for name in ("AWGP_TRACE_URL",) if name in given},
        "AWGP_INGEST_URL": given.get("AWGP_INGEST_URL", web_urls(data)["ingest"]),
        "AWGP_HOLDING_PASSWORD_FILE": str(data.secret_file("awgp_holding")),
        "AWGP_OPERATOR_PASSWORD_FILE": str(data.secret_file("awgp_operator")),
        "AWGP_CHECKPOINT_PUBLIC_KEY": signer_public_key(data, given),
        **store_reader_settings(data, given),
    }


def runtime_socket(data: DataFolder) -> Path:
    """Return where execute workers find the machine's runtime host."""
    return data.sockets / "runtime.sock"


def web_urls(data: DataFolder) -> dict[str, str]:
    """Return where people and senders find AWGP."""
    return {name: f"http://127.0.0.1:{data.ports[name]}" for name in ("ingest", "web")}


def app_programs(
    data: DataFolder, *, operator: Mapping[str, str], users: Users = AS_OURSELVES
) -> list[Program]:
    """Return AWGP's own processes in the order they start; they stop in reverse.

    As many of each kind as are wanted on this folder; each but the runtime host and the scaler has
    an address for its health and metrics.
    """
    at = _At(data=data, operator=operator, users=users)
    by_kind = {each.name: each for each in scalable_programs(data, operator=operator, users=users)}
    wanted = wanted_numbers(data)
    programs = [
        *(
            replace(by_kind[kind], name=name)
            for kind in SCALABLE
            for name in instance_names(kind, wanted[kind])
        ),
        _program(at, "ingest", _gunicorn(data, "ingest"), stop_seconds=_DOOR_STOP_SECONDS),
        _program(at, "web", _gunicorn(data, "web"), stop_seconds=_DOOR_STOP_SECONDS),
    ]
    names = [program.name for program in programs]
    # A port that someone took while we were down is given up; ours may be in use otherwise.
    addresses = give_ops_addresses(data, names, replace_taken=not is_held(data))
    host_seconds = _stop_seconds(operator) + _SETTLE_SECONDS
    return [
        _program(at, "runtime-host", (_awgp(), "runtime-host"), stop_seconds=host_seconds),
        *(_observed(data, program, addresses[program.name]) for program in programs),
        _program(at, SCALER, (_awgp(), SCALER, "--data", str(data.root))),
    ]


def scalable_programs(
    data: DataFolder, *, operator: Mapping[str, str], users: Users = AS_OURSELVES
) -> list[Program]:
    """Return one program of each scalable kind, under the kind's name and at no address yet."""
    at = _At(data=data, operator=operator, users=users)
    # Long enough for work to end, or to be cut short and written down; see actors/stopping.py.
    seconds = _stop_seconds(operator) + _SETTLE_SECONDS
    return [
        *(
            _program(at, queue, (_awgp(), "worker", queue), stop_seconds=seconds)
            for queue in QUEUES
        ),
        _program(at, RELAY, (_awgp(), RELAY), stop_seconds=seconds),
    ]


def instance(data: DataFolder, program: Program, name: str) -> Program:
    """Return one of many of a scalable program, at an address of its own."""
    named = replace(program, name=name)
    return _observed(data, named, give_ops_addresses(data, [name])[name])


def metrics_folder(data: DataFolder, name: str) -> Path:
    """Where the processes of one program keep what they count."""
    return data.folder("run") / "metrics" / name


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """What all processes of one start have in common."""

    data: DataFolder
    operator: Mapping[str, str]
    users: Users


def _program(
    at: _At,
    kind: str,
    command: tuple[str, ...],
    *,
    name: str | None = None,
    stop_seconds: int = 10,
) -> Program:
    told = process_environment(at.data, kind, operator=at.operator, users=at.users)
    user = at.users.of(kind)
    copies = {} if user is None else _copies(at.data, kind, told)
    return Program(
        name=name or kind,
        command=command,
        environment={**told, **{variable: str(copy) for variable, copy in copies.items()}},
        user=user,
        secrets={copy: Path(told[variable]) for variable, copy in copies.items()},
        shown={} if user is None else at.users.shown,
        stop_seconds=stop_seconds,
    )


def _observed(data: DataFolder, program: Program, address: str) -> Program:
    told = {"AWGP_OPS_ADDRESS": address}
    if kind_of(program.name) != RELAY:  # which is a process by itself
        told[METRICS_FOLDER] = str(metrics_folder(data, program.name))
    return replace(program, environment={**program.environment, **told})


def _stop_seconds(given: Mapping[str, str]) -> int:
    chosen = {name: given[name] for name in ("AWGP_STOP_SECONDS",) if name in given}
    return read_settings(chosen).stop_seconds


def _copies(data: DataFolder, kind: str, told: Mapping[str, str]) -> dict[str, Path]:
    """Where the secret files a kind is told of lie for its user: variable -> copy.

    Several kinds have the same secret, and the operator's own files are root's. The launcher makes
    the copies at every start, so a restarted process has what was rotated meanwhile.
    """
    folder = data.handed_secrets(kind)
    return {name: folder / name.removesuffix("_FILE") for name in told if name.endswith("_FILE")}


def _runtime_host(data: DataFolder, given: Mapping[str, str], users: Users) -> dict[str, str]:
    return {
        "AWGP_RUNTIME_FOLDER": str(runtime_folder(given)),
        "AWGP_RUNTIME_STATE": str(data.folder("runtime-state")),
        "AWGP_RUNTIME_STOP_SECONDS": str(_stop_seconds(given)),
        **{name: given[name] for name in OF_THE_HOST if name in given},
        **_runtime_clients(users),
    }


def _runtime_clients(users: Users) -> dict[str, str]:
    user = users.of("execute")
    if user is None:
        return {}
    return {"AWGP_RUNTIME_CLIENT_UIDS": str(user), "AWGP_RUNTIME_GROUP": str(user)}


def _awgp() -> str:
    return str(Path(sys.executable).parent / "awgp")


def _gunicorn(data: DataFolder, room: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "gunicorn", "--config", "python:ops.gunicorn_conf"),
        *(f"{room}.app:from_environ()", "--bind", f"127.0.0.1:{data.ports[room]}"),
        *("--name", room, "--no-control-socket", "--worker-tmp-dir", "/dev/shm"),  # noqa: S108
    )
