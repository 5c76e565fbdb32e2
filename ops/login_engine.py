"""The database as one of our logins, for setting up and looking in.

It skips the start-up check of running processes, so that the tables' owner may use it too.
"""

from collections.abc import Mapping

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from ops.embedded.data_folder import DataFolder
from ops.embedded.postgres import login_url
from ops.process_servers import ServerUrlUnsafe
from pipeline.database import database_url


def login_engine(data: DataFolder, login: str, operator: Mapping[str, str] | None = None) -> Engine:
    """Connects to nothing yet.

    Args:
        operator: The operator's environment; AWGP_DATABASE_URL in it takes the embedded server's
            place. The login's password is the data folder's either way.

    Raises:
        ServerUrlUnsafe: AWGP_DATABASE_URL cannot be read.
    """
    return create_engine(
        database_url(_server(data, login, operator or {})),
        connect_args={"options": "-csearch_path=awgp,pg_temp"},
        hide_parameters=True,
    )


def _server(data: DataFolder, login: str, operator: Mapping[str, str]) -> str:
    if "AWGP_DATABASE_URL" not in operator:
        return login_url(data, login)
    try:
        parsed = make_url(operator["AWGP_DATABASE_URL"])
    except ArgumentError as error:
        raise ServerUrlUnsafe("AWGP_DATABASE_URL is not a database URL") from error
    told = parsed.set(username=login, password=data.secret(login))
    return told.render_as_string(hide_password=False)
