"""The database as a login of the data folder, for setting up and looking in.

It skips the start-up check of running processes, so that the tables' owner may use it too.
"""

from sqlalchemy import Engine, create_engine

from ops.embedded.data_folder import DataFolder
from ops.embedded.postgres import login_url
from pipeline.database import database_url


def login_engine(data: DataFolder, login: str) -> Engine:
    """Connects to nothing yet."""
    return create_engine(
        database_url(login_url(data, login)),
        connect_args={"options": "-csearch_path=awgp,pg_temp"},
        hide_parameters=True,
    )
