"""The embedded servers, each for real: what they keep, what they refuse, how they come back."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dramatiq
import httpx
import psycopg
import pytest
import redis
from botocore.exceptions import ClientError
from dramatiq.brokers.redis import RedisBroker
from joserfc import jwt
from joserfc.jwk import KeySet

from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import (
    CLI_CLIENT,
    CLI_REDIRECT,
    DevelopmentOidcRefused,
    refuse_in_production,
    start_oidc,
    subject_of,
)
from ops.embedded.oidc_login import (
    SignInFailed,
    authorization_code,
    client_token,
    refreshed,
    token_for,
)
from ops.embedded.ports import SEAWEEDFS_GRPC_OFFSET
from ops.embedded.postgres import start_postgres
from ops.embedded.running import Running
from ops.embedded.s3 import AUDIT_BUCKET, ensure_bucket, s3_admin_client, s3_client, start_s3
from ops.embedded.valkey import start_valkey, valkey_url

pytestmark = pytest.mark.services

VERIFIER = "a-code-verifier-of-more-than-forty-three-characters"
PROCESS_KINDS = ["ingest", "web", "worker", "relay"]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not pytest's own temporary folder: that is 0700, and PostgreSQL runs as another user for root.
    path = Path(tempfile.mkdtemp(prefix="awgp-embedded-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[Running]:
    with start_postgres(folder) as server:
        yield server


@pytest.fixture(scope="module")
def valkey(folder: Path) -> Iterator[Running]:
    with start_valkey(folder) as server:
        yield server


@pytest.fixture(scope="module")
def s3(folder: Path) -> Iterator[Running]:
    with start_s3(folder) as server:
        yield server


@pytest.fixture(scope="module")
def oidc(folder: Path) -> Iterator[Running]:
    with start_oidc(folder) as server:
        yield server


def test_postgres_keeps_what_was_committed_over_a_kill(postgres: Running) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    before = postgres.pid

    postgres.kill()
    postgres.restart()

    assert postgres.pid != before
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_postgres_is_durable_checked_and_on_loopback_only(postgres: Running) -> None:
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
        "server_encoding": "UTF8",
    }
    with psycopg.connect(postgres.url) as connection:
        found = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in wanted
        }
    assert found == {name: (value,) for name, value in wanted.items()}


def test_postgres_trusts_nobody(postgres: Running) -> None:
    port = postgres.data.ports["postgres"]
    address = postgres.data.folder("postgres") / "socket"
    for host in ("127.0.0.1", str(address)):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(
                host=host, port=port, user="postgres", password="wrong", dbname="postgres"
            )


@pytest.mark.skipif(os.getuid() != 0, reason="only root switches users")
def test_postgres_does_not_run_as_root(postgres: Running) -> None:
    assert Path(f"/proc/{postgres.pid}").stat().st_uid == 65534


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_a_process_reaches_its_own_keys_only(valkey: Running, kind: str) -> None:
    client = redis.Redis.from_url(valkey_url(valkey.data, kind))
    try:
        client.set("awgp:mine", "1")
        client.rpush("dramatiq:execute", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.set("elsewhere", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.publish("elsewhere", "1")
        for command in ("FLUSHALL", "CONFIG GET *", "ACL LIST", "SHUTDOWN"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command.split())  # type: ignore[no-untyped-call]
    finally:
        client.delete("dramatiq:execute")
        client.close()


def test_sessions_are_the_web_process_alone(valkey: Running) -> None:
    for kind in PROCESS_KINDS:
        client = redis.Redis.from_url(valkey_url(valkey.data, kind))
        try:
            if kind == "web":
                client.set("awgp-session:1", "secret")
                continue
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.get("awgp-session:1")
        finally:
            client.close()


def test_valkey_turns_away_who_does_not_say_who_they_are(valkey: Running) -> None:
    client = redis.Redis(port=valkey.data.ports["valkey"])
    with pytest.raises(redis.exceptions.AuthenticationError):
        client.ping()
    client.close()


def test_a_message_travels_from_one_process_kind_to_another(valkey: Running) -> None:
    sender, receiver = (
        # Maintenance at every step: it needs the widest rights, KEYS among them.
        RedisBroker(url=valkey_url(valkey.data, kind), maintenance_chance=1_000_000)  # type: ignore[no-untyped-call]
        for kind in ("ingest", "worker")
    )
    for broker in (sender, receiver):
        broker.declare_queue("policy")
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name="policy", actor_name="policy", args=("x",), kwargs={}, options={}
    )
    sender.enqueue(message)

    received = next(receiver.consume("policy", prefetch=1, timeout=60_000))

    assert received is not None
    assert received.message_id == message.message_id
    for broker in (sender, receiver):
        broker.close()
        broker.client.close()


def test_valkey_keeps_synced_messages_over_a_kill(valkey: Running) -> None:
    client = redis.Redis.from_url(valkey.url)
    client.set("awgp:kept", "yes")
    synced = client.execute_command("WAITAOF", 1, 0, 5000)  # type: ignore[no-untyped-call]
    assert synced[0] == 1
    client.close()

    valkey.kill()
    valkey.restart()

    client = redis.Redis.from_url(valkey.url)
    assert client.get("awgp:kept") == b"yes"
    client.close()


def put_locked(data: DataFolder, key: str) -> str:
    """Put an object under an hour's COMPLIANCE lock, as the exporter; return its version."""
    answer = s3_client(data).put_object(
        Bucket=AUDIT_BUCKET,
        Key=key,
        Body=b"sealed",
        ChecksumAlgorithm="SHA256",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(hours=1),
    )
    return answer["VersionId"]


