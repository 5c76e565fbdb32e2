"""What commands change is told to who looks on in a browser, as what people change there is.

Best effort, as everywhere: a server of events that is away costs a command half a second at the
most, fails nothing, and is not worth a word at a terminal.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ops.embedded.data_folder import DataFolder
from ops.process_servers import ServerUrlUnsafe, broker_settings
from pipeline.fast_path import quick_client
from pipeline.live_publisher import Publisher
from pipeline.settings import SettingInvalid, Settings, read_settings

# What a command does is an operator's, who has no login of their own there.
USER = "web"


@contextmanager
def events_of_folder(data: DataFolder, environ: Mapping[str, str]) -> Iterator[Publisher | None]:
    """The broker's server of a data folder, or the one AWGP_REDIS_URL names; None without one."""
    try:
        settings = read_settings(broker_settings(data, USER, environ))
    except (ServerUrlUnsafe, SettingInvalid):
        settings = Settings()
    with events_of(settings) as live:
        yield live


@contextmanager
def events_of(settings: Settings) -> Iterator[Publisher | None]:
    """Connects to nothing yet; None where no server, or none that can be meant, is named."""
    try:
        client = quick_client(settings) if settings.redis_url else None
    except ValueError:
        client = None
    if client is None:
        yield None
        return
    try:
        yield Publisher(client, unheard=_say_nothing)
    finally:
        client.close()


def _say_nothing(_error: Exception) -> None:
    """Nobody at this terminal looks on."""
