"""Exceptions of the calendar by page: a day off, a day worked, other hours; how many deadlines move is seen first.

What is in the district's file is not changed here. The look-ahead waits as a ticket; confirming takes it, or refuses
where the calendars changed meanwhile. Deadlines are then computed anew, whistle by whistle, by the same step that runs
when a calendar is loaded.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from dispatch.domain import recompute as rule
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.calendar_file import CalendarFileError
from dispatch.domain.case import Actor, Case
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid, NotFound, NotNow
from dispatch.domain.turn import Turn
from dispatch.steps import amended, recompute
from dispatch.steps.administer import allowed
from dispatch.steps.read_files import build_calendars
from dispatch.steps.service import Service
from dispatch.steps.sign_in import digest
from dispatch.steps.standing import change
from dispatch.store import administration, cases, recomputing, references, tickets
from dispatch.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

TICKET = "calendar-day"
LASTS = timedelta(hours=1)
KIND = "calendars"
#: what a day can be: nobody works, worked as usual, other hours
DAYS = ("off", "work", "hours")
#: so many whistles are looked at one by one, so many moves are shown; days in one exception; days back
MOST, SHOWN, LONGEST, BACK = 5_000, 20, timedelta(days=31), timedelta(days=31)
_HOURS = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-–—]\s*(\d{1,2}):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Move:
    """A running clock that would be due at another moment; `unit` is the name of the one it runs for, if for one."""

    number: int
    stage: str
    unit: str
    old: datetime
    new: datetime


@dataclass(frozen=True, slots=True)
class Ahead:
    """What an exception would do. `token` does it, once, within an hour; `whole`: every open whistle was looked at."""

    entry: Mapping[str, Any]
    removed: bool
    clocks: int
    whistles: int
    moves: tuple[Move, ...]
    whole: bool
    token: str


def entry(given: Mapping[str, str], today: date) -> dict[str, Any]:
    """An exception as a form has it: `first`, `last`, `day`, `hours`, `reason`. Raises `Invalid`."""
    first = _day("first", given["first"])
    last = _day("last", given["last"]) if given["last"] else first
    if last < first or last - first >= LONGEST:
        raise Invalid("「{value}」不对；最后一天不能早于第一天，也不能超过 31 天", field="last", value=str(last))
    if first < today - BACK:
        raise Invalid("「{value}」太早；只能补登最近 31 天的，请改日期", field="first", value=str(first))
    reason = given["reason"].strip()
    if not 0 < len(reason) <= 60 or not reason.isprintable():
        raise Invalid(
            "「{value}」不行；请用 1 到 60 个字写明原因，会写在时限的解释里", field="reason", value=reason[:60]
        )
    made: dict[str, Any] = {"date": str(first), "reason": reason}
    if last != first:
        made["to"] = str(last)
    if given["day"] == "hours":
        return made | {"hours": _sessions(given["hours"])}
    if given["day"] not in DAYS:
        raise Invalid("没有「{value}」这种日子；请从列出的选", field="day", value=given["day"][:40])
    if hours := given["hours"].strip():
        raise Invalid(
            "写了上班时段「{value}」，选的却不是「改上班时段」；请改选它，或把时段清空", field="hours", value=hours[:60]
        )
    return made | {"day": given["day"]}


async def look_ahead(service: Service, by: Actor, given: Mapping[str, Any], *, remove: bool = False) -> Ahead:
    """What this exception, or taking it away, would move; nothing changes.

    Raises `Forbidden`, `Invalid`, `NotFound`.
    """
    district = allowed(by)
    await service.rules.refresh()
    reference = service.rules.of(district)
    async with service.database.acquire() as connection:
        stands = (await references.newest(connection, district, (KIND,)))[KIND]
    document = _changed(stands.content, given, remove)
    calendars = await asyncio.to_thread(_built, document, str(given["date"]))
    moves, whole = await _moves(service, reference, district, calendars)
    token = secrets.token_urlsafe(32)
    async with service.database.transaction() as uow:
        now = await uow.now()
        kept = {"district": district, "version": stands.version, "entry": dict(given), "remove": remove}
        await tickets.add(uow, TICKET, digest(token), by.person, kept, now, now + LASTS)
    whistles = len({move.number for move in moves})
    return Ahead(given, remove, len(moves), whistles, tuple(moves[:SHOWN]), whole, token)


async def confirm(service: Service, by: Actor, token: str) -> None:
    """Do what was looked at; deadlines are computed anew by `recomputed`. Raises `Forbidden`, `NotNow`."""
    district = allowed(by)
    async with service.database.transaction() as uow:
        ticket = await tickets.take(uow, TICKET, digest(token), await uow.now())
    if ticket is None or ticket.person != by.person or ticket.data["district"] != district:
        raise NotNow("这次预览已经用过了，或者过了一小时；请重新看一遍", field="token", value=None)
    kept = ticket.data

    async def edit(uow: UnitOfWork, documents: dict[str, Any], _reference: Reference) -> dict[str, Any]:
        found = await references.newest(uow.connection, district, (KIND,))
        if found[KIND].version != kept["version"]:
            raise NotNow("预览以后日历改过，没有动；请重新看一遍再确认", field="token", value=None)
        documents[KIND] = _changed(documents[KIND], kept["entry"], kept["remove"])
        return {"entry": kept["entry"], "removed": kept["remove"]}

    await change(service, by, "calendar-changed", kept["entry"]["date"], edit)


async def recomputed(service: Service, by: Actor) -> int:
    """Compute the open deadlines anew where the calendars in force count otherwise; how many moved. Can be repeated."""
    district = allowed(by)
    count = await recompute.apply_calendars(service, district)
    if count:
        async with service.database.transaction() as uow:
            told = {"count": count}
            await administration.note(uow, district, by.person, by.seat, "deadlines-recomputed", district, told)
    log.info("calendar.recomputed", district=district, clocks=count)
    return count


def _changed(document: Mapping[str, Any], given: Mapping[str, Any], remove: bool) -> dict[str, Any]:
    """The document with the exception, or without it. Raises `Invalid`, `NotFound`."""
    own = list(document.get("amended") or [])
    if remove:
        if given not in own:
            raise NotFound(
                "「{value}」这一天没有在这里加过例外；请刷新再看", field="date", value=str(given.get("date"))
            )
        own.remove(dict(given))
        written = [one for one in document.get("exceptions") or [] if one != given]
        return {**document, "exceptions": written, "amended": own}
    written = list(document.get("exceptions") or [])
    taken = {day for one in written for day in amended.days_of(one)}
    clash = next((day for day in amended.days_of(given) if day in taken), None)
    if clash is not None:
        raise Invalid("「{value}」已经有例外了；请先取消那一个", field="first", value=clash)
    return {**document, "exceptions": [*written, dict(given)], "amended": [*own, dict(given)]}


def _built(document: Mapping[str, Any], day: str) -> Mapping[str, WorkCalendar]:
    try:
        return build_calendars(document)
    except CalendarFileError:
        raise Invalid("日历还管不到「{value}」；请改成日历已有的年份里的一天", field="first", value=day) from None


async def _moves(
    service: Service, reference: Reference, district: str, calendars: Mapping[str, WorkCalendar]
) -> tuple[list[Move], bool]:
    """Every clock that would be due at another moment, the earliest first; whether all were looked at."""
    known = await recompute.counted_calendars(service, district)
    laid = replace(reference, calendars=calendars)
    found: list[Move] = []
    looked = 0
    async for ids in _concerned(service, district, known, calendars):
        async with service.database.acquire() as connection:
            held = await cases.many(connection, ids)
        turn = Turn(laid, await service.database.now(), service.new_id)
        found += await asyncio.to_thread(_compared, held, turn, known)
        looked += len(ids)
        if looked >= MOST:
            return sorted(found, key=lambda one: one.old), False
    return sorted(found, key=lambda one: one.old), True


def _compared(held: Sequence[Case], turn: Turn, known: Mapping[str, WorkCalendar]) -> list[Move]:
    """The clocks of these cases that would be due at another moment; the cases are changed, and kept nowhere."""
    found: list[Move] = []
    for case in held:
        before = {clock.id: clock.due_at for clock in case.open_clocks()}
        rule.again(case, turn, "calendar", known.__getitem__)
        found += [
            Move(case.facts.number, clock.stage, _short(turn.reference, clock.unit), old, clock.due_at)
            for clock in case.open_clocks()
            if (old := before.get(clock.id)) and clock.due_at and clock.due_at != old
        ]
    return found


def _short(reference: Reference, unit: str | None) -> str:
    known = reference.units.get(unit) if unit else None
    return known.short if known else unit or ""


async def _concerned(
    service: Service, district: str, known: Mapping[str, WorkCalendar], calendars: Mapping[str, WorkCalendar]
) -> AsyncIterator[Sequence[UUID]]:
    for name, old in known.items():
        new = calendars.get(old.code)
        since = old.first_difference(new) if new is not None and new.name != name else None
        after = UUID(int=0)
        while since is not None:
            async with service.database.acquire() as connection:
                ids = await recomputing.counted_on(connection, district, name, since, after, recompute.BATCH)
            if not ids:
                break
            yield ids
            after = ids[-1]


def listed(document: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every exception, the latest first, and whether it was added on the page."""
    own = document.get("amended") or []
    for one in sorted(document.get("exceptions") or [], key=lambda one: str(one["date"]), reverse=True):
        yield one, one in own


def _day(field: str, given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid("「{value}」不是日期；请写成 2026-01-01", field=field, value=given[:40]) from None


def _sessions(given: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[,，、\s]+(?=\d)", given.strip()) if part.strip()]
    found = [one for part in parts if (one := _HOURS.fullmatch(part))]
    if not parts or len(found) < len(parts):
        raise Invalid("「{value}」不是时段；请写成 08:30-12:00，几段用逗号隔开", field="hours", value=given[:60])
    made: list[str] = []
    over = -1
    for one in found:
        start, end = int(one[1]) * 60 + int(one[2]), int(one[3]) * 60 + int(one[4])
        if not over < start < end <= 24 * 60:
            raise Invalid(
                "「{value}」的止要晚于起，各段从早到晚、不重叠，不跨零点；请改时段", field="hours", value=one.group()
            )
        made.append(f"{one[1]:0>2}:{one[2]}-{one[3]:0>2}:{one[4]}")
        over = end
    return made
