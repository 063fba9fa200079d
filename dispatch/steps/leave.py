"""Leave: who is away from when to when, noted by themselves or for them, and who stands in. Each note is in the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dispatch.domain import cover
from dispatch.domain.case import Actor
from dispatch.domain.permissions import DISTRICT, UNIT, granted
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.domain.turn import ZONE
from dispatch.steps.service import Service
from dispatch.store import absences, accounts, administration
from dispatch.store.absences import Absence

#: what the table of permissions calls looking after the leave of others
ACTION = "note-leave"
#: a leave is no longer than so many days
LONGEST = timedelta(days=366)
MOST = 500


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody's leave. `stands_in` has for each liaison's seat of theirs who is told meanwhile; None: nobody."""

    person: str
    name: str
    seats: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    stands_in: tuple[tuple[str, str | None], ...]


def days(first: date, last: date) -> tuple[datetime, datetime]:
    """Whole days of the district, both included, as moments. Raises `Invalid`."""
    if last < first:
        raise Invalid("「{value}」早于第一天；请改最后一天", field="last", value=str(last))
    if last - first >= LONGEST:
        raise Invalid("「{value}」超过一年；请分开登记", field="last", value=str(last))
    start, end = (datetime.combine(day, time(), ZONE) for day in (first, last + timedelta(days=1)))
    return start, end


async def go(service: Service, actor: Actor, person: str, from_at: datetime, to_at: datetime) -> Absence:
    """Note that somebody is away. Raises `Invalid`, `NotFound`, `Forbidden`.

    One's own leave, that of one's unit for its leaders, anybody's of the district for desk and administrator.
    """
    _may(service, actor, person)
    if from_at.tzinfo is None or to_at.tzinfo is None or to_at <= from_at:
        raise Invalid("请假的结束要晚于开始", field="to", value=to_at.isoformat())
    made = Absence(service.new_id(), person, from_at, to_at, actor.person)
    async with service.database.transaction() as uow:
        until = await absences.overlapping(uow, person, from_at, to_at)
        now = await uow.now()
        if to_at <= now:
            raise Invalid("「{value}」已经过去了；请改日期", field="last", value=_day(to_at))
        if until is not None:
            raise Invalid("这几天已登记请假，到「{value}」；请先登记回来，或改日期", field="first", value=_day(until))
        await absences.add(uow, made, now)
        told = {"from": str(from_at.astimezone(ZONE).date()), "to": _day(to_at)}
        await administration.note(uow, actor.district or "", actor.person, actor.seat, "leave-noted", person, told)
    return made


async def back(service: Service, actor: Actor, person: str) -> int:
    """Somebody is back earlier, or does not go after all: how many leaves that ended.

    Raises `NotFound`, `Forbidden`.
    """
    _may(service, actor, person)
    async with service.database.transaction() as uow:
        ended = await absences.end(uow, person, await uow.now())
        if ended:
            log = (actor.district or "", actor.person, actor.seat)
            await administration.note(uow, *log, "leave-ended", person, {"count": ended})
    return ended


async def seen(service: Service, actor: Actor) -> list[Leave]:
    """The leaves that this actor may look after, the earliest first."""
    reference, now = service.rules.of(actor.district or ""), await service.database.now()
    async with service.database.acquire() as connection:
        found = await absences.of_district(connection, actor.district or "", now, MOST)
    return [_leave(reference, one, found, now) for one in found if may_look_after(reference, actor, one.person)]


def scopes_of(actor: Actor) -> set[str]:
    """Whose leave beside one's own: DISTRICT, UNIT, or nobody's."""
    return {grant.scope for grant in granted(actor, ACTION)}


def may_look_after(reference: Reference, actor: Actor, person: str) -> bool:
    """Whether this actor may note a leave of this person."""
    scopes = scopes_of(actor)
    if person == actor.person or DISTRICT in scopes:
        return True
    seats = [held.seat for held in reference.people.by_person.get(person, ())]
    units = _units(reference.people.seats[seat].unit for seat in seats)
    return UNIT in scopes and actor.unit in units


async def whom(service: Service, actor: Actor, given: str | None) -> str:
    """A person by code or account; nobody named: the actor. Raises `NotFound`."""
    people = service.rules.of(actor.district or "").people
    if not given:
        return actor.person or ""
    if given in people.persons:
        return given
    async with service.database.acquire() as connection:
        found = await accounts.person_of(connection, given.replace("\0", "").lower())
    if found is None or found not in people.persons:
        raise NotFound("没有「{value}」这个工号或账号，写姓名不行；请核对", field="person", value=given[:80])
    return found


def _leave(reference: Reference, one: Absence, all_: list[Absence], now: datetime) -> Leave:
    at = max(now, one.from_at)
    away = {other.person for other in all_ if other.from_at <= at < other.to_at}
    seats = tuple(seat.code for seat in reference.people.seats_of(one.person, at.astimezone(ZONE).date()))
    known = reference.people.persons.get(one.person)
    stands = tuple((seat, _instead(reference, seat, at, away)) for seat in seats if seat.endswith(":liaison"))
    return Leave(one.person, known.name if known else one.person, seats, one.from_at, one.to_at, stands)


def _instead(reference: Reference, seat: str, at: datetime, away: set[str]) -> str | None:
    other = cover.stands_in(reference, seat, at, away, emergency=False)
    person = reference.people.holder(other, at.astimezone(ZONE).date()) if other != seat else None
    return person.name if person else None


def _may(service: Service, actor: Actor, person: str) -> None:
    reference = service.rules.of(actor.district or "")
    if person not in reference.people.persons:
        raise NotFound("没有「{person}」这个人", field="person", value=person, person=person)
    if not may_look_after(reference, actor, person):
        raise Forbidden("只能登记自己的请假；单位领导可以登记本单位的", field="person", value=person)


def _units(codes: Iterable[str | None]) -> set[str]:
    return {code for code in codes if code}


def _day(until: datetime) -> str:
    return str((until - timedelta(microseconds=1)).astimezone(ZONE).date())