def test_nobody_deletes_a_locked_object_not_even_the_admin(s3: Running) -> None:
    version = put_locked(s3.data, "locked/one")

    for client in (s3_client(s3.data), s3_admin_client(s3.data)):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(
                Bucket=AUDIT_BUCKET,
                Key="locked/one",
                VersionId=version,
                BypassGovernanceRetention=True,
            )
    body = s3_client(s3.data).get_object(Bucket=AUDIT_BUCKET, Key="locked/one", VersionId=version)
    assert body["Body"].read() == b"sealed"


def test_a_lock_cannot_be_shortened(s3: Running) -> None:
    version = put_locked(s3.data, "locked/two")
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=1)}
    for client in (s3_client(s3.data), s3_admin_client(s3.data)):
        with pytest.raises(ClientError):
            client.put_object_retention(
                Bucket=AUDIT_BUCKET,
                Key="locked/two",
                VersionId=version,
                Retention=sooner,  # type: ignore[arg-type]  # a plain dict is what callers write
            )


@pytest.mark.parametrize("port", ["s3-filer", "s3-master", "s3-volume", "s3-admin"])
def test_no_other_door_of_the_object_store_is_open(s3: Running, port: str) -> None:
    put_locked(s3.data, "locked/three")
    base = f"http://127.0.0.1:{s3.data.ports[port]}"
    for method in ("GET", "DELETE"):
        for path in (f"/buckets/{AUDIT_BUCKET}/locked/three", "/buckets/?recursive=true"):
            assert httpx.request(method, base + path, timeout=60).status_code in {
                400,
                401,
                404,
                405,
            }


GRPC_PORTS = ["s3", "s3-master", "s3-volume", "s3-filer", "s3-admin"]


@pytest.mark.parametrize("port", GRPC_PORTS)
def test_the_object_stores_inner_ports_do_not_talk_in_the_clear(s3: Running, port: str) -> None:
    address = ("127.0.0.1", s3.data.ports[port] + SEAWEEDFS_GRPC_OFFSET)
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        try:
            answer = connection.recv(64)
        except ConnectionResetError:
            answer = b""
    # An HTTP/2 server's first frame has type 4 (SETTINGS) in its fourth byte.
    assert answer[3:4] != b"\4"


