"""Servers for one bench: real PostgreSQL and Valkey in a folder that is gone afterwards."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.database import admin_engine, migrate
from ops.embedded.data_folder import DataFolder
from ops.embedded.postgres import start_postgres
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from ops.logins import LOGINS
from pipeline.database import database_url


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchServers:
    """Both running on `data`, the schema migrated; `ops.login_engine` opens any login of it."""

    data: DataFolder
    postgres: Running
    valkey: Running


@contextlib.contextmanager
def throwaway_servers() -> Iterator[BenchServers]:
    """Start both with the durability they have in production; stop and remove them at the end."""
    folder = Path(tempfile.mkdtemp(prefix="awgp-bench-"))
    folder.chmod(0o755)  # PostgreSQL's own user must get through when root starts it
    try:
        with start_postgres(folder) as postgres, start_valkey(folder) as valkey:
            url = database_url(postgres.url).render_as_string(hide_password=False)
            admin = admin_engine(url)
            migrate(admin, {login: postgres.data.secret(login) for login in LOGINS})
            admin.dispose()
            yield BenchServers(data=postgres.data, postgres=postgres, valkey=valkey)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
