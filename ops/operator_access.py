"""What an operator's commands reach the servers with: a login at a time, and the broker.

On the machine with the data folder everything is found there, also where AWGP_DATABASE_URL and
AWGP_REDIS_URL put other servers in the embedded ones' place. Elsewhere these two variables name the
servers, and a folder holds a password file per login, as `awgp database migrate --passwords` has.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
import dramatiq
import redis
import structlog
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import Engine

from actors.broker import make_redis
from ops.command_options import data_option
from ops.embedded.data_folder import data_folder_path, existing_data_folder
from ops.live_events import events_of
from ops.processes import process_environment
from pipeline.database import make_engine
from pipeline.errors import AwgpError
from pipeline.fast_path import make_fast_path
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.settings import Settings, read_settings

OPERATOR = "awgp_operator"
# What an operator changes of a tenant's is changed as a person's request is, in that tenant.
IN_A_TENANT = "awgp_web"


class PasswordUnknown(AwgpError):
    """The password of a database login is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAccess:
    """Servers, and where each login's password is. `passwords` is None for the URL's own login."""

    settings: Settings
    passwords: Callable[[str], str] | None

    @contextmanager
    def database(self, login: str) -> Iterator[Engine]:
        """Connects to nothing yet.

        Raises:
            PasswordUnknown: No password of this login is known.
        """
        engine = make_engine(self._as(login).database, pool_size=2)
        try:
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def redis(self) -> Iterator["redis.Redis | None"]:
        """The broker's server; None where none is named."""
        client = make_redis(self.settings) if self.settings.redis_url else None
        try:
            yield client
        finally:
            if client is not None:
                client.close()

    @contextmanager
    def outbox(self) -> Iterator[Outbox]:
        """For what an operator changes of a tenant's; who looks on in it is told."""
        with (
            self.database(IN_A_TENANT) as engine,
            self.broker() as broker,
            events_of(self.settings) as live,
        ):
            yield Outbox(engine, broker, live)

    @contextmanager
    def broker(self) -> Iterator[dramatiq.Broker]:
        """What messages go out by. Without one the relay sends them."""
        if self.settings.redis_url:
            _log_beside_what_is_said()
            broker = make_fast_path(self.settings)
            try:
                yield broker
            finally:
                broker.client.close()
            return
        nowhere = StubBroker(middleware=[])
        for stage in Stage:
            nowhere.declare_queue(stage.value)
        yield nowhere

    def _as(self, login: str) -> Settings:
        if self.passwords is None:
            if self.settings.database.username not in (None, login):
                raise PasswordUnknown(
                    f"this needs the login {login}; --passwords names the folder with its password"
                )
            return self.settings
        url = self.settings.database.set(username=login)._replace(password=None)
        return replace(
            self.settings,
            database_url=url.render_as_string(hide_password=False),
            database_password=self.passwords(login),
        )


def operator_access(
    environ: Mapping[str, str], data_path: str | None, passwords: Path | None
) -> OperatorAccess:
    """Find the servers and the passwords.

    Raises:
        DataFolderUnusable, SettingInvalid: There is no data folder, and no URL either.
    """
    root = data_folder_path(environ, data_path)
    if data_path is None and not (root / "state.json").is_file() and "AWGP_DATABASE_URL" in environ:
        found = None if passwords is None else _files(passwords)
        return OperatorAccess(settings=read_settings(environ), passwords=found)
    data = existing_data_folder(root)
    settings = read_settings(process_environment(data, "relay", operator=environ))
    return OperatorAccess(settings=settings, passwords=data.secret)


def operator_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data and --passwords; the command takes an `OperatorAccess` as `access`."""

    @data_option
    @click.option(
        "--passwords",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="A folder with a password file per login, for servers AWGP_DATABASE_URL names.",
    )
    @wraps(command)
    def with_access(*, data_path: str | None, passwords: Path | None, **given: Any) -> Any:
        return command(access=operator_access(os.environ, data_path, passwords), **given)

    return with_access


def _log_beside_what_is_said() -> None:
    """What a broker out of reach lets be logged must not stand in a command's JSON."""
    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def _files(folder: Path) -> Callable[[str], str]:
    def password(login: str) -> str:
        try:
            return (folder / login).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise PasswordUnknown(f"{folder / login} cannot be read: {error.strerror}") from error

    return password