@pytest.mark.parametrize("port", GRPC_PORTS)
def test_nor_with_whoever_has_no_certificate_of_theirs(s3: Running, port: str) -> None:
    address = ("127.0.0.1", s3.data.ports[port] + SEAWEEDFS_GRPC_OFFSET)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(address, timeout=60) as plain,
        pytest.raises(ssl.SSLError, match="certificate required"),
        context.wrap_socket(plain) as connection,
    ):
        connection.recv(64)


def test_the_exporter_makes_no_buckets_and_the_audit_bucket_is_made_once(s3: Running) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        s3_client(s3.data).create_bucket(Bucket="another")
    ensure_bucket(s3_admin_client(s3.data))
    ensure_bucket(s3_admin_client(s3.data))


def test_locked_objects_are_there_after_a_kill(s3: Running) -> None:
    put_locked(s3.data, "locked/kept")

    s3.kill()
    s3.restart()

    answer = s3_admin_client(s3.data).list_object_versions(
        Bucket=AUDIT_BUCKET, Prefix="locked/kept"
    )
    assert len(answer["Versions"]) == 1


def claims_of(issuer: str, access_token: str) -> dict[str, object]:
    """Verify a token as the API would, by the published keys; return its claims."""
    keys = KeySet.import_key_set(httpx.get(f"{issuer}/jwks", timeout=60).json())
    token = jwt.decode(access_token, keys, algorithms=["RS256"])
    assert token.header["typ"] == "at+jwt"
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": "awgp"},
        exp={"essential": True},
    ).validate(token.claims)
    return token.claims


def test_a_person_signs_in_and_their_token_says_who_they_are(oidc: Running) -> None:
    claims = claims_of(oidc.url, token_for(oidc.data, "ben").access_token)
    assert claims["sub"] == subject_of(oidc.data, "ben")
    assert claims["name"] == "Ben Okafor"
    assert claims["groups"] == ["acme-operators"]
    assert claims["realm_access"] == {"roles": ["approver"]}


def test_a_machine_signs_in_with_its_own_credentials(oidc: Running) -> None:
    claims = claims_of(oidc.url, client_token(oidc.data, "acme-erp").access_token)
    assert (claims["sub"], claims["tenant"]) == ("acme-erp", "acme")
    assert claims["groups"] == ["acme-operators"]
    assert claims["realm_access"] == {"roles": []}


def test_tokens_and_sign_ins_outlive_a_restart(oidc: Running) -> None:
    tokens = token_for(oidc.data, "cleo")

    oidc.kill()
    oidc.restart()

    assert claims_of(oidc.url, tokens.access_token)["groups"] == ["acme-admins"]
    assert tokens.refresh_token is not None
    assert claims_of(oidc.url, refreshed(oidc.data, tokens.refresh_token).access_token)


def test_a_wrong_password_is_refused(oidc: Running) -> None:
    with httpx.Client(timeout=60) as browser, pytest.raises(SignInFailed, match="401"):
        authorization_code(browser, oidc.url, username="ada", password="guessed", verifier=VERIFIER)


def test_no_code_is_given_without_a_challenge(oidc: Running) -> None:
    password = oidc.data.secret("person-ada")
    with httpx.Client(timeout=60) as browser, pytest.raises(SignInFailed, match="PKCE"):
        authorization_code(browser, oidc.url, username="ada", password=password, verifier=None)


