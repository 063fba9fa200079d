"""A clerk who whistles by the form and the check page."""

from __future__ import annotations

import re
from uuid import UUID

from dispatch.steps import route
from tests.factories import (
    FIRE_DOOR,
    World,
)
from tests.web.browsing import Page, Person
from tests.web.calling import picture


def photo() -> tuple[str, bytes, str]:
    """A small JPEG as an upload."""
    return "scene.jpg", picture(), "image/jpeg"


async def routed(world: World, number: str) -> None:
    """Route what was just raised, as the handler would."""
    async with world.database.transaction() as uow:
        found = await uow.connection.fetchval("SELECT id FROM whistle WHERE number = $1", int(number))
        await route.route(world.service, uow, [UUID(str(found))], {})


def number_on(page: Page) -> str:
    found = re.search(r"/w/(\d{10})/receipt", str(page.answer.url))
    assert found, page.text[:300]
    return found[1]


async def blow(clerk: Person, text: str = FIRE_DOOR, **more: str) -> str:
    """Through the form and the check page; the number."""
    page = await clerk.get("/whistle")
    check = await clerk.send(page.form("/whistle"), body=text, step="check", **({"danger": "no"} | more))
    assert "再看一眼，就吹哨" in check.text, check.text[:500]
    return number_on(await clerk.send(check.form("/whistle"), step="send"))


async def minute(world: World) -> int:
    """The landing page of the demo has blown its own."""
    async with world.database.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM whistle WHERE category LIKE '9%'"))
