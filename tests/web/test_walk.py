"""Every route × every role × every scope, compared with the one table of permissions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from starlette.responses import PlainTextResponse

from dispatch.domain.case import Case
from dispatch.steps.sign_in import SCOPES
from dispatch.store import cases
from dispatch.web.live.hub import hub_of
from tests.factories import (
    ADMIN,
    AUDITOR,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    DISTRICT,
    FIRE_DOOR,
    OTHER_CLERK,
    OTHER_STREET,
    SECRETARY,
    STREET,
    XF,
    World,
    open_world,
)
from tests.web.browsing import somebody
from tests.web.walking import FORBIDDEN, NOT_FOUND, OK, PHOTO, WAYS, Asker, Way, routes_of

SEATS = (
    CLERK,
    f"node:{STREET}:duty",
    XF,
    "unit:SF:liaison",  # invited to one table
    "unit:XF:section",
    BUILDING_HEAD,
    "node:130403011-D01-X1:head",
    COMMUNITY_HEAD,
    SECRETARY,
    f"node:{DISTRICT}:head",
    DESK,
    ADMIN,
    AUDITOR,
)
#: a number that is none, of as many digits as the others
NOWHERE = 2699999990
FAR = "130404"
#: knocked at about every whistle by every role
EVERY = ("/w/{number}/strip", "/api/v1/whistles/{number}", "/api/v1/whistles/{number}/actions/note")


class Door:
    """The application, knocked at without a client's cost. `scopes` None: the token of the seat with every scope."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def knock(
        self, method: str, path: str, body: bytes, kind: str, token: str | None, cookie: str = "", *, html: bool = True
    ) -> tuple[int, bytes]:
        """Status and body; of a stream the beginning. `html`: pages are asked for as a browser does."""
        where, _, query = path.partition("?")
        page = html and method == "GET" and not where.startswith("/api/")
        headers = [
            (b"host", b"test"),
            (b"content-type", kind.encode()),
            (b"accept", b"text/html" if page else b"application/json"),
            *([(b"authorization", f"Bearer {token}".encode())] if token else []),
            *([(b"cookie", cookie.encode())] if cookie else []),
        ]
        scope = {
            "type": "http", "method": method, "path": where, "raw_path": where.encode(), "root_path": "",
            "query_string": query.encode(), "headers": headers, "scheme": "http", "http_version": "1.1",
            "server": ("test", 80), "client": ("test", 1), "asgi": {"version": "3.0"},
        }  # fmt: skip
        said, parts, asked = [0], [], [False]

        async def receive() -> dict[str, Any]:
            if asked[0]:
                return {"type": "http.disconnect"}
            asked[0] = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                said[0] = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self.world.app(scope, receive, send)
        return said[0], b"".join(parts)


@pytest.fixture
async def door(demo_url: str) -> AsyncIterator[Door]:
    made = await open_world(demo_url, probe=PlainTextResponse("well"))
    yield Door(made)
    await hub_of(made.service).close()
    await made.deps.principals.noted()
    await made.close()


