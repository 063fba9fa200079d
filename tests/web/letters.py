"""A record that could not be handled, as it stands in the table."""

from datetime import UTC, datetime
from uuid import UUID

from dispatch.clock import new_id
from dispatch.store import dead_letters
from dispatch.store.dead_letters import DeadLetter
from schemas import topics
from tests.factories import World


async def letter(
    world: World,
    reason: str = dead_letters.UNDECODABLE,
    position: int = 7,
    value: bytes = b"secret text",
    error: str = "no JSON",
) -> UUID:
    made = DeadLetter(
        new_id(),
        topics.INBOUND,
        0,
        position,
        datetime(2026, 6, 15, tzinfo=UTC),
        None,
        (),
        value,
        reason,
        error,
    )
    async with world.database.transaction() as uow:
        await dead_letters.insert(uow.connection, [made], await uow.now())
    return made.id
