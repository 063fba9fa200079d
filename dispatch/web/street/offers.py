"""What the form offers before sending: whistles like this one, problems to take apart, pasted fields, places used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dispatch.domain import whistle
from dispatch.domain.case import Actor
from dispatch.domain.pasted import take_apart
from dispatch.domain.permissions import may_ever
from dispatch.domain.reference import Node, Reference
from dispatch.domain.several import Problem, several
from dispatch.domain.turn import Turn
from dispatch.steps import lists
from dispatch.steps.duplicates import pairs_of
from dispatch.steps.foresee import Forecast
from dispatch.steps.lists import Item
from dispatch.steps.service import Service
from dispatch.store import cases, whistles
from dispatch.web.street.typed import Typed

#: what still can be added to
OPEN = ("raised", "at-desk", "local", "assigned", "handling", "on-hold")
SINCE = timedelta(days=30)
LOOKED_AT, SHOWN = 40, 3
#: of a title's character pairs so many must stand in the text; fewer where category and building are the same
LIKE, LIKE_HERE = 0.6, 0.25
RECENT = 4


@dataclass(frozen=True, slots=True)
class Similar:
    """An open whistle like the one being written; `may_add`: this person may add to it; `here`: at the very place."""

    item: Item
    may_add: bool
    here: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """All of them, empty where there is nothing to offer."""

    similar: tuple[Similar, ...] = ()
    problems: tuple[Problem, ...] = ()
    pasted: bool = False
    recent: tuple[Node, ...] = ()


async def offers_of(
    service: Service, actor: Actor, typed: Typed, turn: Turn, forecast: Forecast | None, street: str | None
) -> Offers:
    """What can be offered for what is typed. Raises `Unavailable`."""
    body = typed.get("body").strip()
    recent = () if typed.place else await _recent(service, actor, turn.reference, street)
    if not body:
        return Offers(recent=recent)
    return Offers(
        similar=await _similar(service, actor, typed, turn, forecast, street),
        problems=problems_of(actor, body, turn.reference),
        pasted=bool(take_apart(body)),
        recent=recent,
    )


def problems_of(actor: Actor, body: str, reference: Reference) -> tuple[Problem, ...]:
    """Several problems, for whoever may split off children."""
    return several(reference.duties, body) if may_ever(actor, "add-child") else ()


async def _recent(service: Service, actor: Actor, reference: Reference, street: str | None) -> tuple[Node, ...]:
    if actor.person is None:
        return ()
    async with service.database.acquire() as connection:
        codes = await whistles.recent_places(connection, actor.person, street)
    nodes = [reference.tree.get(code) for code in codes]
    return tuple(node for node in nodes if node is not None and node.level < 4)[:RECENT]


async def _similar(
    service: Service, actor: Actor, typed: Typed, turn: Turn, forecast: Forecast | None, street: str | None
) -> tuple[Similar, ...]:
    tree = turn.reference.tree
    here = tree.get(typed.place) if typed.place else None
    around = tree.at_level(typed.place, 2) or tree.at_level(typed.place, 3) if here else None
    place = around.code if around else street
    if place is None:
        return ()
    asked = lists.Asked(status=OPEN, place=place, since=turn.now - SINCE)
    found = (await lists.list_view(service, actor, asked, limit=LOOKED_AT)).items
    duties = turn.reference.duties
    # a demonstration is never the matter that somebody really reports
    real = [one for one in found if (duty := duties.get(one.category or "")) is None or not duty.demo]
    best = _best(real, typed, forecast.category if forecast else None)
    async with service.database.acquire() as connection:
        known = {case.id: case for case in await cases.many(connection, [one.id for one in best])}
    spot = here.code if here is not None and here.level <= 2 else None
    return tuple(
        Similar(one, whistle.possible(known[one.id], actor, "note", turn), spot is not None and one.place == spot)
        for one in best
        if one.id in known
    )


def _best(found: Sequence[Item], typed: Typed, category: str | None) -> list[Item]:
    text = pairs_of(typed.get("body"))
    scored: list[tuple[float, Item]] = []
    for one in found:
        title = pairs_of(one.title)
        share = len(title & text) / len(title) if title else 0.0
        same = bool(typed.place) and one.place == typed.place and category is not None and one.category == category
        if share >= (LIKE_HERE if same else LIKE):
            scored.append((share, one))
    scored.sort(key=lambda row: (-row[0], -row[1].number))
    return [one for _share, one in scored[:SHOWN]]


__all__ = ["Offers", "Similar", "offers_of", "problems_of"]
