"""`awgp bundle key`: authors' keys, and whose signature a tenant counts."""

from pathlib import Path

import click

from ops.author_key_file import read_key, sign_file, write_key
from ops.command_options import yes_option
from ops.packed_bundle import packed_at
from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
)
from pipeline.author_keys import add_author_key, list_author_keys, revoke_author_key
from pipeline.author_signature import AuthorKey, SigningKey
from pipeline.registry_names import FieldInvalid, NotSetUp
from runtime_host.bundle import inspect

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
key_option = click.option("--key", "key_file", type=FILE, help="Sign with this private key.")


@click.group("key")
def key() -> None:
    """Make an author's key; say whose signature a tenant counts.

    A tenant with author keys takes signed bundles alone: at the push, and at every launch.

    \b
    Examples:
      awgp bundle key make ada.key --name ada
      awgp bundle key trust ada.key.pub --as olga
      awgp bundle key revoke ada --reason "laptop stolen" --as olga --yes
    """


@key.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", required=True, help="What signatures made with it say; letters, digits.")
def make(file: Path, name: str) -> None:
    """Make a key pair: FILE for its owner alone, and FILE.pub to be trusted.

    \b
    Example:
      awgp bundle key make ada.key --name ada
    """
    made = SigningKey.generate(name)
    public = write_key(file, made)
    click.echo(f"{public}  {made.public.fingerprint}\n{made.public}")


@key.command()
@click.argument("public", metavar="KEY|FILE")
@changes_a_tenant
def trust(desk: Desk, *, public: str, as_json: bool) -> None:
    """Let a public key's signature count. From the first key on, only signed bundles are taken.

    \b
    Examples:
      awgp bundle key trust ada.key.pub --as olga
      awgp bundle key trust ada+a1b2c3d4+AZ... --as olga
    """
    text = Path(public).read_text(encoding="utf-8").strip() if Path(public).is_file() else public
    found = AuthorKey.parse(text)
    with desk.changing() as change:
        by = change.behind(None, "--as").person_id
        add_author_key(change.work, found, by=by, actor=change.actor)
    shown = {"key_id": found.fingerprint, "name": found.name}
    said = f"{found.name} may sign for {desk.slug}: {found.fingerprint}"
    show_changed(said, shown, as_json=as_json)


@key.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List whose signature counts, and whose did.

    \b
    Example:
      awgp bundle key list
    """
    with desk.looking() as work:
        rows = list_author_keys(work)
    shown = [
        {
            "name": row["name"],
            "key_id": row["key_id"],
            "added_by": row["added_by"]["name"],
            "added_at": row["added_at"].isoformat(),
            "revoked_at": None if row["revoked_at"] is None else row["revoked_at"].isoformat(),
            "revoked_because": row["revoked_because"],
        }
        for row in rows
    ]
    columns = {each.replace("_", " "): each for each in shown[0]} if shown else {}
    empty = f"{desk.slug} has no author keys, so it takes unsigned bundles"
    show_list(shown, columns, empty=empty, as_json=as_json)


@key.command()
@click.argument("named", metavar="NAME|KEY_ID")
@click.option("--reason", required=True, help="Why; it is shown where a launch is refused for it.")
@yes_option
@changes_a_tenant
def revoke(desk: Desk, *, named: str, reason: str, yes: bool, as_json: bool) -> None:
    """Let a key's signature count no more, for what it signed before, too. It stays revoked.

    \b
    Example:
      awgp bundle key revoke ada --reason "laptop stolen" --as olga --yes
    """
    confirm(f"What {named} alone signed for {desk.slug} will not be launched any more.", yes=yes)
    with desk.changing() as change:
        key_id = _key_id(list_author_keys(change.work), named)
        by = change.behind(None, "--as").person_id
        revoke_author_key(change.work, key_id, because=reason, by=by, actor=change.actor)
    shown = {"key_id": key_id, "revoked": True}
    show_changed(f"{named} counts no more", shown, as_json=as_json)


@click.command()
@click.argument("file", type=FILE)
@click.option("--key", "key_file", type=FILE, required=True, help="The author's private key.")
def sign(file: Path, key_file: Path) -> None:
    """Sign the packed bundle FILE; the signature goes to FILE.sig, beside others' there.

    \b
    Example:
      awgp bundle sign invoice-check-0.1.0.tar.gz --key ada.key
    """
    digest = inspect(packed_at(file)).digest
    signing = read_key(key_file)
    click.echo(f"{sign_file(file, digest, signing)}  {digest} by {signing.name}")


def _key_id(rows: list[dict[str, object]], named: str) -> str:
    for row in rows:
        if named == row["key_id"] or (named == row["name"] and row["revoked_at"] is None):
            return str(row["key_id"])
    there = ", ".join(str(row["name"]) for row in rows if row["revoked_at"] is None)
    if not rows:
        raise NotSetUp("the tenant has no author keys")
    raise FieldInvalid("key", f"{named!r} is none that counts; there are {there or 'none'}")
