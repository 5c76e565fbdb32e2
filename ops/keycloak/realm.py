"""Where a Keycloak realm's admin API is, and how it is asked: as a client with rights of its own.

Only groups are read and made. The secret goes to the token endpoint in a body, over https or on
this machine; it is in no address, no argument and no message.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from ops.caller import LOOPBACK
from pipeline.errors import AwgpError
from pipeline.settings import SettingInvalid, Settings

PAGE: Final = 100
TIMEOUT_SECONDS: Final = 15.0
MARK: Final[Mapping[str, list[str]]] = {"awgp": ["tenant"]}
"""The attribute of a group that was made for a tenant; without it nothing of ours removes it."""


class KeycloakRefused(AwgpError):
    """Keycloak said no, or answered what no Keycloak answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealmAddress:
    """A realm by its issuer, and where its admin API answers."""

    issuer: str
    admin_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A top-level group. `ours` tells whether it bears our mark."""

    group_id: str
    name: str
    ours: bool


def realm_address(settings: Settings) -> RealmAddress:
    """Find the realm in AWGP_OIDC_ISSUER, and its admin API beside it where no other is named.

    Raises:
        SettingInvalid: Names the variable.
    """
    issuer = settings.oidc_issuer
    base, found, realm = issuer.rpartition("/realms/")
    if not found or not realm or "/" in realm:
        raise SettingInvalid(
            "AWGP_OIDC_ISSUER is not a Keycloak realm's address (https://HOST/realms/REALM)"
        )
    if not settings.keycloak_client_secret:
        raise SettingInvalid(
            "AWGP_KEYCLOAK_CLIENT_SECRET is not set (or name a file in"
            " AWGP_KEYCLOAK_CLIENT_SECRET_FILE)"
        )
    admin = (settings.keycloak_url or base).rstrip("/")
    _ask_safe("AWGP_OIDC_ISSUER", issuer)
    _ask_safe("AWGP_KEYCLOAK_URL", admin)
    return RealmAddress(
        issuer=issuer,
        admin_url=f"{admin}/admin/realms/{realm}",
        client_id=settings.keycloak_client_id,
        client_secret=settings.keycloak_client_secret,
    )


def _ask_safe(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.username or parts.password or not parts.hostname:
        raise SettingInvalid(f"{name} is not an address without a password in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise SettingInvalid(f"{name} is {address}: a secret travels by https, or stays here")


class RealmAdmin:
    """A realm's groups, through the admin API; the token is fetched at the first call."""

    def __init__(self, address: RealmAddress, http: httpx.Client) -> None:
        self._address = address
        self._http = http
        self._token: str | None = None

    def groups(self) -> Iterator[Group]:
        """Every top-level group, a page at a time.

        Raises:
            KeycloakRefused: As it says.
        """
        first = 0
        while True:
            query = {"first": first, "max": PAGE, "briefRepresentation": "false"}
            page = self._call("GET", "/groups", params=query).json()
            for each in page:
                marked = (each.get("attributes") or {}).get("awgp") == MARK["awgp"]
                yield Group(group_id=str(each["id"]), name=str(each["name"]), ours=marked)
            if len(page) < PAGE:
                return
            first += PAGE

    def add_group(self, name: str) -> bool:
        """Make a group with our mark; False where another made it since.

        Raises:
            KeycloakRefused: As it says.
        """
        body = {"name": name, "attributes": dict(MARK)}
        answer = self._call("POST", "/groups", json=body, also=httpx.codes.CONFLICT)
        return answer.is_success

    def remove_group(self, group: Group) -> bool:
        """Remove a group and every membership in it; False where it was gone already.

        Raises:
            KeycloakRefused: As it says.
        """
        answer = self._call("DELETE", f"/groups/{group.group_id}", also=httpx.codes.NOT_FOUND)
        return answer.is_success

    def _call(
        self, method: str, path: str, *, also: httpx.codes | None = None, **sent: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._access_token()}"}
        url = f"{self._address.admin_url}{path}"
        answer = self._http.request(method, url, headers=headers, timeout=TIMEOUT_SECONDS, **sent)
        if answer.is_success or answer.status_code == also:
            return answer
        raise KeycloakRefused(self._why(answer))

    def _why(self, answer: httpx.Response) -> str:
        match answer.status_code:
            case httpx.codes.FORBIDDEN:
                return (
                    f"Keycloak lets {self._address.client_id} not do this: its service account"
                    " needs realm-management's roles manage-users and query-groups"
                )
            case httpx.codes.NOT_FOUND:
                return f"{self._address.admin_url} is not there; set AWGP_KEYCLOAK_URL"
            case status:
                return f"Keycloak's admin API answered {status}"

    def _access_token(self) -> str:
        if self._token is None:
            self._token = self._fetch_token()
        return self._token

    def _fetch_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._address.client_id,
            "client_secret": self._address.client_secret,
        }
        door = f"{self._address.issuer}/protocol/openid-connect/token"
        answer = self._http.post(door, data=form, timeout=TIMEOUT_SECONDS)
        if answer.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
            raise KeycloakRefused(
                f"Keycloak does not know the client {self._address.client_id} by this secret"
            )
        try:
            return str(answer.raise_for_status().json()["access_token"])
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
            raise KeycloakRefused(f"{door} gives no token: is it a Keycloak realm?") from error
