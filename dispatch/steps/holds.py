"""挂账清单: everything on hold that somebody may see, by the level that signed for it and by age; no hiding place."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.case import Actor
from dispatch.steps.lists import Item, item
from dispatch.steps.scope import scope_of
from dispatch.steps.service import Service
from dispatch.steps.told import Words
from dispatch.store import holds, timeline

#: so many are shown
MOST = 500
#: ages that the list counts by: up to so many days on hold
AGES = (30, 90, 180)


@dataclass(frozen=True, slots=True)
class Held:
    """A whistle on hold. `level`: 4 a street, 5 the district signed; `days` on hold so far; `times` it was held."""

    item: Item
    level: int
    since: datetime
    days: int
    review_at: datetime | None
    unit: str | None
    signed_by: str | None
    reason: str | None
    times: int


@dataclass(frozen=True, slots=True)
class HoldsView:
    """The list, and how many of each level are how old: level → counts up to each of `AGES` days, and beyond."""

    held: tuple[Held, ...]
    ages: dict[int, tuple[int, ...]]
    more: bool
    as_of: datetime


async def holds_view(service: Service, actor: Actor) -> HoldsView:
    """The list of what this actor may see. Raises `Unavailable`."""
    reference = service.rules.of(actor.district or "")
    turn = service.turn(actor.district or "", await service.database.now())
    async with service.database.acquire() as connection:
        rows = await holds.held(connection, scope_of(actor, reference), MOST + 1)
        texts = await timeline.texts(connection, [row.found.head.id for row in rows])
    words = Words(turn, texts, {})
    held = tuple(
        Held(
            item=item(row.found, turn),
            level=row.level,
            since=row.since,
            days=(turn.now - row.since).days,
            review_at=row.found.clock.due_at if row.found.clock else None,
            unit=row.unit,
            signed_by=words.name(row.signed_by),
            reason=words.text(row.reason),
            times=row.times,
        )
        for row in rows[:MOST]
    )
    return HoldsView(held, _ages(held), len(rows) > MOST, turn.now)


def _ages(held: tuple[Held, ...]) -> dict[int, tuple[int, ...]]:
    counts: dict[int, list[int]] = {}
    for one in held:
        row = counts.setdefault(one.level, [0] * (len(AGES) + 1))
        row[next((i for i, most in enumerate(AGES) if one.days < most), len(AGES))] += 1
    return {level: tuple(row) for level, row in sorted(counts.items(), reverse=True)}
