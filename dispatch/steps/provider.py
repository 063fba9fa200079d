"""Signing in by another provider: OpenID Connect, authorization code with PKCE, state and nonce.

Off unless an issuer is set. What goes there and back is a ticket: its token is the state, and stands in a cookie of the
browser that began, so that nobody is signed in by a link of somebody else's. No transaction is open while the provider
is asked. An identity that nobody has linked to a person opens nothing.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Forbidden, Invalid
from dispatch.steps import administer, sign_in
from dispatch.steps.sign_in import Session, digest
from dispatch.store import administration, identities, tickets
from dispatch.store.database import Database

log = structlog.get_logger(__name__)

KIND = "provider"
WITHIN = timedelta(minutes=10)
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
#: seconds: how long an answer may take, how long metadata and keys stay good, how far clocks may be apart
TIMEOUT, REMEMBERED, LEEWAY = 10.0, 3600.0, 60
LONGEST_SUBJECT = 255


class Failed(Forbidden):
    """Not signed in. What went wrong is in the log, not on the screen."""

    code = "provider-failed"

    def __init__(self) -> None:
        super().__init__("统一身份登录没有成功；请再试一次，还不行就用账号和密码", field="name", value=None)


class Unlinked(Forbidden):
    """The provider knows the person; here nobody has said who it is."""

    code = "provider-unlinked"

    def __init__(self, subject: str) -> None:
        super().__init__("统一身份「{value}」在这里还没有对应的人；请把它告诉本单位管理员", field="name", value=subject)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it must bring back in its cookie."""

    url: str
    state: str


@dataclass(slots=True)
class Provider:
    """One provider, as the settings name it. `back` is the address that it sends browsers back to."""

    issuer: str
    client_id: str
    client_secret: str
    back: str
    label: str
    transport: httpx.AsyncBaseTransport | None = None
    _known: tuple[float, dict[str, Any], KeySet] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def begin(self, database: Database, onward: str) -> Begun:
        """A way there; `onward` is where to go on afterwards. Raises `Failed`."""
        metadata, _keys = await self._metadata()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        now = await database.now()
        async with database.transaction() as uow:
            kept = {"nonce": nonce, "verifier": verifier, "onward": onward}
            await tickets.add(uow, KIND, digest(state), None, kept, now, now + WITHIN)
        url = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.client_id,
            "code",
            self.back,
            "openid",
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, state)

    async def finish(self, database: Database, state: str, code: str, device: str = "") -> tuple[Session, str]:
        """A session for what the provider sent back, and where to go on. Raises `Failed`, `Unlinked`, `Forbidden`."""
        now = await database.now()
        async with database.transaction() as uow:
            ticket = await tickets.take(uow, KIND, digest(state), now)
        if ticket is None or not code:
            raise Failed
        token = await self._token(code, ticket.data["verifier"])
        subject = await self._subject(token, ticket.data["nonce"], int(now.timestamp()))
        async with database.acquire() as connection:
            person = await identities.person_of(connection, self.issuer, subject)
        if person is None:
            raise Unlinked(subject)
        made = await sign_in.open_session(database, person, via=sign_in.PROVIDER, device=device)
        return made, str(ticket.data["onward"])

    async def _token(self, code: str, verifier: str) -> dict[str, Any]:
        metadata, _keys = await self._metadata()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.back, "code_verifier": verifier,
        }  # fmt: skip
        found = await self._ask("POST", metadata["token_endpoint"], data=form)
        if not isinstance(found.get("id_token"), str):
            log.warning("provider.failed", reason="no-id-token")
            raise Failed
        return found

    async def _subject(self, token: dict[str, Any], nonce: str, now: int) -> str:
        """Who it is, by a token whose signature, issuer, audience, time (`now`: Unix seconds) and nonce are right."""
        params = {"nonce": nonce, "client_id": self.client_id, "access_token": token.get("access_token")}
        options: Any = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
        }
        for fresh in (False, True):  # a key may have been replaced since
            _metadata, keys = await self._metadata(fresh=fresh)
            try:
                read = jwt.decode(token["id_token"], keys, algorithms=list(ALGORITHMS))
                claims = CodeIDToken(read.claims, read.header, options, params)
                claims.validate(now, LEEWAY)
            except (JoseError, AuthlibBaseError, ValueError) as error:
                log.warning("provider.failed", reason="id-token", error=type(error).__name__)
                continue
            subject = claims.get("sub")
            if isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT:
                return subject
        raise Failed

    async def _metadata(self, *, fresh: bool = False) -> tuple[dict[str, Any], KeySet]:
        async with self._asking:
            if self._known is not None and not fresh and time.monotonic() < self._known[0]:
                return self._known[1:]
            found = await self._ask("GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if found.get("issuer") != self.issuer or not all(isinstance(found.get(name), str) for name in needed):
                log.warning("provider.failed", reason="metadata")
                raise Failed
            try:
                keys = KeySet.import_key_set(await self._ask("GET", found["jwks_uri"]))  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                log.warning("provider.failed", reason="keys", error=type(error).__name__)
                raise Failed from None
            self._known = (time.monotonic() + REMEMBERED, found, keys)
            return found, keys

    async def _ask(self, method: str, url: str, data: dict[str, str] | None = None) -> dict[str, Any]:
        auth = httpx.BasicAuth(quote(self.client_id, ""), quote(self.client_secret, "")) if data else None
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, transport=self.transport, trust_env=False) as client:
                answer = await client.request(method, url, data=data, auth=auth)
            found = answer.json() if answer.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            log.warning("provider.failed", reason="request", error=type(error).__name__)
            raise Failed from None
        if not isinstance(found, dict):
            log.warning("provider.failed", reason="answer", status=answer.status_code)
            raise Failed
        return found


async def link(database: Database, issuer: str, by: Actor, person: str, subject: str) -> None:
    """An administrator says whose identity this is; empty: nobody's any more.

    Raises `Forbidden`, `NotFound`, `Invalid`.
    """
    given = subject.strip()
    if len(given) > LONGEST_SUBJECT or not (given.isprintable() or not given):
        raise Invalid("统一身份最多 {most} 个字符；请核对", field="subject", value=given, most=LONGEST_SUBJECT)
    async with database.transaction() as uow:
        await administer.of_district(uow.connection, by, person, await uow.now())
        await identities.unlink(uow, issuer, person)
        if given and not await identities.link(uow, issuer, given, person):
            raise Invalid("统一身份「{value}」已经是别人的；请核对", field="subject", value=given)
        await administration.note_on(uow, by, person, "provider-linked" if given else "provider-unlinked", {})
