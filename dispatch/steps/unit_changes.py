"""Units by page: names and duty hours, the rota, one added, one ended; and who holds a seat from when to when."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from dispatch.domain import roster
from dispatch.domain.case import Actor
from dispatch.domain.cover import meet
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid, NotFound, NotNow
from dispatch.domain.roster import Row
from dispatch.domain.turn import ZONE
from dispatch.domain.units import BY_PLACE
from dispatch.steps import amended
from dispatch.steps.import_people import checked_code, checked_name, taken
from dispatch.steps.reading.who import HOURS, TYPES, UNIT_CODE, span
from dispatch.steps.service import Service
from dispatch.steps.standing import change
from dispatch.steps.tree_changes import checked_name as place_name
from dispatch.store import standing as store
from dispatch.store.unit_of_work import UnitOfWork

#: shifts of one rota, people of one shift
MOST_SHIFTS, MOST_PEOPLE = 10, 60
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


async def set_unit(service: Service, by: Actor, code: str, given: Mapping[str, str]) -> None:
    """Name, short name, hours (a calendar) and whether somebody is on duty round the clock.

    Raises `Forbidden`, `NotFound`, `Invalid`.
    """

    async def edit(_uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        before = _row(documents, code)
        wanted = {"name": place_name(given["name"]), "short": place_name(given["short"], "short"),
                  "calendar": _calendar(reference, given["calendar"]), "duty": given.get("duty") == "1"}  # fmt: skip
        amended.amend(documents, "units")["set"].setdefault(code, {}).update(wanted)
        amended.relay(documents)
        return {"name": wanted["name"], "was": {key: before[key] for key in wanted}, "now": wanted}

    await change(service, by, "unit-changed", code, edit)


async def add_unit(service: Service, by: Actor, given: Mapping[str, str]) -> str:
    """A unit that can be assigned; its seats come by the district's pattern. Returns its code.

    Raises `Forbidden`, `Invalid`.
    """
    code = given["code"].strip().upper()

    async def edit(_uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        if not re.fullmatch(UNIT_CODE, code) or "-" in code or code in BY_PLACE:
            raise Invalid("「{value}」不能作单位代码；请用 2 到 6 个大写字母", field="code", value=code[:40])
        if code in reference.units:
            raise Invalid("「{value}」已经有了；请换一个代码", field="code", value=code)
        if given["type"] not in TYPES:
            raise Invalid("没有「{value}」这类单位；请从列出的选", field="type", value=given["type"][:40])
        row = {"code": code, "place": None, "name": place_name(given["name"]),
               "short": place_name(given["short"] or given["name"], "short"), "type": given["type"],
               "calendar": _calendar(reference, given["calendar"]), "sector": None,
               "duty": given.get("duty") == "1"}  # fmt: skip
        units = amended.amend(documents, "units")
        units["added"] = [one for one in units["added"] if one["code"] != code] + [row]
        units["ended"] = [one for one in units["ended"] if one != code]
        units["set"].pop(code, None)
        amended.relay(documents)
        return {"name": row["name"]}

    await change(service, by, "unit-added", code, edit)
    return code


async def end_unit(service: Service, by: Actor, code: str) -> None:
    """A unit is no more. Raises `Forbidden`, `NotFound`; `NotNow` while a duty or an open whistle is with it."""

    async def edit(uow: UnitOfWork, documents: dict[str, Any], _reference: Reference) -> dict[str, Any]:
        row = _row(documents, code)
        if row["place"] is not None:
            raise NotNow("「{value}」跟着属地走；请到属地树撤那个地方", field="unit", value=row["name"])
        duty = next((one for one in documents["duties"]["duties"] if code in (one["lead"], *one["assist"])), None)
        if duty is not None or code in amended.needed_units(documents):
            named = f"{duty['code']} {duty['name']}" if duty else code
            raise NotNow("权责清单「{value}」还用着这个单位；请先改清单", field="unit", value=named)
        count, number = await store.open_with(uow.connection, [code])
        if count:
            raise NotNow(
                "这个单位还有 {n} 个没办完的哨，如 {value}；请等办完，或改派", field="unit", value=number, n=count
            )
        units = amended.amend(documents, "units")
        units["added"] = [one for one in units["added"] if one["code"] != code]
        units["set"].pop(code, None)
        units["ended"].append(code)
        amended.relay(documents)
        return {"name": row["name"]}

    await change(service, by, "unit-ended", code, edit)


async def set_rota(service: Service, by: Actor, code: str, text: str) -> None:
    """The unit's rota, a shift a line: `18:00-08:30 2026-01-01 A01 A02` (who takes turns from that day on).

    Empty: nobody beyond the hours. Raises `Forbidden`, `NotFound`, `Invalid` naming the line.
    """

    async def edit(_uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        row = _row(documents, code)
        shifts = read_rota(text, reference)
        known = documents["people"].get("roster", {})
        used = {person for shift in shifts for person in shift["people"]}
        names = known.get("persons", {}) | {person: reference.people.persons[person].name for person in used}
        laid = {**known, "persons": names, "rota": known.get("rota", {}) | {code: shifts}}
        documents["people"] = documents["people"] | {"roster": laid}
        return {"name": row["name"], "shifts": shifts}

    await change(service, by, "rota-changed", code, edit)


def read_rota(text: str, reference: Reference) -> list[dict[str, Any]]:
    """The shifts of a rota as somebody wrote it, no two at the same time. Raises `Invalid` naming the line."""
    shifts: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.replace("，", " ").replace(",", " ").strip():
            shifts[number] = _shift(number, line, reference)
            _apart(number, shifts)
    if len(shifts) > MOST_SHIFTS:
        raise Invalid("最多 {most} 班，现在有「{value}」班；请合并", field="rota", value=len(shifts), most=MOST_SHIFTS)
    return list(shifts.values())


def _shift(number: int, line: str, reference: Reference) -> dict[str, Any]:
    words = line.replace("，", " ").replace(",", " ").split()
    hours, since, *people = words if len(words) > 1 else words * 2  # what stands alone is no day either
    if not re.fullmatch(HOURS, hours):
        raise Invalid("第 {n} 行「{value}」不是时段；请写成 18:00-08:30", field="rota", value=hours[:40], n=number)
    if not _DAY.fullmatch(since) or not _is_day(since):
        raise Invalid("第 {n} 行「{value}」不是起始日；请写成 2026-01-01", field="rota", value=since[:40], n=number)
    wrong = next((one for one in people if one not in reference.people.persons), None)
    if wrong is not None:
        raise Invalid("第 {n} 行没有「{value}」这个人；请写工号，用空格隔开", field="rota", value=wrong[:60], n=number)
    if not people or len(set(people)) != len(people) or len(people) > MOST_PEOPLE:
        raise Invalid(
            "第 {n} 行要有 1 到 {most} 个人，各写一次；请改「{value}」",
            field="rota",
            value=line[:60],
            n=number,
            most=MOST_PEOPLE,
        )
    return {"hours": hours, "since": since, "position": "值班员", "people": people}


def _apart(number: int, shifts: Mapping[int, Mapping[str, Any]]) -> None:
    made = span(shifts[number]["hours"])
    for other, shift in shifts.items():
        if other != number and meet(made, span(shift["hours"])):
            raise Invalid(
                "第 {n} 行「{value}」和第 {m} 行「{other}」的时段重叠，一个时刻只能一人值班；请把时段错开",
                field="rota",
                value=shifts[number]["hours"],
                n=number,
                m=other,
                other=shift["hours"],
            )


async def hold(
    service: Service, by: Actor, seat: str, person: str, name: str, since: date | None, until: date | None
) -> None:
    """Somebody holds a seat from–to, by the rules of the import: the next holder ends the last one's term.

    Raises `Forbidden`, `NotFound`, `Invalid`.
    """

    async def edit(uow: UnitOfWork, documents: dict[str, Any], reference: Reference) -> dict[str, Any]:
        known = reference.people
        if seat not in known.seats or known.seats[seat].post == "rota":
            raise NotFound("没有「{value}」这个岗位；请从列表里进来", field="seat", value=seat[:60])
        there = known.persons.get(person)
        called = name or (there.name if there else "")
        row = Row(1, checked_code(person, known), checked_name(called), seat, since, until)
        faults = await taken(uow.connection, by.district or "", reference, [row])
        today = (await uow.now()).astimezone(ZONE).date()
        plan = roster.plan(known, documents["people"].get("roster"), [row], today)
        for fault in (*faults, *plan.faults):
            raise fault.refusal
        documents["people"] = documents["people"] | {"roster": plan.roster}
        lines = [line for line in plan.lines if line.kind != "unchanged"]
        return {
            "rows": [[one.kind, one.person, one.seat, str(one.since), str(one.until or ""), one.was] for one in lines]
        }

    await change(service, by, "term-changed", seat, edit)


def _row(documents: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] | None = next((row for row in documents["units"]["units"] if row["code"] == code), None)
    if found is None:
        raise NotFound("没有「{value}」这个单位；请从列表里进来", field="unit", value=code[:60])
    return found


def _calendar(reference: Reference, given: str) -> str:
    if given not in reference.calendars:
        raise Invalid("没有「{value}」这个作息；请从列出的选", field="calendar", value=given[:40])
    return given


def _is_day(given: str) -> bool:
    try:
        return roster.FIRST <= date.fromisoformat(given) < roster.LAST
    except ValueError:
        return False
