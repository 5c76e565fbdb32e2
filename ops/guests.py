"""Programs of others that `awgp up` runs beside AWGP when asked to; ours rest on none of them."""

from collections.abc import Mapping, Sequence
from functools import partial

from ops.embedded.data_folder import DataFolder
from ops.embedded.n8n import (
    OWNER,
    ensure_n8n_database,
    ensure_owner,
    n8n_program,
    n8n_ready,
    n8n_url,
    prepare_n8n,
)
from ops.node_packages import Progress
from ops.services import Service
from pipeline.errors import AwgpError

N8N = "n8n"
_N8N_SECONDS = 300.0
"""Its first start makes its schema, in some two hundred steps."""


class GuestHasNoPlace(AwgpError):
    """A guest was asked for where it cannot be kept."""


def n8n_guest(*, canvas: bool, progress: Progress | None) -> Service:
    """Return how N8N is run.

    Args:
        canvas: Whether its web pages are served, too.
    """
    return Service(
        name=N8N,
        replaced_by="",
        prepare=partial(prepare_n8n, progress=progress),
        program=partial(n8n_program, canvas=canvas),
        ready=n8n_ready,
        furnish=ensure_n8n_database,
        finish=ensure_owner,
        url=n8n_url,
        patience_seconds=_N8N_SECONDS,
    )


def refuse_foreign_database(operator: Mapping[str, str]) -> None:
    """Return only where the database server is ours, to make N8N's database in.

    Raises:
        GuestHasNoPlace: The operator named a server of their own.
    """
    if "AWGP_DATABASE_URL" in operator:
        raise GuestHasNoPlace(
            "--with-n8n keeps N8N's data in the embedded PostgreSQL, and AWGP_DATABASE_URL names "
            "another: run an N8N of your own, with n8n-nodes-awgp in it"
        )


def guest_urls(data: DataFolder, names: Sequence[str]) -> dict[str, str]:
    """Return where those guests are that are among the parts named."""
    return {N8N: n8n_url(data)} if N8N in names else {}


def guest_words(data: DataFolder, names: Sequence[str], *, canvas: bool) -> dict[str, str]:
    """Return what a person has to know of those guests, besides where they are."""
    if N8N not in names:
        return {}
    if not canvas:
        return {N8N: "webhooks alone; --n8n-canvas serves its pages, too"}
    return {N8N: f"sign in as {OWNER}, the password is in {data.secret_file('n8n-owner')}"}
