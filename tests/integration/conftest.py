"""Real servers, and a database of its own for every test, cloned from a migrated template."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final, LiteralString

import psycopg
import pytest
from dramatiq.brokers.stub import StubBroker
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url

from ops.database import admin_engine, migrate
from ops.embedded.data_folder import hold_data_folder, open_data_folder
from ops.embedded.postgres import (
    ensure_database,
    postgres_program,
    postgres_ready,
    prepare_postgres,
    superuser_url,
)
from ops.embedded.running import Running
from ops.logins import LOGINS
from pipeline.database import database_url, make_engine
from pipeline.outbox import Outbox
from pipeline.run import Stage
from tests.integration.own_host import runtimes  # noqa: F401  # a fixture
from tests.integration.world import World, make_world

TEMPLATE = "awgp_template"
WORLD_TEMPLATE = "awgp_world_template"
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the folder in it is new, and ours
ROOM_BYTES: Final = 6 * 1024**3
NUMBERS = itertools.count(1)
WAITING: Final[tuple[LiteralString, ...]] = ("fsync", "full_page_writes")


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that an unprivileged server may reach: pytest's own are closed to it."""
    with _open_folder(None) as folder:
        yield folder


@contextmanager
def _open_folder(where: Path | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="awgp-test-", dir=where))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Where files cost nothing, if there is room: each copy of the template is 600 of them."""
    room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY if room else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Running]:
    """One PostgreSQL for the session, with the logins and a migrated template database.

    It waits for no disk: it is thrown away, and what a killed process wrote the kernel still has.
    """
    with _open_folder(_in_memory()) as folder, hasty_postgres(folder / "postgres") as running:
        wait_for_disk(running, wait=False)
        with _superuser(running, "postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        admin = _admin_engine(running, TEMPLATE)
        migrate(admin, {login: running.data.secret(login) for login in LOGINS})
        admin.dispose()
        yield running


@contextmanager
def hasty_postgres(folder: Path) -> Iterator[Running]:
    """The embedded server, which can be told not to wait for the disk."""
    data = open_data_folder(folder)
    with hold_data_folder(data, shared=True):
        prepare_postgres(data)
        program = postgres_program(data)
        server = Running(
            data=data,
            program=replace(program, command=_without(program.command, WAITING)),
            url=superuser_url(data),
            ready=lambda: postgres_ready(data),
        )
        try:
            server.wait_until_ready()
            ensure_database(data)
            yield server
        finally:
            server.stop()


def wait_for_disk(running: Running, *, wait: bool) -> None:
    """Be as durable as what we run, or not; a commit reaches the kernel either way."""
    with _superuser(running, "postgres") as connection:
        for name in WAITING:
            value = sql.Literal("on" if wait else "off")
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.SQL(name), value))
        connection.execute("SELECT pg_reload_conf()")


def _without(command: tuple[str, ...], names: Sequence[LiteralString]) -> tuple[str, ...]:
    flags = {f"{name}=on" for name in names}
    pairs = zip(command[3::2], command[4::2], strict=True)
    return (*command[:3], *(part for pair in pairs if pair[1] not in flags for part in pair))


@dataclass
class Database:
    """One test's database."""

    cluster: Running
    name: str
    engines: list[Engine] = field(default_factory=list)

    def url(self, login: str, *, password: bool = True) -> str:
        url = make_url(superuser_url(self.cluster.data)).set(
            username=login,
            password=self.cluster.data.secret(login) if password else None,
            database=self.name,
        )
        return url.render_as_string(hide_password=False)

    def engine(self, login: str, *, pool_size: int = 8) -> Engine:
        """An engine as a running process of this login has it."""
        return self._kept(make_engine(database_url(self.url(login)), pool_size=pool_size))

    @cached_property
    def owner(self) -> Engine:
        """The tables' owner, which no running process is: for setting up."""
        url = database_url(self.url("awgp_owner"))
        return self._kept(
            create_engine(
                url,
                connect_args={"options": "-csearch_path=awgp,pg_temp"},
                pool_pre_ping=True,  # tests end connections
                max_overflow=-1,
            )
        )

    @property
    def admin(self) -> Engine:
        """The superuser."""
        return self._kept(_admin_engine(self.cluster, self.name))

    def outbox(self, login: str) -> Outbox:
        """Units of work as this login; what they send lands in `outbox.broker`, a stub."""
        return Outbox(self.engine(login), stub_broker())

    def dispose(self) -> None:
        for engine in self.engines:
            engine.dispose()

    def _kept(self, engine: Engine) -> Engine:
        self.engines.append(engine)
        return engine


def stub_broker() -> StubBroker:
    """A broker that keeps messages in memory: the queues exist, nobody works on them."""
    broker = StubBroker(middleware=[])
    for stage in Stage:
        broker.declare_queue(stage.value)
    return broker


@pytest.fixture(scope="session")
def furnished(cluster: Running) -> World:
    """The world of the second template, made once."""
    _clone(cluster, WORLD_TEMPLATE, TEMPLATE)
    template = Database(cluster=cluster, name=WORLD_TEMPLATE)
    world = make_world(template.owner)
    template.dispose()
    return world


@pytest.fixture
def database(cluster: Running, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of the test's own, empty unless it asks for `world` too."""
    template = TEMPLATE
    if "world" in request.fixturenames:
        request.getfixturevalue("furnished")
        template = WORLD_TEMPLATE
    name = f"awgp_test_{next(NUMBERS)}"
    _clone(cluster, name, template)
    database = Database(cluster=cluster, name=name)
    yield database
    database.dispose()
    with _superuser(cluster, "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def world(furnished: World) -> World:
    """Two tenants, each with people, an assistant, a target, a source, a policy in force."""
    return furnished


def _clone(cluster: Running, name: str, template: str) -> None:
    with _superuser(cluster, "postgres") as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def _admin_engine(running: Running, name: str) -> Engine:
    return admin_engine(
        database_url(superuser_url(running.data, database=name)).render_as_string(
            hide_password=False
        )
    )


@contextmanager
def _superuser(running: Running, name: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(superuser_url(running.data, database=name), autocommit=True) as opened:
        yield opened
