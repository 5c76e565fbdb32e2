"""What cannot be set up is refused in one line, and nothing of it is kept."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ops.embedded.running import Running
from tests.integration import conftest
from tests.integration.command_line import CommandLine, at_the_machine, everything
from tests.integration.conftest import WORLD_TEMPLATE, Database
from tests.integration.world import World

pytestmark = pytest.mark.services

ACME = "--tenant acme --as axel"
DIGEST = "sha256:" + "0" * 64
URL = "--url https://a.example/"


@pytest.fixture(scope="module")
def untouched(cluster: Running, furnished: World) -> Iterator[Database]:
    """One database for them all: every test sees that it left it as it was."""
    name = "awgp_test_refusals"
    conftest._clone(cluster, name, WORLD_TEMPLATE)
    database = Database(cluster=cluster, name=name)
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def before(untouched: Database) -> Mapping[str, str]:
    return everything(untouched)


@pytest.fixture
def awgp(
    untouched: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    with at_the_machine(untouched, tmp_path, monkeypatch, capsys) as line:
        yield line


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        # Which tenant, and who.
        ("source list", "say which tenant with --tenant; there are acme, globex"),
        ("source list --tenant initech", "there is no tenant 'initech'; there are acme, globex"),
        ("source list --tenant ' OR 1=1'", "there is no tenant"),
        ("rule add x --group y --tenant acme --as nobody", "no person 'nobody'; there are Ada"),
        ("rule add x --group y --tenant acme", "say whose it is with --author: Ada, Ben"),
        (f"rule add x --group y {ACME} --author zoe", "no person 'zoe'"),
        ("source list --data /nowhere", "is not an AWGP data folder"),
        # Tenants.
        ("tenant add Initech --name I", "slug: 2 to 39 small letters"),
        ("tenant add a --name I", "slug: 2 to 39 small letters"),
        ("tenant add a/b --name I", "slug: 2 to 39 small letters"),
        ("tenant add initech", "Missing option '--name'"),
        ("tenant add initech --name ''", "name: 1 to 200 printable characters"),
        ("tenant add initech --name \x1b[2J", "name: 1 to 200 printable characters"),
        ("tenant add acme --name Acme", "slug: there is a tenant 'acme' already"),
        ("tenant add initech --name I --kind branch", "'branch' is not one of"),
        ("tenant remove acme", "Nobody can be asked here: say --yes"),
        ("tenant remove initech --yes", "there is no tenant 'initech'"),
        ("tenant show initech", "there is no tenant 'initech'"),
        # People.
        (f"person add --name N {ACME}", "subject: name a person by --subject, or make a login"),
        (f"person add --name N --subject s --login l {ACME}", "subject: name a person by"),
        (f"person add --name N --subject 'a b' {ACME}", "subject: the `sub` of their token"),
        (f"person add --name N --subject s --issuer ftp://x {ACME}", "issuer: the `iss`"),
        (f"person add --name N --subject s --issuer http://x.example {ACME}", "issuer: the `iss`"),
        (f"person add --name N --subject s --issuer https://u@x {ACME}", "issuer: the `iss`"),
        (f"person add --name N --subject s --issuer https://[ {ACME}", "issuer: the `iss`"),
        (f"person add --name N --subject s --role approver {ACME}", "group: groups and roles"),
        (f"person add --name N --login ../x {ACME}", "login: 1 to 63 small letters"),
        (f"person add --name N --login x --group 'A B' {ACME}", "group: small letters"),
        (f"person add --name N --login ada {ACME}", "login: there is a login 'ada' already"),
        (f"person add --name N --login x --issuer https://x {ACME}", "login: is a human's"),
        (f"person show nobody {ACME.split(' --as', maxsplit=1)[0]}", "no person 'nobody'"),
        (f"person remove ada {ACME}", "say --yes"),
        (f"person remove nobody --yes {ACME}", "no person 'nobody'"),
        (f"person remove olga --yes {ACME}", "owns the sources erp"),
        (f"person remove ada --to nobody --yes {ACME}", "no person 'nobody'"),
        # Rules.
        (f"rule add Finance --group x {ACME}", "name: 1 to 63 small letters"),
        (f"rule add finance {ACME}", "Missing option '--group'"),
        (f"rule add finance --group 'a b' {ACME}", "groups: a group is letters"),
        (f"rule add finance --group x --group x {ACME}", "groups: name one group at least"),
        (f"rule add finance --group x --quorum 0 {ACME}", "quorum: must be a whole number"),
        (f"rule add finance --group x --quorum many {ACME}", "'many' is not a valid integer"),
        (f"rule add finance --group x --expires-in 1y {ACME}", "say 90s, 30m, 24h or 7d"),
        (f"rule add finance --group x --expires-in 91d {ACME}", "expires_in_seconds: must be"),
        (f"rule add finance --group x --reason never {ACME}", "'never' is not one of"),
        (f"rule remove two-approvers {ACME}", "say --yes"),
        (f"rule remove nothing --yes {ACME}", "no approval rule 'nothing'"),
        (f"rule remove two-approvers --yes {ACME}", "is in force and holds by two-approvers"),
        ("rule show nothing --tenant acme", "no approval rule 'nothing'"),
        # Targets.
        (f"target add 'a b' {URL} {ACME}", "name: 1 to 63 small letters"),
        (f"target add mail {ACME}", "Missing option '--url'"),
        (f"target add mail --url http://a.example/ {ACME}", "url: a target's URL starts with"),
        (f"target add mail --url https://u:p@a.example/ {ACME}", "url: a target's URL has a host"),
        (f"target add mail --url https://127.0.0.1/ {ACME}", "url: 127.0.0.1 is not an address"),
        (f"target add mail --url https://169.254.169.254/ --allow-private {ACME}", "url: 169.254"),
        (f"target add mail {URL} --expect-status 99 {ACME}", "99 is not in the range"),
        (f"target add mail {URL} --keep-secret {ACME}", "keep-secret: there is no target 'mail'"),
        (f"target remove ledger {ACME}", "say --yes"),
        (f"target remove ledger --yes {ACME}", "booker delivers to it"),
        (f"target remove nothing --yes {ACME}", "no target 'nothing'; there are ledger"),
        ("target show nothing --tenant acme", "no target 'nothing'"),
        # Sources.
        (f"source add 'x;y' --assistant booker {ACME}", "name: 1 to 63 small letters"),
        (f"source add shop {ACME}", "Missing option '--assistant'"),
        (f"source add shop --assistant nobody {ACME}", "no assistant 'nobody'; there are booker"),
        (f"source add shop --assistant booker --scheme morse {ACME}", "'morse'"),
        (f"source add erp --assistant booker {ACME}", "there is a source 'erp' already"),
        (f"source rotate nothing {ACME}", "no source 'nothing'; there are erp"),
        (f"source rotate erp --overlap -1h {ACME}", "is no span of time"),
        (f"source expire erp --yes {ACME}", "one live secret and no older one"),
        (f"source expire erp --yes --secret {'0' * 32} {ACME}", "has no live secret"),
        (f"source expire erp --yes --secret x {ACME}", "'x' is not a valid UUID"),
        (f"source remove erp {ACME}", "say --yes"),
        (f"source remove nothing --yes {ACME}", "no source 'nothing'"),
        ("source show nothing --tenant acme", "no source 'nothing'"),
        # Assistants.
        (f"assistant add X --bundle . {ACME}", "name: 1 to 63 small letters"),
        (f"assistant add checker {ACME}", "Missing option '--bundle'"),
        (f"assistant add checker --bundle /nowhere {ACME}", "bundle: '/nowhere' is no file"),
        (f"assistant add checker --bundle {DIGEST} {ACME}", "the tenant has no bundle sha256:00"),
        (f"assistant add checker --bundle BUNDLE --target mail {ACME}", "no target 'mail'"),
        (f"assistant add checker --bundle BUNDLE --runtime node {ACME}", "runtime: the bundle's"),
        (f"assistant add checker --bundle BUNDLE --limit x=1 {ACME}", "limit: 'x=1': one of"),
        (f"assistant add checker --bundle BUNDLE --limit processes=0 {ACME}", "limit: limits.pro"),
        (f"assistant add checker --bundle BUNDLE --limit processes=many {ACME}", "a number, as"),
        (f"assistant remove booker {ACME}", "say --yes"),
        (f"assistant remove nobody --yes {ACME}", "no assistant 'nobody'"),
        (f"assistant restore booker {ACME}", "nothing to restore"),
        ("assistant show nobody --tenant acme", "no assistant 'nobody'"),
    ],
)
def test_it_is_one_line_and_nothing_changes(
    awgp: CommandLine, before: Mapping[str, str], typed: str, said: str
) -> None:
    arguments = [each.replace("BUNDLE", awgp.bundle()) for each in shlex.split(typed)]
    assert said in awgp.refused(*arguments, before=before)


def test_a_bundle_that_is_none_and_a_runtime_that_is_not_built(awgp: CommandLine) -> None:
    rubbish = awgp.folder / "rubbish.tar.gz"
    rubbish.write_bytes(b"no archive")
    agent = ("assistant", "add", "checker", *ACME.split())
    assert "gzip" in awgp.refused(*agent, "--bundle", str(rubbish))
    (awgp.folder / "runtimes" / "python3" / "runtime.json").unlink()
    said = awgp.refused(*agent, "--bundle", awgp.bundle())
    assert "runtime: 'python3' is not built on this machine: `awgp runtime build" in said


def test_with_another_identity_provider_no_login_is_made(
    awgp: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWGP_OIDC_ISSUER", "https://id.example/realms/x")
    said = awgp.refused("person", "add", "--name", "N", "--login", "n", *ACME.split())
    assert "people come from https://id.example/realms/x; make one there" in said


def test_where_no_database_answers_it_is_said(
    awgp: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWGP_DATABASE_URL", "postgresql://127.0.0.1:1/awgp")
    said = awgp("tenant", "list")
    assert (said.status, "the database cannot be used" in said.err) == (2, True)
    monkeypatch.setenv("AWGP_DATABASE_URL", "not a url")
    said = awgp("tenant", "list")
    assert (said.status, said.err) == (2, "awgp: AWGP_DATABASE_URL is not a database URL\n")


def test_a_second_holding_is_refused(
    awgp: CommandLine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWGP_DATABASE_URL", database.url("nobody", password=False))
    alone = replace(awgp, database=database)
    add = ("tenant", "add", "north", "--name", "North", "--kind", "holding")
    assert alone.told(*add)["kind"] == "holding"
    again = ("tenant", "add", "south", "--name", "South", "--kind", "holding")
    assert "kind: there is a holding already" in alone.refused(*again)
