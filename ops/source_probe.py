"""A webhook source of this machine's AWGP, opened to send to it as its sender would.

The event is signed with the source's own live secret, opened with this machine's key-encryption
key, and goes through ingest's verification like any other. A secret made for a test would push one
of a rotation's two live secrets out, and make whoever tests the last to rotate it, who may then
not approve what the source sends.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from ingest.run_view import view_run
from ingest.sources import load_source
from ops.assistant_template import SAMPLE
from ops.embedded.data_folder import DataFolder
from ops.embedded.demo_people import PEOPLE, Person
from ops.embedded.logins import Login, known_logins
from ops.embedded.subjects import subject_of
from ops.login_engine import login_engine
from ops.setup_desk import all_tenants
from ops.webhook_peer import hook_url
from pipeline.database import tenant_transaction
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.identity import APPROVER
from pipeline.schemes import Scheme
from pipeline.work import Work
from runtime_host.inside import ustar

RESULT_DEPTH: Final = 32
FALLBACK_BODY: Final = b'{"test": true}'

_FIND = """
    SELECT s.source_id, s.name, p.subject FROM sources s
    JOIN persons p ON p.tenant_id = s.tenant_id AND p.person_id = s.owner_person_id
    WHERE s.kind = 'webhook' AND s.removed_at IS NULL ORDER BY s.name"""
_BUNDLE = """
    SELECT b.content FROM sources s
    JOIN assistants a ON a.tenant_id = s.tenant_id AND a.assistant_id = s.assistant_id
    JOIN assistant_versions v ON v.tenant_id = a.tenant_id AND v.assistant_id = a.assistant_id
        AND v.version = a.current_version
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    WHERE s.source_id = :source"""


class SourceNotFound(AwgpError):
    """No tenant, or not the one that was named, has such a source; the message lists what is."""


class SecretMissing(AwgpError):
    """The source has no live secret, so nobody can send to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSource:
    """Which source, where it is served, and its owner's `sub` at the identity provider."""

    tenant_id: UUID
    tenant: str
    source_id: UUID
    name: str
    url: str
    owner_subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProbe:
    """Reads as the edge does (awgp_ingest), and an assistant's sample as the web does."""

    data: DataFolder
    environ: Mapping[str, str] = field(repr=False)
    edge: Engine = field(repr=False)

    def find(self, source: str, tenant: str | None) -> FoundSource:
        """Find a source by its name or id.

        Args:
            tenant: A slug; None looks in all of them.

        Raises:
            SourceNotFound: There is none, or several tenants have one of this name.
        """
        there = [each for each in self._all() if tenant in (None, each.tenant)]
        fits = [each for each in there if source in (each.name, str(each.source_id))]
        if len(fits) == 1:
            return fits[0]
        if fits:
            slugs = ", ".join(each.tenant for each in fits)
            raise SourceNotFound(f"several tenants have a source {source}: say --tenant ({slugs})")
        listed = ", ".join(f"{each.tenant}/{each.name}" for each in there)
        raise SourceNotFound(
            f"there is no source {source!a}"
            + (f" at {tenant}" if tenant else "")
            + (f"; there are {listed}" if listed else "; `awgp init` makes a first one")
        )

    def _all(self) -> list[FoundSource]:
        return [
            FoundSource(
                tenant_id=tenant.tenant_id,
                tenant=tenant.slug,
                source_id=source_id,
                name=name,
                url=hook_url(self.data, self.environ, source_id),
                owner_subject=owner,
            )
            for tenant in all_tenants(self.data, self.environ)
            for source_id, name, owner in self._sources(tenant.tenant_id)
        ]

    def _sources(self, tenant_id: UUID) -> list[tuple[UUID, str, str]]:
        with tenant_transaction(self.edge, tenant_id) as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(text(_FIND))]

    def who_decides(self, source: FoundSource) -> str:
        """Name an embedded login that may approve what a source sends, else PERSON.

        Its owner is none of them: four eyes.
        """
        group = f"{source.tenant}-"
        logins: list[Person | Login] = [*PEOPLE, *known_logins(self.data).values()]
        fits = [
            each.username
            for each in logins
            if APPROVER in each.roles
            and any(name.startswith(group) for name in each.groups)
            and subject_of(self.data, each.username) != source.owner_subject
        ]
        return fits[0] if fits else "PERSON"

    def sender(self, source: FoundSource) -> tuple[Scheme, bytes]:
        """Return its scheme and newest live secret, which is kept nowhere.

        Raises:
            SecretMissing: As it says, where the scheme has secrets.
            EnvelopeInvalid: It was sealed under a key that is not on this machine's ring.
        """
        named = self.environ.get("AWGP_KEK_FILE")
        keyring = KeyRing.from_files(Path(named) if named else self.data.secret_file("kek"))
        with tenant_transaction(self.edge, source.tenant_id) as connection:
            work = Work(connection=connection, tenant_id=source.tenant_id)
            found = load_source(work, keyring, source.source_id)
        if found.scheme.form() is None:
            return found.scheme, b""
        if not found.secrets:
            raise SecretMissing(
                f"the source {source.name} has no live secret, so ingest refuses whatever is sent"
            )
        return found.scheme, found.secrets[0]

    def sample(self, source: FoundSource) -> bytes:
        """Return the sample request that lies in the assistant's bundle, else a small one."""
        web = login_engine(self.data, "awgp_web", self.environ)
        try:
            with tenant_transaction(web, source.tenant_id) as connection:
                packed = connection.execute(
                    text(_BUNDLE), {"source": source.source_id}
                ).scalar_one_or_none()
        finally:
            web.dispose()
        return FALLBACK_BODY if packed is None else _sample_in(bytes(packed))

    def view(self, tenant_id: UUID, run_id: UUID) -> Mapping[str, Any]:
        """Return a run as its sender's API shows it."""
        with tenant_transaction(self.edge, tenant_id) as connection:
            work = Work(connection=connection, tenant_id=tenant_id)
            return view_run(work, run_id, max_depth=RESULT_DEPTH)


@contextmanager
def source_probe(data: DataFolder, environ: Mapping[str, str]) -> Iterator[SourceProbe]:
    """Open the database as the edge; connects at the first question.

    Args:
        environ: Servers of the operator's own that it names are used.
    """
    edge = login_engine(data, "awgp_ingest", environ)
    try:
        yield SourceProbe(data=data, environ=environ, edge=edge)
    finally:
        edge.dispose()


def _sample_in(packed: bytes) -> bytes:
    try:
        found = (entry.data for entry in ustar.entries(packed) if entry.name == SAMPLE)
        return next(found, FALLBACK_BODY)
    except ustar.ArchiveRefused:  # what does not unpack is the run's to fail on, not ours
        return FALLBACK_BODY