async def whistles(world: World) -> dict[str, int]:
    """Whistles of every scope that the table knows, by what they are to the street's clerk."""
    other = {"seat": OTHER_CLERK, "place": OTHER_STREET}
    made = {
        "own": await world.whistle(FIRE_DOOR),
        "same street": await world.whistle("路灯不亮", place=f"{STREET}-D02"),
        "other street": await world.whistle("路灯不亮", **other),
        "other district": await world.whistle(FIRE_DOOR),
        "sealed": await world.whistle(FIRE_DOOR),
        "about the street": await world.whistle(FIRE_DOOR),
        "offered by another street": await world.whistle("井盖坏了", **other),
        "below the street": await world.raised("广泰小区物业不管，楼道灯坏了没人修", seat=BUILDING_HEAD),
        "at one table": await world.whistle("路灯不亮", **other),
    }
    numbers = {name: int(one["number"]) for name, one in made.items()}
    offered = await world.act(numbers["offered by another street"], "transfer", seat=OTHER_CLERK, to=STREET)
    assert offered.status_code == 200, offered.text
    table = {"units": ["SF"], "at": "2026-12-01T10:00:00+08:00", "text": "一起商量"}
    met = await world.act(numbers["at one table"], "consult", seat=DESK, **table)
    assert met.status_code == 200, met.text
    async with world.database.transaction() as uow:
        run = uow.connection.execute
        await run("UPDATE whistle SET district = $2 WHERE number = $1", numbers["other district"], FAR)
        await run("UPDATE whistle SET sealed = true WHERE number = $1", numbers["sealed"])
        await run(
            "UPDATE whistle SET hidden_from = $2, sealed = true WHERE number = $1",
            numbers["about the street"],
            [STREET],
        )
        await run(
            """INSERT INTO photo (id, sha256, media_type, width, height, content, person, at)
               VALUES ($1, '\\x00', 'image/jpeg', 1, 1, '\\x00', NULL, $2)""",
            UUID(PHOTO),
            await uow.now(),
        )
        await run("UPDATE whistle SET photos = ARRAY[$1::uuid]", UUID(PHOTO))
    # another district in which places and units are called the same: only its code tells them apart
    rules = world.service.rules
    rules._districts = {**rules._districts, FAR: rules.of(DISTRICT)}
    return numbers


async def known(world: World, numbers: dict[str, int]) -> dict[str, Case]:
    async with world.database.acquire() as connection:
        rows = await connection.fetch("SELECT id, number FROM whistle")
        ids = {row["number"]: row["id"] for row in rows}
        found = {name: await cases.read(connection, ids[number]) for name, number in numbers.items()}
    return {name: case for name, case in found.items() if case is not None}


async def asker(world: World, seat: str) -> Asker:
    actor = await world.actor(seat)
    turn = world.service.turn(DISTRICT, await world.database.now())
    node = turn.reference.tree.get(actor.node) if actor.node else None
    return Asker(actor, node.level if node else None, turn)


def told(way: Way, status: int, body: bytes) -> str:
    """What the answer amounts to. Of several acts at once each has its own."""
    if status == 200 and way.path == "/api/v1/actions":
        one = orjson.loads(body)[0]
        status = 200 if one["ok"] else one["problem"]["status"]
    if status in (401, 403, 404):
        return str(status)
    return OK if status in way.wrong or status < 400 else f"broken: {status} {body[:300]!r}"


def plain(body: bytes, number: int) -> bytes:
    """An answer without what differs between any two: the number asked for, the request's id, the form's token."""
    return re.sub(rb"[0-9a-f]{32,64}", b"*", body.replace(str(number).encode(), b"N"))


def test_every_route_of_the_application_is_walked(door: Door) -> None:
    assert set(routes_of(door.world.app)) == set(WAYS)


async def test_every_route_answers_each_role_in_each_scope_as_the_table_says(door: Door) -> None:
    world = door.world
    numbers = await whistles(world)
    stand = await known(world, numbers)
    before = await count(world)
    met: set[tuple[str, str]] = set()
    wrong: list[str] = []
    for turn, seat in enumerate(SEATS):
        who, token = await asker(world, seat), await world.token(seat)
        for place, (route, way) in enumerate((route, way) for route, ways in WAYS.items() for way in ways):
            if way.rule is None:
                continue
            nowhere = b""
            for name in (None, *chosen(way, who, stand, turn + place)):
                number, case = (numbers[name], stand[name]) if name else (NOWHERE, None)
                expected = FORBIDDEN if way.scope is None else way.rule(who, case)  # a person's own: no token opens it
                path, body = way.at(number)
                # every other role as a program would, which is told the same in JSON
                status, answer = await door.knock(route.split(" ")[0], path, body, way.kind, token, html=turn % 2 == 0)
                said = told(way, status, answer)
                if name is None:
                    nowhere = plain(answer, number)
                elif said == NOT_FOUND and plain(answer, number) != nowhere:
                    wrong.append(f"{seat} {route} {name}: {answer!r}, and of nothing {nowhere!r}")
                if said != expected:
                    wrong.append(f"{seat} {route} {name}: {said}, not {expected}")
                met.add((seat, name or "nowhere"))
    assert not wrong, f"{len(wrong)}: {wrong[:10]}"
    assert met == {(seat, name) for seat in SEATS for name in (*stand, "nowhere")}
    assert await count(world) == before, "a knock has changed something"


