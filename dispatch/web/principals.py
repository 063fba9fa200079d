"""Who is at the other end of a request: a token or a cookie becomes a `Visit`, remembered for a few seconds.

The memory is what keeps sign-in off the hot path: most requests cost no query. The price is that a token revoked, or
a session ended by another process, works for `TTL` more seconds at most; ended here, it ends at once.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import replace
from typing import Any

import structlog

from dispatch.steps import sign_in
from dispatch.steps.sign_in import Visit
from dispatch.store.database import Database
from dispatch.store.errors import StoreError

Scope = dict[str, Any]

log = structlog.get_logger(__name__)

#: seconds a look-up stays good
TTL = 3.0
#: look-ups kept at once
MOST = 20_000


class Memory:
    """Look-ups by hash, for `TTL` seconds each; the oldest go first. What is not known is never remembered."""

    def __init__(self, look: Callable[[bytes], Awaitable[Visit | None]], ttl: float = TTL, most: int = MOST) -> None:
        self._look, self._ttl, self._most = look, ttl, most
        self._kept: OrderedDict[bytes, tuple[float, Visit]] = OrderedDict()
        #: look-ups under way: whoever asks for the same meanwhile shares the answer
        self._asking: dict[bytes, asyncio.Task[Visit | None]] = {}

    async def get(self, sha256: bytes) -> Visit | None:
        """Who it is, asked anew when the last answer is too old. Raises `Unavailable`."""
        now = time.monotonic()
        known = self._kept.get(sha256)
        if known is not None and now < known[0]:
            return known[1]
        asking = self._asking.get(sha256)
        if asking is None:
            asking = self._asking[sha256] = asyncio.create_task(self._ask(sha256))
            asking.add_done_callback(lambda done: self._asked(sha256, done))
        return await asyncio.shield(asking)

    async def _ask(self, sha256: bytes) -> Visit | None:
        now = time.monotonic()
        visit = await self._look(sha256)
        if asyncio.current_task() is not self._asking.get(sha256):
            return visit  # it was forgotten meanwhile: this answer may be from before
        if visit is None:
            self._kept.pop(sha256, None)
            return None
        self._kept[sha256] = (now + self._ttl, visit)
        self._kept.move_to_end(sha256)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return visit

    def _asked(self, sha256: bytes, done: "asyncio.Task[Visit | None]") -> None:
        if self._asking.get(sha256) is done:
            del self._asking[sha256]
        if not done.cancelled():
            done.exception()  # whoever waits for it is told; nobody may be waiting any more

    def forget(self, sha256: bytes) -> None:
        """It has changed or ended."""
        self._kept.pop(sha256, None)
        self._asking.pop(sha256, None)

    def clear(self) -> None:
        """Forget everything (somebody signed out everywhere)."""
        self._kept.clear()
        self._asking.clear()


class Principals:
    """The two ways in: `Authorization: Bearer …` for programs, the session cookie for people."""

    def __init__(
        self, database: Database, cookie: str, *, ttl: float = TTL, factor_roles: Collection[str] = ()
    ) -> None:
        """`factor_roles`: the roles that must have a second factor."""
        self.database, self.cookie = database, cookie
        self._factor_roles = frozenset(factor_roles)
        self._noting: set[asyncio.Task[None]] = set()
        self.tokens = Memory(self._by_token, ttl)
        self.sessions = Memory(self._by_session, ttl)

    async def _by_session(self, sha256: bytes) -> Visit | None:
        """Another provider asks for factors of its own; in the demo nobody proves who he is."""
        found = await sign_in.by_session(self.database, sha256)
        if found is not None and found.via == sign_in.STAND_IN:  # a password to be changed is the account's, not theirs
            return replace(found, must_change=False)
        if found is None or found.second_factor or found.via == sign_in.PROVIDER:
            return found
        return replace(found, must_enrol=found.actor.role in self._factor_roles)

    async def _by_token(self, sha256: bytes) -> Visit | None:
        """Its last use is written down beside the request, which does not wait for it."""
        found = await sign_in.by_token(self.database, sha256)
        if found is not None and found.unseen:
            task = asyncio.create_task(self._used(sha256), name="token-used")
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)
        return found

    async def _used(self, sha256: bytes) -> None:
        try:
            await sign_in.token_used(self.database, sha256)
        except StoreError as error:  # told again by the next look-up
            log.warning("token.use-unwritten", error=type(error).__name__)

    async def noted(self) -> None:
        """Wait until every use so far is written down."""
        await asyncio.gather(*self._noting)

    async def visit(self, scope: Scope) -> Visit | None:
        """Who sent this request; None: nobody we know. A bearer token goes before a cookie."""
        bearer, cookie = credentials(scope, self.cookie)
        found = None
        if bearer is not None:
            found = await self.tokens.get(sign_in.digest(bearer))
        elif cookie is not None:
            found = await self.sessions.get(sign_in.digest(cookie))
        if found is not None:
            scope["dispatch.seat"] = found.actor.seat
        return found


def headers_of(scope: MutableMapping[str, Any]) -> dict[bytes, bytes]:
    """The request's headers by name, in small letters; of one that came twice the last. Made once for a request."""
    made: dict[bytes, bytes] | None = scope.get("dispatch.headers")
    if made is None:
        made = scope["dispatch.headers"] = dict(scope["headers"])
    return made


def header_of(scope: MutableMapping[str, Any], name: bytes) -> str:
    """One header, "" where it was not sent."""
    return headers_of(scope).get(name, b"").decode("latin-1")


def credentials(scope: Scope, cookie_name: str) -> tuple[str | None, str | None]:
    """The bearer token and the session cookie of a request, each or both None."""
    bearer = None
    if b"authorization" in headers_of(scope):
        kind, _, rest = header_of(scope, b"authorization").partition(" ")
        bearer = rest.strip() if kind.lower() == "bearer" else ""
    return bearer, cookie_of(header_of(scope, b"cookie"), cookie_name)


def cookie_of(header: str, name: str) -> str | None:
    """One cookie's value from a Cookie header."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and value:
            return value.strip('"')
    return None
