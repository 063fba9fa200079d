"""A whole service on a database of the demo district, for tests of steps and web: who is who, and how to whistle."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from dispatch.clock import new_id
from dispatch.domain.case import Actor
from dispatch.domain.turn import Turn
from dispatch.steps import load, route, sign_in
from dispatch.steps.intake import Intake
from dispatch.steps.lists import Item
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import people
from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from dispatch.store.people import Token
from dispatch.web.app import WebDeps, create_app
from dispatch.web.lists.stills import Make, Stills
from dispatch.web.models.queue import Still
from tests.servers import TestPostgres

DEMO = Path(__file__).parents[1] / "deploy" / "demo"
DISTRICT, STREET, OTHER_STREET = "130403", "130403011", "130403010"
COMMUNITY, BUILDING = "130403011-D01", "130403011-D01-X1-B3"
#: a text that the demo's duty list routes for certain: 消防 leads
FIRE_DOOR = "广泰小区3号楼楼道消防门被锁"
#: a text that is no emergency: 住建 leads
SLOW = "广泰小区物业不管，楼道灯坏了没人修"

CLERK, OTHER_CLERK = f"node:{STREET}:clerk", f"node:{OTHER_STREET}:clerk"
DESK, ADMIN, AUDITOR = f"node:{DISTRICT}:dispatcher", f"node:{DISTRICT}:administrator", f"node:{DISTRICT}:auditor"
SECRETARY, COMMUNITY_HEAD, BUILDING_HEAD = f"node:{STREET}:head", f"node:{COMMUNITY}:head", f"node:{BUILDING}:head"
XF, XF_DEPUTY, ZJ = "unit:XF:liaison", "unit:XF:deputy", "unit:ZJ:liaison"
XF_SECTION = "unit:XF:section"


async def demo_template(postgres: TestPostgres, name: str) -> None:
    """A database with the demo district loaded, to be cloned."""
    await postgres.migrated()
    await postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE template_dispatch STRATEGY file_copy')
    database = await Database.connect(postgres.url(name), size=2)
    try:
        await load.load(database, DEMO, "test")
    finally:
        await database.close()


async def empty_tables(connection: Connection) -> list[str]:
    """The tables without a row: of a database where nothing has happened yet, those that something happening fills."""
    rows = await connection.fetch(
        """SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname"""
    )
    names = [row["name"] for row in rows]
    return [name for name in names if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})")]


async def clear(connection: Connection, tables: Sequence[str]) -> None:
    """Empty these tables in this transaction, past every trigger."""
    await connection.execute("SET LOCAL session_replication_role = replica")
    for table in tables:
        await connection.execute(f"DELETE FROM {table}")


def id_at(moment: datetime, nth: int) -> UUID:
    """A UUIDv7 made at `moment`, the `nth` of its maker's."""
    return UUID(int=round(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | nth)


#: the log refuses what a test plants in it: said first, in the same transaction
TAMPERING = "ALTER TABLE whistle_event DISABLE TRIGGER USER"


@dataclass
class World:
    """One test's service. `as_(seat)` is an HTTP client with a token for that seat."""

    database: Database
    service: Service
    intake: Intake
    deps: WebDeps
    app: Any
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(
        self, seat: str, *, scopes: tuple[str, ...] = ("*",), lasts: timedelta = timedelta(days=1), fresh: bool = False
    ) -> str:
        """A bearer token for whoever holds the seat."""
        if seat in self.tokens and not fresh and scopes == ("*",):
            return self.tokens[seat]
        token = secrets.token_urlsafe(24)
        async with self.database.transaction() as uow:
            now = await uow.now()
            person = await uow.connection.fetchval(
                "SELECT person FROM tenure WHERE seat = $1 AND to_at IS NULL ORDER BY person LIMIT 1", seat
            )
            made = Token(new_id(), hashlib.sha256(token.encode()).digest(), person, seat, "test", scopes)
            await people.add_tokens(uow, [made], now, now + lasts)
        if not fresh:
            self.tokens[seat] = token
        return token

    async def as_(self, seat: str, **more: Any) -> httpx.AsyncClient:
        """A client that acts from this seat."""
        return self.client(headers={"Authorization": f"Bearer {await self.token(seat, **more)}"})

    def client(self, **more: Any) -> httpx.AsyncClient:
        """A client that nobody knows."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        made = httpx.AsyncClient(transport=transport, base_url="http://test", **more)
        self.clients.append(made)
        return made

    async def actor(self, seat: str) -> Actor:
        """Who acts from this seat."""
        visit = await sign_in.by_token(self.database, sign_in.digest(await self.token(seat)))
        assert visit is not None
        return visit.actor

    async def raised(self, text: str = FIRE_DOOR, *, seat: str = CLERK, **more: Any) -> dict[str, Any]:
        """A whistle just raised, not yet routed: the receipt."""
        client = await self.as_(seat)
        answer = await client.post("/api/v1/whistles", json={"body": text, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def whistle(self, text: str = FIRE_DOOR, *, seat: str = CLERK, **more: Any) -> dict[str, Any]:
        """A whistle raised and routed."""
        receipt = await self.raised(text, seat=seat, **({"place": BUILDING} if seat == CLERK else {}) | more)
        async with self.database.transaction() as uow:
            await route.route(self.service, uow, [UUID(receipt["id"])], {})
        return receipt

    async def get(self, ref: object, *, seat: str = CLERK) -> dict[str, Any]:
        """What this seat sees of a whistle."""
        answer = await (await self.as_(seat)).get(f"/api/v1/whistles/{ref}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def act(self, ref: object, action: str, *, seat: str, **fields: Any) -> httpx.Response:
        """Do something; the version is the present one unless given."""
        client = await self.as_(seat)
        if "version" not in fields:
            async with self.database.acquire() as connection:
                fields["version"] = await connection.fetchval(
                    "SELECT s.version FROM whistle_state s JOIN whistle w USING (id) WHERE w.number = $1", int(str(ref))
                )
        return await client.post(f"/api/v1/whistles/{ref}/actions/{action}", json=fields)

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        async with self.database.acquire() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))

    async def close(self) -> None:
        for client in self.clients:
            await client.aclose()
        await self.intake.drain()
        await self.database.close()


async def open_world(url: str, virtual: Callable[[], datetime] | None = None, **deps: Any) -> World:
    """A service on the database at `url`."""
    database = await Database.connect(url, size=4, virtual=virtual)
    rules = await _rules(database)
    service = Service(database, rules, Numbers(database, "whistle", 100), new_id, channels=("null",))
    intake = Intake(service)
    made = WebDeps(service, intake, secret="0" * 32, **{"demo": True, "base_url": "http://test", **deps})
    made.stills = ReadAnew()
    return World(database, service, intake, made, create_app(made))


class ReadAnew(Stills):
    """What is remembered of rows, each time compared with what is read anew: no page of any test is older than that."""

    async def of(
        self, service: Service, actor: Actor, turn: Turn, items: Sequence[Item], make: Make, *where: str
    ) -> list[Still]:
        remembered = await super().of(service, actor, turn, items, make, *where)
        assert remembered == await Stills().of(service, actor, turn, items, make, *where)
        return remembered


_read: list[Rules] = []


async def _rules(database: Database) -> Rules:
    """The rules of the database; built once where the versions are the same (they are all of the demo's files)."""
    rules = Rules(database)
    if _read:
        rules._districts, rules._sources, rules._versions = _read[0]._districts, _read[0]._sources, _read[0]._versions
    if await rules.refresh():
        _read[:] = [rules]
    return rules


def monday(hour: int = 9) -> datetime:
    """A working Monday in Handan at this hour, as UTC."""
    return datetime(2026, 6, 15, hour, tzinfo=UTC) - timedelta(hours=8)
