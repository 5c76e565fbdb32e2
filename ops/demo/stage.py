"""The demo's AWGP: everything started in a folder of its own, seeded, and taken down again."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ops.commands.up import prepare_database, warn_of_root
from ops.demo.receiver import Receiver, running_receiver
from ops.demo.seed import Demo, Site, seed
from ops.embedded import oidc
from ops.embedded.data_folder import DataFolder, hold_data_folder, open_data_folder
from ops.embedded.users import choose_users
from ops.processes import app_programs, web_urls
from ops.runtime_folder import ensure_runtime
from ops.services import Service
from ops.supervise import bring_up, stop
from pipeline.envelope import KeyRing


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStage:
    """A running AWGP with its demo world in it."""

    data: DataFolder
    demo: Demo
    receiver: Receiver
    urls: Mapping[str, str]
    folder: Path


def prepare_parts(report: Callable[[str], None]) -> str:
    """Install what is missing; returns the runtime's digest."""
    report("gVisor and the Python runtime")
    digest = ensure_runtime(os.environ)
    report("the development identity provider")
    oidc.install()
    return digest


@contextmanager
def running_demo(
    runtime_digest: str,
    report: Callable[[str, float], None],
    *,
    guests: Sequence[Service] = (),
    behind: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[DemoStage]:
    """Start everything in a temporary folder, seed it, and leave nothing behind.

    Args:
        guests: What runs beside it.
        behind: Of a part, what its command is put behind; it must become the part.
    """
    operator = demo_environment(os.environ)
    with (
        tempfile.TemporaryDirectory(prefix="awgp-demo-") as temporary,
        running_receiver() as receiver,
    ):
        folder = Path(temporary)
        # The database server may run as another user, who has to get through.
        folder.chmod(0o711 if os.getuid() == 0 else 0o700)
        data = open_data_folder(folder / "awgp")
        users = choose_users(data)
        warn_of_root(users)
        with hold_data_folder(data) as lock:
            apps = [
                replace(app, command=(*behind.get(app.name, ()), *app.command))
                for app in app_programs(data, operator=operator, users=users)
            ]
            started = bring_up(
                data,
                lock=lock,
                operator=operator,
                prepare=partial(prepare_database, operator=operator),
                apps=apps,
                report=report,
                users=users,
                guests=guests,
            )
            try:
                site = Site(
                    data=data,
                    keyring=KeyRing.from_text(data.secret("kek")),
                    runtime_digest=runtime_digest,
                    target_url=receiver.url,
                )
                demo = seed(site)
                receiver.secrets = {
                    "/ledger": demo.acme.target_secret,
                    "/chat": demo.globex.target_secret,
                }
                yield DemoStage(
                    data=data, demo=demo, receiver=receiver, urls=web_urls(data), folder=folder
                )
            finally:
                stop(started)


def demo_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The demo shows the embedded parts: servers named in the environment are not used."""
    servers = ("AWGP_DATABASE", "AWGP_REDIS", "AWGP_S3", "AWGP_OIDC", "AWGP_KEK", "AWGP_CHECKPOINT")
    kept = {name: value for name, value in environ.items() if not name.startswith(servers)}
    return {**kept, "AWGP_SEAL_INTERVAL_SECONDS": "2", "AWGP_ENV": "development"}
