"""The cookie and what Flask calls the session, on Flask-Session's ground.

Of Flask-Session it keeps the session object, the id and the cookie; the storing is
web/session_store.py's, because Flask-Session falls back to pickle when a value is not what it
wrote, keeps the cookie's value as the key, and writes a session back that was ended meanwhile.
"""

from typing import Any, Final, cast

import redis
from flask import Flask, Request, Response, session
from flask_session.base import ServerSideSession
from flask_session.redis.redis import RedisSessionInterface

from web.session_store import SessionStore, digest_of

# 256 bits; a longer value is not one of ours.
SID_BYTES: Final = 32
LONGEST_COOKIE: Final = 64


class BrowserSession(ServerSideSession):  # type: ignore[misc]  # Flask-Session has no types
    """One browser's session.

    Args:
        seen: When it was last used; 0.0 for one that is new.
    """

    stored = False
    unreachable = False
    seen = 0.0

    @property
    def id(self) -> str:
        return digest_of(self.sid)


def current_session() -> BrowserSession:
    # Flask's `session` is a proxy of it.
    return cast("BrowserSession", session._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


class SessionCookies(RedisSessionInterface):  # type: ignore[misc]  # Flask-Session has no types
    """Opens and saves browser sessions for Flask."""

    session_class = BrowserSession

    def __init__(self, app: Flask, store: SessionStore) -> None:
        super().__init__(app, store.client, permanent=False, sid_length=SID_BYTES)
        self.serializer = None  # Flask-Session's own, with its pickle, is never reached
        self._store = store

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """An ended, forged or missing cookie gives a new, empty session under a new id."""
        cookie = request.cookies.get(app.config["SESSION_COOKIE_NAME"])
        if "Authorization" in request.headers or not cookie or len(cookie) > LONGEST_COOKIE:
            return self._new()
        try:
            found = self._store.load(digest_of(cookie))
        except redis.RedisError:
            opened = self._new()
            opened.unreachable = True
            return opened
        if found is None:
            return self._new()
        data, seen = found
        opened = BrowserSession(data, sid=cookie, permanent=False)
        opened.stored, opened.seen = True, seen
        return opened

    def regenerate(self, opened: BrowserSession) -> None:
        """Give a session a new id, and let the old one end (session fixation)."""
        if opened.stored:
            self._store.end(opened.id)
        opened.sid, opened.stored, opened.modified = self._generate_sid(SID_BYTES), False, True

    def save_session(self, app: Flask, opened: BrowserSession, response: Response) -> None:
        if opened or not opened.modified:
            super().save_session(app, opened, response)
            return
        self._store.end(opened.id)
        # With its flags: browsers take no `__Host-` cookie without them, not even an empty one.
        response.delete_cookie(
            self.get_cookie_name(app),
            path=self.get_cookie_path(app),
            secure=self.get_cookie_secure(app),
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )

    def _new(self) -> BrowserSession:
        return BrowserSession(sid=self._generate_sid(SID_BYTES), permanent=False)

    def _upsert_session(self, session_lifetime: Any, opened: BrowserSession, store_id: str) -> None:
        del session_lifetime, store_id
        data = {name: value for name, value in opened.items() if not name.startswith("_")}
        self._store.save(opened.id, data, fresh=not opened.stored)

    def _retrieve_session_data(self, store_id: str) -> None:
        raise NotImplementedError("open_session reads")
