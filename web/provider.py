"""The identity provider, as the browser sign-in uses it: flask-oidc, with what it leaves out.

flask-oidc finds the provider, makes the request (state, nonce, PKCE) and trades the code. Its own
pages, its token in the session and its refresh are switched off: they trust the algorithms a
provider announces, log tokens, and send to any address of the same host (ADR 0059).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
import structlog
from authlib.integrations.base_client import OAuthError
from flask import Flask
from flask_oidc import OpenIDConnect

from pipeline.errors import AwgpError
from pipeline.identity import ProviderUnavailable
from pipeline.settings import SettingInvalid, Settings

TIMEOUT_SECONDS: Final = 5
KINDS: Final = ("access", "id", "refresh")
NOT_NOW: Final = frozenset({"server_error", "temporarily_unavailable"})

log = structlog.get_logger()


class CodeRefused(AwgpError):
    """The provider gives no tokens for this: a code or refresh token worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the provider gave; it stays on this side."""

    access: str
    id: str | None
    refresh: str | None


class Provider:
    """One client at one identity provider."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        if not settings.oidc_client_id or not settings.oidc_client_secret:
            raise SettingInvalid("AWGP_OIDC_CLIENT_ID or AWGP_OIDC_CLIENT_SECRET is not set")
        self.issuer, self.client_id = settings.oidc_issuer, settings.oidc_client_id
        # It writes the verifier of PKCE where it is told to log everything.
        logging.getLogger("authlib").setLevel(logging.WARNING)
        app.config |= {
            "OIDC_CLIENT_SECRETS": {
                "web": {
                    "client_id": settings.oidc_client_id,
                    "client_secret": settings.oidc_client_secret,
                    "issuer": settings.oidc_issuer,
                }
            },
            "OIDC_RESOURCE_SERVER_ONLY": True,  # neither its pages nor its check of every request
            "OIDC_USER_CLASS": None,
            "OIDC_USER_INFO_ENABLED": False,
            "OIDC_SCOPES": settings.oidc_scopes,
            "OIDC_INTROSPECTION_AUTH_METHOD": "client_secret_basic",
        }
        self._client = OpenIDConnect(app).oauth.oidc
        self._client.client_kwargs |= {
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
        }

    def begin(self, redirect_uri: str, further: Mapping[str, str]) -> dict[str, str]:
        """Return where to send the browser (`url`) and what to remember of it.

        Raises:
            ProviderUnavailable: Its description cannot be had.
        """
        self._metadata()
        made: dict[str, str] = self._client.create_authorization_url(redirect_uri, **further)
        return made

    def trade(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Trade a code for tokens.

        Raises:
            CodeRefused, ProviderUnavailable: As they say.
        """
        self._metadata()
        return _asked(
            lambda: self._client.fetch_access_token(redirect_uri, code=code, code_verifier=verifier)
        )

    def refresh(self, token: str) -> Tokens:
        """Ask for new tokens; the provider reads groups and roles anew.

        Raises:
            CodeRefused, ProviderUnavailable: As they say.
        """
        metadata = self._metadata()

        def ask() -> Mapping[str, Any]:
            with self._session(metadata) as session:
                got: Mapping[str, Any] = session.refresh_token(
                    metadata["token_endpoint"], refresh_token=token
                )
                return got

        return _asked(ask)

    def forget(self, token: str) -> None:
        """Tell the provider, if it can be told, that a token is used no more (RFC 7009)."""
        try:
            metadata = self._metadata()
            if "revocation_endpoint" in metadata:
                with self._session(metadata) as session:
                    session.revoke_token(
                        metadata["revocation_endpoint"],
                        token=token,
                        token_type_hint="refresh_token",  # noqa: S106  # a kind of token
                    )
        except (ProviderUnavailable, OAuthError, requests.RequestException) as error:
            log.warning("refresh_token_not_revoked", error=type(error).__name__)

    def goodbye_page(self) -> str | None:
        """The provider's page to sign out at; None where it has none or cannot be asked."""
        try:
            return _text(self._metadata().get("end_session_endpoint"))
        except ProviderUnavailable:
            return None

    def _session(self, metadata: Mapping[str, Any]) -> Any:
        # flask-oidc's own way to a session; Authlib has no public one.
        session = self._client._get_oauth_client(**metadata)  # noqa: SLF001
        # It would put what a refresh gave into the browser's session as this request read it, which
        # is written back over what was renewed: the next refresh token is then an old one.
        session.update_token = None
        return session

    def _metadata(self) -> Mapping[str, Any]:
        try:
            metadata: Mapping[str, Any] = self._client.load_server_metadata()
        except (requests.RequestException, ValueError) as error:
            raise unavailable(error) from error
        if metadata.get("issuer") != self.issuer:
            self._client.server_metadata.clear()
            raise unavailable(ValueError("the discovery document names another issuer"))
        return metadata


def unavailable(error: Exception) -> ProviderUnavailable:
    log.warning("identity_provider_unavailable", error=type(error).__name__)
    return ProviderUnavailable(
        "the identity provider cannot be reached; try again", headers={"Retry-After": "5"}
    )


def _asked(ask: Any) -> Tokens:
    try:
        got = ask()
    except OAuthError as error:
        if error.error in NOT_NOW:
            raise unavailable(error) from None
        # `error` is a code of RFC 6749; the description could quote what was sent.
        raise CodeRefused(f"the identity provider refused: {str(error.error)[:60]!r}") from None
    except (requests.RequestException, ValueError) as error:
        raise unavailable(error) from None
    access, identity, refresh = (_text(got.get(f"{name}_token")) for name in KINDS)
    if access is None:
        raise CodeRefused("the identity provider gave no access token")
    return Tokens(access=access, id=identity, refresh=refresh)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