def chosen(way: Way, who: Asker, stand: dict[str, Case], nth: int) -> list[str]:
    """The whistles to knock about: every one where it is read as a whole, else one for each answer that the table gives
    this role, another one at the next route."""
    if not way.whistle or way.rule is None:
        return []
    if way.path in EVERY:
        return list(stand)
    by_answer: dict[str, list[str]] = {}
    for name, case in stand.items():
        by_answer.setdefault(way.rule(who, case), []).append(name)
    return [names[nth % len(names)] for names in by_answer.values()]


async def count(world: World) -> list[int]:
    """Rows of what a knock could have left behind."""
    return [await world.count(table) for table in ("whistle_event", "whistle", "photo", "request", "action_key")]


async def test_nobody_unknown_comes_in(door: Door) -> None:
    for route, ways in WAYS.items():
        method = route.split(" ")[0]
        for way in ways:
            path, body = way.at(NOWHERE)
            status, answer = await door.knock(method, path, body, way.kind, None)
            if way.rule is None:
                assert status not in (401, 500), (route, status)
            elif method == "GET" and not path.startswith("/api/"):
                assert status == 303, (route, status)
            else:
                assert status in (401, 403), (route, status, answer)


async def test_another_site_cannot_post_for_somebody_signed_in(door: Door) -> None:
    clerk = await somebody(door.world, CLERK)
    cookie = f"dispatch_session={clerk.client.cookies['dispatch_session']}"
    assert (await door.knock("GET", "/api/v1/me", b"", "", None, cookie))[0] == 200
    before = await count(door.world)
    for route, ways in WAYS.items():
        if route.startswith("POST "):
            for way in ways:
                path, body = way.at(NOWHERE)
                status, answer = await door.knock("POST", path, body, way.kind, None, cookie)
                assert (status, b'"csrf"' in answer) == (403, True), (route, status, answer)
    assert await count(door.world) == before


async def test_a_token_opens_what_its_scopes_name_and_nothing_else(door: Door) -> None:
    world = door.world
    number = int((await world.whistle())["number"])
    tokens = {scope: await world.token(DESK, scopes=(scope,), fresh=True) for scope in SCOPES}
    lacking = {
        scope: await world.token(DESK, scopes=tuple(one for one in SCOPES if one != scope), fresh=True)
        for scope in SCOPES
    }

    def refused(status: int, body: bytes) -> bool:
        return (status == 403 and b"Authorization" in body) or (status == 403 and "令牌".encode() in body)

    for route, ways in WAYS.items():
        method = route.split(" ")[0]
        for way in ways:
            if way.rule is None or way.scope is None:
                continue
            path, body = way.at(number)
            assert refused(*await door.knock(method, path, body, way.kind, lacking[way.scope])), (route, way.scope)
            assert not refused(*await door.knock(method, path, body, way.kind, tokens[way.scope])), (route, way.scope)


async def test_a_token_s_use_is_written_down_beside_the_request(door: Door) -> None:
    world = door.world
    token = await world.token(DESK, fresh=True)

    async def used() -> list[Any]:
        await world.deps.principals.noted()
        async with world.database.acquire() as connection:
            return [row["used_at"] for row in await connection.fetch("SELECT used_at FROM api_token")]

    assert await used() == [None]
    for _ in range(3):
        status, _body = await door.knock("GET", "/api/v1/me", b"", "", token)
        assert status == 200
    first = await used()
    assert first != [None]
    world.deps.principals.tokens.clear()
    await door.knock("GET", "/api/v1/me", b"", "", token)
    assert await used() == first, "written once in a while, not at each request"
