"""A real Keycloak on loopback: its distribution from Maven Central, our realm, people of a test.

The archive is kept in the user's cache folder, beside it the server as `kc.sh build` leaves it:
that takes long, and once. Each run works on a copy, so that nothing is left of the last. `mvn` and
a JDK of 17 or later are all it needs.
"""

import contextlib
import os
import platform
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final

import httpx

from tests.e2e.provider_pages import Visitor
from tests.integration.processes import free_port

ROOT: Final = Path(__file__).parents[2]
REALM_FILE: Final = ROOT / "ops/keycloak/realm-awgp-holding.json"
REALM: Final = "awgp-holding"
VERSION: Final = "26.7.3"
ARCHIVE: Final = f"keycloak-quarkus-dist-{VERSION}.tar.gz"
COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
HEAP: Final = "-Xms64m -Xmx384m"
# It lives for a minute or two: what is compiled to run for days would not pay.
SHORT_LIVED: Final = "-XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
OLDEST_JAVA: Final = 17
START_SECONDS: Final = 240
ADMIN_TOKEN_SECONDS: Final = 40
"""The master realm gives them for 60."""

PASSWORD: Final = "correct horse battery staple"


class KeycloakMissing(Exception):
    """It cannot be had here; the message says what is missing."""


def keycloak_archive() -> Path:
    """Fetch the distribution once.

    Raises:
        KeycloakMissing: mvn or java is not there, or Maven Central has no such file.
    """
    for program in ("mvn", "java"):
        if shutil.which(program) is None:
            raise KeycloakMissing(f"{program} is not installed")
    if (java := _java()) < OLDEST_JAVA:
        raise KeycloakMissing(f"Java {java} is older than {OLDEST_JAVA}")
    chosen = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(chosen) if chosen else Path.home() / ".cache") / "awgp"
    archive = folder / ARCHIVE
    if not archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
        wanted = (f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")
        done = subprocess.run(
            ["mvn", "-q", "-B", COPY, *wanted], capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not archive.is_file():
            raise KeycloakMissing(f"Maven gives no {artifact}: {done.stdout[-300:]}")
    return archive


def _java() -> int:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


@dataclass(slots=True, kw_only=True)
class Keycloak:
    """The server, as its administrator."""

    url: str
    public_url: str
    admin_password: str = field(repr=False)
    name: str = f"Keycloak {VERSION}"
    has_second_factor: bool = True
    ids: dict[str, str] = field(default_factory=dict)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    _token: str = field(default="", repr=False)
    _token_until: float = 0.0

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/{REALM}"

    def call(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Ask the realm's admin API."""
        headers = {"Authorization": f"Bearer {self._admin_token()}"}
        url = f"{self.url}/admin/realms/{REALM}{path}"
        return self.http.request(method, url, headers=headers, **sent).raise_for_status()

    def _admin_token(self) -> str:
        if time.monotonic() >= self._token_until:
            form = {
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": "admin",
                "password": self.admin_password,
            }
            door = f"{self.url}/realms/master/protocol/openid-connect/token"
            self._token = self.http.post(door, data=form).raise_for_status().json()["access_token"]
            self._token_until = time.monotonic() + ADMIN_TOKEN_SECONDS
        return self._token

    def add_person(self, name: str, *, groups: tuple[str, ...], roles: tuple[str, ...]) -> str:
        """Make a person who signs in with PASSWORD; returns their id, which is the subject."""
        person = {
            "username": name,
            "enabled": True,
            "email": f"{name}@example.com",
            "emailVerified": True,
            "firstName": name.title(),
            "lastName": "Test",
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
            "groups": list(groups),
        }
        made = self.call("POST", "/users", json=person)
        person_id = made.headers["Location"].rpartition("/")[2]
        if roles:
            wanted = [self.call("GET", f"/roles/{role}").json() for role in roles]
            self.call("POST", f"/users/{person_id}/role-mappings/realm", json=wanted)
        self.ids[name] = person_id
        return person_id

    def password(self, name: str) -> str:
        """Everybody's is the same."""
        assert name in self.ids, f"{name} was not added"
        return PASSWORD

    def move(self, name: str, *, out_of: str, into: str) -> None:
        """Change what someone is in."""
        self.leave(self.ids[name], out_of)
        self.join(self.ids[name], into)

    def end_sessions(self, visitor: Visitor) -> None:
        """As its administrator does, in the console."""
        self.call("POST", f"/users/{self.ids[visitor.name]}/logout")

    def join(self, person_id: str, group: str) -> None:
        self.call("PUT", f"/users/{person_id}/groups/{self.group_id(group)}")

    def leave(self, person_id: str, group: str) -> None:
        self.call("DELETE", f"/users/{person_id}/groups/{self.group_id(group)}")

    def groups(self) -> set[str]:
        return {each["name"] for each in self.call("GET", "/groups?max=500").json()}

    def group_id(self, name: str) -> str:
        found = self.call("GET", "/groups", params={"search": name, "exact": "true"}).json()
        return str(found[0]["id"])

    def client_secret(self, client_id: str) -> str:
        found = self.call("GET", "/clients", params={"clientId": client_id}).json()
        return str(found[0]["secret"])

    def machine_token(self, client_id: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": self.client_secret(client_id),
        }
        door = f"{self.issuer}/protocol/openid-connect/token"
        return str(self.http.post(door, data=form).raise_for_status().json()["access_token"])


def built_keycloak() -> Path:
    """Unpack and build once.

    Raises:
        KeycloakMissing: See `keycloak_archive`.
    """
    archive = keycloak_archive()
    built = archive.parent / f"keycloak-{VERSION}-{platform.machine()}"
    if built.is_dir():
        return built
    half_made = Path(tempfile.mkdtemp(dir=archive.parent, prefix=".keycloak-"))
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(half_made, filter="data")
        home = half_made / f"keycloak-{VERSION}"
        build = [str(home / "bin/kc.sh"), "build", "--db=dev-file", "--cache=local"]
        subprocess.run(build, check=True, capture_output=True, env=_environment("", ""))
        with contextlib.suppress(OSError):  # another was first; its copy is as good
            home.rename(built)
    finally:
        shutil.rmtree(half_made, ignore_errors=True)
    return built


@contextmanager
def running_keycloak(folder: Path, public_url: str) -> Iterator[Keycloak]:
    """Import the realm, start on loopback, and stop at the end.

    Raises:
        KeycloakMissing: See `keycloak_archive`.
    """
    home = shutil.copytree(
        built_keycloak(), folder / "keycloak", symlinks=True, copy_function=_link
    )
    imports = home / "data" / "import"
    imports.mkdir(parents=True)
    shutil.copy(REALM_FILE, imports)
    password, port = token_urlsafe(16), free_port()
    keycloak = Keycloak(
        url=f"http://127.0.0.1:{port}", public_url=public_url, admin_password=password
    )
    log = folder / "keycloak.log"
    with log.open("wb") as written:
        started = subprocess.Popen(
            _command(home, keycloak.url, port),
            env=_environment(password, public_url),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(started, keycloak, log)
            yield keycloak
        finally:
            keycloak.http.close()
            _stop(started)


def _link(source: str, target: str) -> str:
    """Of what a server only reads, a second name will do."""
    if "/lib/" in source:
        with contextlib.suppress(OSError):  # the folders lie on two disks
            os.link(source, target)
            return target
    return shutil.copy2(source, target)


def _command(home: Path, url: str, port: int) -> list[str]:
    return [
        *(str(home / "bin/kc.sh"), "start", "--optimized", "--import-realm", "--cache=local"),
        *("--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={port}"),
        f"--hostname={url}",
    ]


def _stop(started: "subprocess.Popen[bytes]") -> None:
    started.send_signal(signal.SIGTERM)
    try:
        started.wait(timeout=30)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()


def _environment(password: str, public_url: str) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME") if name in os.environ}
    return kept | {
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
        "JAVA_OPTS_KC_HEAP": HEAP,
        "JAVA_OPTS_APPEND": SHORT_LIVED,
        "AWGP_PUBLIC_URL": public_url,
    }


def _wait(started: "subprocess.Popen[bytes]", keycloak: Keycloak, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(f"{keycloak.issuer}/.well-known/openid-configuration"):
        assert started.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, f"Keycloak did not start: {log.read_text()[-3000:]}"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
