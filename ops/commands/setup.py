"""`awgp setup`: what packages alone do not bring: gVisor, a root file system, Node modules."""

import os

import click

from ops.embedded import oidc
from ops.runtime_folder import ensure_runtime, runtime_folder


@click.command("setup")
def command() -> None:
    """Install what is missing: gVisor's runsc, the Python runtime, the identity provider.

    Doing it again is quick and changes nothing.

    \b
    Example:
      awgp setup
    """
    digest = ensure_runtime(os.environ)
    click.echo(f"runtime   python3 {digest[:19]}… in {runtime_folder(os.environ)}")
    click.echo(f"identity  {oidc.install()}")
