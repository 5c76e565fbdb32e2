"""`awgp setup`: what packages alone do not bring: gVisor, a root file system, Node's, the UI."""

import os

import click

from ops.embedded import oidc
from ops.runtime_folder import ensure_runtime, runtime_folder
from ops.web_ui import ensure_web_ui


@click.command("setup")
def command() -> None:
    """Install what is missing: gVisor, the Python runtime, the identity provider, the web UI.

    Doing it again is quick and changes nothing.

    \b
    Example:
      awgp setup
    """
    digest = ensure_runtime(os.environ)
    click.echo(f"runtime   python3 {digest[:19]}… in {runtime_folder(os.environ)}")
    click.echo(f"identity  {oidc.install()}")
    click.echo(f"web UI    {ensure_web_ui()}")
