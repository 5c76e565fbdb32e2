"""Browser sessions, kept in Valkey: sealed, found by the hash of their cookie, and never pickled.

    awgp-session:at:<id>        the session itself, an AES-256-GCM envelope of JSON
    awgp-session:seen:<id>      when it was last used
    awgp-session:person:<hash>  the ids of one person's sessions
    awgp-session:sid:<hash>     the ids of one session of the provider's
    awgp-session:jti:<hash>     a logout token that was taken
    awgp-session:refresh:<id>   whoever refreshes it now
    awgp-session:bye:<hash>     what the provider is told of a session that has ended, sealed

`<id>` is the SHA-256 of the cookie's value: who reads the server learns no cookie, and who writes
it cannot make a session, for the key is the web's alone.
"""

import hashlib
import hmac
import json
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any, Final

import redis
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.live import SESSIONS_ENDED

PREFIX: Final = "awgp-session:"
NONCE_BYTES: Final = 12
MIN_KEY_CHARACTERS: Final = 32
# Being seen is noted no more often than this.
SEEN_SECONDS: Final = 60
ENDED_SECONDS: Final = 60
# The longest a person may take to sign out at the provider's pages.
FAREWELL_SECONDS: Final = 600
PERSON: Final = "person"

Data = dict[str, Any]


def digest_of(cookie: str) -> str:
    """A session's id: what others may see of it."""
    return hashlib.sha256(cookie.encode()).hexdigest()


class SessionSeal:
    """What only the web can do: open a session, and make the token its pages send along."""

    def __init__(self, key: str) -> None:
        self._aead = AESGCM(_derive(key, b"awgp.session.v1"))
        self._csrf_key = _derive(key, b"awgp.csrf.v1")

    def close(self, name: str, data: Data) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, json.dumps(data).encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> Data | None:
        """None for what was altered, moved, or sealed under another key."""
        try:
            plain = self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            return None
        data: Data = json.loads(plain)
        return data

    def csrf_token(self, cookie: str) -> str:
        found = hmac.new(self._csrf_key, cookie.encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(found).decode().rstrip("=")


class SessionStore:
    """Sessions by id.

    Args:
        idle: Seconds after which a session that nobody uses has ended.
        lifetime: Seconds after which any has.
    """

    def __init__(
        self,
        client: "redis.Redis",
        seal: SessionSeal,
        *,
        idle: int,
        lifetime: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client = client
        self.seal = seal
        self.idle = idle
        self.lifetime = lifetime
        self.clock = clock

    def load(self, session_id: str) -> tuple[Data, float] | None:
        """A session that has not ended, and when it was last seen."""
        return self.load_all([session_id]).get(session_id)

    def load_all(self, ids: Iterable[str]) -> dict[str, tuple[Data, float]]:
        wanted = list(ids)
        if not wanted:
            return {}
        names = [_at(each) for each in wanted]
        values: Any = self.client.mget([*names, *(_seen(each) for each in wanted)])
        found = {}
        for at, session_id in enumerate(wanted):
            data = self._open(names[at], values[at])
            if data is not None:
                seen = values[len(wanted) + at]
                found[session_id] = (data, float(seen) if seen else self.clock())
        return {name: each for name, each in found.items() if not self._has_ended(*each)}

    def save(self, session_id: str, data: Data, *, fresh: bool) -> None:
        """Keep a session.

        Args:
            fresh: It is new. One that is not and has gone meanwhile stays gone.
        """
        name, left = _at(session_id), self.seconds_left(data)
        sealed = self.seal.close(name, data)
        with self.client.pipeline() as pipe:
            pipe.set(name, sealed, ex=left, xx=not fresh)
            for index in self._indices(data) if fresh else ():
                pipe.sadd(index, session_id)
                pipe.expire(index, self.lifetime)
            pipe.execute()

    def touch(self, session_id: str, data: Data, seen: float) -> None:
        """Note that a session is used, now and then."""
        now = self.clock()
        if now - seen < min(SEEN_SECONDS, self.idle / 4) and now > seen:
            return
        left = self.seconds_left(data)
        with self.client.pipeline() as pipe:
            pipe.set(_seen(session_id), str(now), ex=left)
            pipe.expire(_at(session_id), left)
            pipe.execute()

    def end(self, *ids: str) -> None:
        """End sessions, and let every web process look whether one of them watches there."""
        if not ids:
            return
        with self.client.pipeline() as pipe:
            pipe.delete(*(name(each) for each in ids for name in (_at, _seen)))
            pipe.xadd(SESSIONS_ENDED, {"n": len(ids)}, maxlen=1)
            pipe.expire(SESSIONS_ENDED, ENDED_SECONDS)
            pipe.execute()

    def of_person(self, issuer: str, subject: str) -> dict[str, tuple[Data, float]]:
        """Every session of one person, by id."""
        return self._indexed(_person(issuer, subject))

    def of_sid(self, issuer: str, sid: str) -> dict[str, tuple[Data, float]]:
        """Those that came from one session of the provider's."""
        return self._indexed(_sid(issuer, sid))

    def is_first(self, issuer: str, jti: str, seconds: int) -> bool:
        """Tell whether a token's id is new, and remember it."""
        return bool(self.client.set(f"{PREFIX}jti:{_hash(issuer, jti)}", "1", nx=True, ex=seconds))

    def keep_farewell(self, state: str, data: Data) -> None:
        """Keep what the provider is told, for the browser that knows `state`."""
        name = _farewell(state)
        self.client.set(name, self.seal.close(name, data), ex=FAREWELL_SECONDS)

    def take_farewell(self, state: str) -> Data | None:
        """Give it, once."""
        name = _farewell(state)
        sealed: Any = self.client.getdel(name)
        return self._open(name, sealed)

    def refreshing(self, session_id: str, *, wait: float) -> Any:
        """The lock of who refreshes a session."""
        return self.client.lock(
            f"{PREFIX}refresh:{session_id}",
            timeout=20,
            blocking=wait > 0,
            blocking_timeout=wait or None,
            thread_local=False,
        )

    def seconds_left(self, data: Data) -> int:
        left = data[PERSON]["began"] + self.lifetime - self.clock()
        return max(1, min(self.idle, int(left)))

    def _has_ended(self, data: Data, seen: float) -> bool:
        now = self.clock()
        return now >= data[PERSON]["began"] + self.lifetime or now - seen >= self.idle

    def _indexed(self, index: str) -> dict[str, tuple[Data, float]]:
        members: Any = self.client.smembers(index)
        ids = sorted(each.decode() for each in members)
        found = self.load_all(ids)
        gone = [each for each in ids if each not in found]
        if gone:
            self.client.srem(index, *gone)
        return found

    def _indices(self, data: Data) -> list[str]:
        person = data[PERSON]
        found = [_person(person["issuer"], person["subject"])]
        return found + ([_sid(person["issuer"], person["sid"])] if person["sid"] else [])

    def _open(self, name: str, sealed: bytes | None) -> Data | None:
        return None if sealed is None else self.seal.open(name, sealed)


def _at(session_id: str) -> str:
    return f"{PREFIX}at:{session_id}"


def _seen(session_id: str) -> str:
    return f"{PREFIX}seen:{session_id}"


def _person(issuer: str, subject: str) -> str:
    return f"{PREFIX}person:{_hash(issuer, subject)}"


def _sid(issuer: str, sid: str) -> str:
    return f"{PREFIX}sid:{_hash(issuer, sid)}"


def _farewell(state: str) -> str:
    return f"{PREFIX}bye:{_hash(state)}"


def _hash(*parts: str) -> str:
    # JSON keeps the parts apart: no two lists of parts have one text.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
