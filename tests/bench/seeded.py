"""Databases filled by the real steps, without HTTP: whistles raised, and routed where asked."""

from __future__ import annotations

import asyncio
from uuid import UUID

from dispatch.domain.case import Actor
from dispatch.steps.route import route
from tests.bench.whistles import new
from tests.factories import CLERK, DISTRICT, STREET, open_world


async def raise_many(url: str, count: int, start: int = 0) -> list[UUID]:
    """So many whistles, each another one, from the `start`-th on; returns their ids."""
    world = await open_world(url)
    clerk = Actor("street-clerk", "p", CLERK, node=STREET, district=DISTRICT, principal="person:p")
    ids: list[UUID] = []
    try:
        for first in range(start, start + count, 500):
            some = range(first, min(first + 500, start + count))
            ids += [receipt.id for receipt in await asyncio.gather(*(world.intake.raise_(clerk, new(i)) for i in some))]
    finally:
        await world.close()
    return ids


async def route_all(url: str, ids: list[UUID]) -> None:
    """Route whistles that were raised."""
    world = await open_world(url)
    try:
        for first in range(0, len(ids), 500):
            async with world.database.transaction() as uow:
                await route(world.service, uow, ids[first : first + 500], {})
    finally:
        await world.close()
