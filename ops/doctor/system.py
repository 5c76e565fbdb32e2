"""What the doctor is shown: a data folder, the operator's environment, what the supervisor says.

Everything here only reads. The folder is opened without the care `awgp up` takes of it, because
that would make anew what is missing, a lost key among it, and hide the loss.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ops.embedded.data_folder import DataFolder, DataFolderUnusable
from ops.embedded.ports import is_free
from ops.embedded.postgres import login_url_without_password
from ops.embedded.secret_files import SECRETS
from ops.operator_access import PasswordUnknown
from ops.services import SERVICES
from ops.supervisor_client import ProcessState, Supervisor, SupervisorUnreachable
from pipeline.errors import AwgpError
from pipeline.settings import Settings, read_settings

ANSWER_SECONDS = 4
"""What one server may take for one answer."""

LOOKING_LOGINS = ("awgp_auditor", "awgp_operator", "awgp_owner")
"""Any login may read the catalogue; the first that gets in looks."""

REPLACED_BY = {service.name: service.replaced_by for service in SERVICES}
_SHORTEST_SECRET = 6


class NothingToExamine(AwgpError):
    """There is neither a data folder nor a server named by URL."""


class DatabaseUrlInvalid(AwgpError):
    """AWGP_DATABASE_URL is missing or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One AWGP as it stands. `states` is empty where no supervisor runs."""

    environ: Mapping[str, str] = field(repr=False)
    data: DataFolder | None
    settings: Settings = field(repr=False)
    states: tuple[ProcessState, ...] = ()

    @property
    def is_running(self) -> bool:
        return bool(self.states)

    def is_embedded(self, service: str) -> bool:
        return self.data is not None and REPLACED_BY[service] not in self.environ

    def is_absent(self, service: str) -> bool:
        """Whether nobody was asked to run this server now: there is nothing to examine."""
        if REPLACED_BY[service] in self.environ:
            return False
        if self.data is None:
            return True
        return not self.is_running and is_free(self.data.ports[service])

    def secret(self, name: str) -> str | None:
        """A secret of the data folder; None where it is missing or cannot be read."""
        if self.data is None:
            return None
        try:
            return self.data.secret(name)
        except OSError:
            return None

    def database_url(self, login: str) -> URL:
        """The URL of a login as its processes have it.

        Raises:
            PasswordUnknown: Its password is not known here.
        """
        password = self.secret(login)
        if self.data is None or password is None:
            raise PasswordUnknown(f"no password of {login} is known here")
        if self.is_embedded("postgres"):
            return make_url(login_url_without_password(self.data, login)).set(password=password)
        return self.admin_url.set(username=login, password=password)

    @property
    def admin_url(self) -> URL:
        """The administrator's, of a server named by URL.

        Raises:
            DatabaseUrlInvalid: AWGP_DATABASE_URL is none.
        """
        try:
            return self.settings.database
        except (AwgpError, ArgumentError) as exc:
            raise DatabaseUrlInvalid("AWGP_DATABASE_URL is not a database URL") from exc

    @contextmanager
    def look(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """The catalogue, by whoever gets in, read only.

        Raises:
            PasswordUnknown, psycopg.OperationalError: Nobody does.
        """
        with open_read_only(self._looking_url()) as connection:
            yield connection

    @contextmanager
    def as_login(self, login: str) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """As one login, read only."""
        with open_read_only(self.database_url(login)) as connection:
            yield connection

    def known_secrets(self) -> list[str]:
        """Every secret value, so that none is ever shown."""
        found = [self.secret(name) for name in SECRETS] if self.data is not None else []
        settings = self.settings
        found += [settings.database_password, settings.redis_password, settings.s3_secret_key]
        found += [settings.kek, settings.checkpoint_key]
        for url in (settings.database_url, settings.redis_url):
            found.append(_password_in(url))
        return [each for each in found if each and len(each) >= _SHORTEST_SECRET]

    def _looking_url(self) -> URL:
        """Raises: the first refusal, where every login is refused."""
        refusal: Exception = PasswordUnknown("no login's password is known here")
        candidates = [*LOOKING_LOGINS, *(() if self.is_embedded("postgres") else ("admin",))]
        for login in candidates:
            try:
                url = self.admin_url if login == "admin" else self.database_url(login)
                with open_read_only(url):
                    return url
            except psycopg.errors.ConnectionTimeout:
                raise  # another login would wait as long
            except (PasswordUnknown, psycopg.OperationalError) as exc:
                refusal = exc if isinstance(refusal, PasswordUnknown) else refusal
        raise refusal


@contextmanager
def open_read_only(url: URL) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection that can change nothing and waits for nothing long."""
    options = (
        "-cdefault_transaction_read_only=on -csearch_path=awgp,pg_temp"
        f" -cstatement_timeout={ANSWER_SECONDS * 1000}"
    )
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(
        address, connect_timeout=ANSWER_SECONDS, options=options, autocommit=True
    ) as connection:
        yield connection


def examine(root: Path, environ: Mapping[str, str], *, machine_alone: bool = False) -> System:
    """See what there is at a data folder and in the environment; changes nothing.

    Args:
        machine_alone: Whether the machine is all that is looked at, with a folder or without.

    Raises:
        NothingToExamine: Neither is there.
        DataFolderUnusable: The folder's own record cannot be read.
        SettingInvalid: A variable names a file that cannot be read, or is no number.
    """
    settings = read_settings(environ)
    data = read_data_folder(root)
    named = any(name in environ for name in REPLACED_BY.values())
    if data is None and not named and not machine_alone:
        raise NothingToExamine(
            f"{root} is not an AWGP data folder, and no server is named by URL; `awgp up` makes one"
        )
    states: tuple[ProcessState, ...] = ()
    if data is not None:
        try:
            states = tuple(Supervisor(data).states())
        except (SupervisorUnreachable, OSError):
            states = ()
    return System(environ=environ, data=data, settings=settings, states=states)


def read_data_folder(root: Path) -> DataFolder | None:
    """A data folder as it stands; None where there is none.

    Raises:
        DataFolderUnusable: `state.json` cannot be read.
    """
    path = root / "state.json"
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        # One written by an earlier version lacks what was added since; `awgp up` adds it.
        ports = {name: int(port) for name, port in state["ports"].items()}
        return DataFolder(root=root, folder_id=str(state["id"]), ports=ports)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DataFolderUnusable(f"{path} cannot be read: restore it from a backup") from exc


def _password_in(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None