@pytest.mark.parametrize("verifier", [None, VERIFIER[::-1]])
def test_a_stolen_code_is_worth_nothing_without_its_verifier(
    oidc: Running, verifier: str | None
) -> None:
    password = oidc.data.secret("person-ada")
    form = {
        "grant_type": "authorization_code",
        "client_id": CLI_CLIENT,
        "redirect_uri": CLI_REDIRECT,
    } | ({} if verifier is None else {"code_verifier": verifier})
    with httpx.Client(timeout=60) as browser:
        code = authorization_code(
            browser, oidc.url, username="ada", password=password, verifier=VERIFIER
        )
        answer = browser.post(f"{oidc.url}/token", data={**form, "code": code})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_userinfo_takes_the_same_token_the_api_takes_and_no_altered_one(oidc: Running) -> None:
    token = token_for(oidc.data, "otto").access_token
    altered = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)
    good, bad = (
        httpx.get(f"{oidc.url}/me", headers={"Authorization": f"Bearer {each}"}, timeout=60)
        for each in (token, altered)
    )
    assert good.json()["realm_access"] == {"roles": ["auditor"]}
    assert bad.status_code == 401


def test_a_page_elsewhere_cannot_speak_to_the_provider_under_its_own_name(oidc: Running) -> None:
    url = f"{oidc.url}/.well-known/openid-configuration"
    assert httpx.get(url, headers={"Host": "elsewhere.example"}, timeout=60).status_code == 421


def test_the_provider_refuses_production_and_public_issuers(oidc: Running, tmp_path: Path) -> None:
    with pytest.raises(DevelopmentOidcRefused, match="production"):
        refuse_in_production({"AWGP_ENV": "production"}, oidc.url)
    with pytest.raises(DevelopmentOidcRefused, match="loopback"):
        refuse_in_production({}, "http://id.example.com/realms/awgp-holding")


@pytest.mark.parametrize(
    ("environment", "issuer", "reason"),
    [
        ("production", "http://127.0.0.1:1/realms/x", "production"),
        ("development", "https://id.example.com/realms/x", "loopback"),
        ("development", "http://127.0.0.1.example.com/realms/x", "loopback"),
    ],
)
def test_the_server_itself_refuses_too(
    oidc: Running, tmp_path: Path, environment: str, issuer: str, reason: str
) -> None:
    home = oidc.data.folder("oidc")
    settings = json.loads((home / "configuration.json").read_text()) | {"issuer": issuer}
    (tmp_path / "configuration.json").write_text(json.dumps(settings))
    node = json.loads((oidc.data.folder("run") / "oidc.process.json").read_text())["command"][0]
    result = subprocess.run(
        [node, str(home / "program" / "server.mjs"), str(tmp_path / "configuration.json")],
        env={"AWGP_ENV": environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 78
    assert reason in result.stderr


def test_the_sign_in_page_works_without_script_and_is_labelled(oidc: Running) -> None:
    query = {
        "client_id": CLI_CLIENT,
        "response_type": "code",
        "redirect_uri": CLI_REDIRECT,
        "scope": "openid",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        page = browser.get(f"{oidc.url}/auth", params=query)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for wanted in ('lang="en"', 'for="username"', 'for="password"', "prefers-color-scheme: dark"):
        assert wanted in page.text
    assert "<script" not in page.text


def test_no_secret_shows_in_a_server_command_line(
    postgres: Running, valkey: Running, s3: Running, oidc: Running
) -> None:
    secrets = [path.read_text().strip() for path in (oidc.data.root / "secrets").iterdir()]
    for server in (postgres, valkey, s3, oidc):
        shown = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode()
        shown += Path(f"/proc/{server.pid}/environ").read_bytes().decode(errors="replace")
        assert not [secret for secret in secrets if secret in shown]


def test_a_folder_root_postgres_cannot_reach_is_one_clear_line() -> None:
    if os.getuid() != 0:
        pytest.skip("only root switches users")
    closed = Path(tempfile.mkdtemp(prefix="awgp-closed-"))  # mkdtemp makes it 0700
    command = [sys.executable, "-m", "ops.cli", "up", "--data", str(closed / "data")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    shutil.rmtree(closed)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert f"chmod o+x {closed}" in result.stderr
