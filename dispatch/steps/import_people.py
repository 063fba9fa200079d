"""People from a sheet: a dry run that shows what it would do, then exactly that, or nothing where things changed.

The rows of the dry run wait as a ticket for an hour, with the versions that they were compared with and the day. The
second step takes the ticket, compares anew under the lock and does what was shown.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from dispatch.domain import roster
from dispatch.domain.case import Actor
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.roster import Fault, Plan, Row
from dispatch.domain.turn import ZONE
from dispatch.domain.units import People
from dispatch.steps import workbook
from dispatch.steps.administer import allowed
from dispatch.steps.service import Service
from dispatch.steps.sign_in import digest
from dispatch.steps.standing import sign_in_of, standing, store
from dispatch.steps.workbook import Formula, Line, Value
from dispatch.store import administration, people, tickets
from dispatch.store.connection import Connection

TICKET = "people-import"
LASTS = timedelta(hours=1)
#: the columns in their order: name of the field, header in the sheet
COLUMNS = (
    ("code", "工号"),
    ("name", "姓名"),
    ("place", "单位或属地"),
    ("post", "岗位"),
    ("since", "任职起"),
    ("until", "任职止"),
)
NEEDED = ("code", "name", "place", "post")
#: what else a header may be called
_ALSO = {"code": "code", "name": "name", "unit": "place", "node": "place", "place": "place", "seat": "post",
         "post": "post", "from": "since", "to": "until", "单位": "place", "属地": "place"}  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_NAME = re.compile(r"[^\W_][\w·・．. -]{0,39}")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
#: so many changes are written into one entry of the log word by word; the count is whole
TOLD = 200
#: whose turn comes from a rota is no matter of terms
ROTA = "rota"


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a sheet would do. `token` does it, once, within an hour; empty where there is a fault or nothing to do."""

    plan: Plan
    rows: int
    token: str = ""


async def dry_run(service: Service, by: Actor, content: bytes) -> DryRun:
    """Read a sheet and say what it would do; nothing changes.

    Raises `Forbidden`; `Invalid` for a file that cannot be read; faults of rows stand in the plan.
    """
    district = allowed(by)
    lines = await asyncio.to_thread(workbook.lines, content)
    await service.rules.refresh()
    reference = service.rules.of(district)
    rows, faults = await asyncio.to_thread(read_rows, lines, reference)
    now = await service.database.now()
    today = now.astimezone(ZONE).date()
    async with service.database.transaction() as uow:
        documents, versions = await standing(uow, district)
        faults += await taken(uow.connection, district, reference, rows)
        stands = documents["people"].get("roster")
        plan = await asyncio.to_thread(roster.plan, reference.people, stands, rows, today)
        plan = Plan(plan.lines, tuple(sorted([*faults, *plan.faults], key=lambda one: one.number)), plan.roster)
        if versions != reference.versions:
            raise NotNow("资料刚刚改过；请再选一次文件", field="file", value=None)
        if plan.faults or len(plan.of("unchanged")) == len(plan.lines):
            return DryRun(plan, len(rows) + len({fault.number for fault in faults}))
        token = secrets.token_urlsafe(32)
        kept = {"district": district, "today": str(today), "versions": versions, "rows": [_kept(row) for row in rows]}
        await tickets.add(uow, TICKET, digest(token), by.person, kept, now, now + LASTS)
    return DryRun(plan, len(rows), token)


async def apply(service: Service, by: Actor, token: str) -> Plan:
    """Do what the dry run showed. Raises `Forbidden`, `NotNow` where anything changed since, or it was done."""
    district = allowed(by)
    async with service.database.transaction() as uow:
        now = await uow.now()
        ticket = await tickets.take(uow, TICKET, digest(token), now)
        if ticket is None or ticket.person != by.person or ticket.data["district"] != district:
            raise NotNow("这次试算已经用过了，或者过了一小时；请重新上传", field="token", value=None)
        documents, versions = await standing(uow, district)
        if versions != ticket.data["versions"]:
            raise NotNow("试算以后资料改过，没有导入；请重新上传，看过再确认", field="token", value=None)
        known = service.rules.of(district)
        if known.versions != versions:
            raise NotNow("资料刚刚改过；请过几秒再试", field="token", value=None)
        rows = [_row(kept) for kept in ticket.data["rows"]]
        stands, today = documents["people"].get("roster"), date.fromisoformat(ticket.data["today"])
        plan = await asyncio.to_thread(roster.plan, known.people, stands, rows, today)
        documents["people"] = documents["people"] | {"roster": plan.roster}
        await store(uow, district, documents, by.person or "")
        await administration.note(uow, district, by.person, by.seat, "people-imported", district, _told(plan))
    await service.rules.refresh()
    return plan


def read_rows(lines: Sequence[Line], reference: Reference) -> tuple[list[Row], list[Fault]]:
    """The rows of a sheet and what is wrong with each. Raises `Invalid` for a header that is not the template's."""
    if not lines:
        raise Invalid("表是空的（{value} 行）；请从模板填起", field="file", value=0)
    places = _columns(lines[0])
    finder = Finder(reference)
    rows: list[Row] = []
    faults: list[Fault] = []
    for line in lines[1:]:
        cells: dict[str, Value] = {name: line.cells[n] if n < len(line.cells) else "" for name, n in places.items()}
        row, wrong = _read(line.number, cells, finder)
        rows += [row] if row else []
        faults += [Fault(line.number, refusal) for refusal in wrong]
    if not rows and not faults:
        raise Invalid("表里只有表头，没有人（{value} 行）；请从第 2 行填起", field="file", value=0)
    return rows, faults


def _columns(header: Line) -> dict[str, int]:
    known = {label: name for name, label in COLUMNS} | _ALSO
    found: dict[str, int] = {}
    for n, cell in enumerate(header.cells):
        name = known.get(cell.lower()) if isinstance(cell, str) else None
        if name is not None:
            found.setdefault(name, n)
    missing = [label for name, label in COLUMNS if name in NEEDED and name not in found]
    if missing:
        raise Invalid("第一行缺少「{value}」这些列；请从模板填起", field="file", value="、".join(missing))
    return found


def _read(number: int, cells: Mapping[str, Value], finder: "Finder") -> tuple[Row | None, list[Invalid]]:
    """A row, or everything that is wrong with it; what hangs on a cell that is a formula is not asked."""
    wrong = [
        Invalid("「{value}」这一格是公式；请复制整列，只粘贴数值", field=name, value=label)
        for name, label in COLUMNS
        if isinstance(cells.get(name), Formula)
    ]
    formulas = {refusal.field for refusal in wrong}

    def taken_from(read: Callable[..., Any], *names: str) -> Any:
        try:
            return None if formulas.intersection(names) else read(*(cells.get(name, "") for name in names))
        except Invalid as refusal:
            wrong.append(refusal)
            return None

    code = taken_from(lambda code: checked_code(str(code), finder.people), "code")
    name = taken_from(lambda name: checked_name(str(name)), "name")
    seat = taken_from(lambda place, post: finder.seat(str(place), str(post)), "place", "post")
    since, until = (taken_from(partial(_day, field), field) for field in ("since", "until"))
    return (None if wrong else Row(number, code, name, seat, since, until)), wrong


def checked_code(code: str, people: People) -> str:
    """A person's code: known already, or fit for a new one. Raises `Invalid`."""
    if not _CODE.fullmatch(code) and code not in people.persons:
        raise Invalid(
            "「{value}」不能作工号；请用 1 到 40 位字母、数字、点、横线或下划线", field="code", value=code[:60]
        )
    return code


def checked_name(name: str) -> str:
    """A person's name. Raises `Invalid`."""
    if not _NAME.fullmatch(name):
        raise Invalid("「{value}」不能作姓名；请填 1 到 40 个字，不带符号", field="name", value=name[:60])
    return name


def _day(field: str, value: Value) -> date | None:
    if value == "":
        return None
    if isinstance(value, str):
        found = _DAY.fullmatch(value)
        with suppress(ValueError):
            value = date(*map(int, found.groups())) if found else value
    if not isinstance(value, date) or not roster.FIRST <= value < roster.LAST:
        raise Invalid("「{value}」不是 2000 到 2099 年的日期；请写成 2026-01-01", field=field, value=str(value)[:40])
    return value


class Finder:
    """Seats by what a sheet calls them: the unit or place by code or name, the post by its word or code."""

    def __init__(self, reference: Reference) -> None:
        self.people: People = reference.people
        self._owners: dict[str, set[str]] = {}
        self._seats: dict[str, dict[str, str]] = {}
        for seat in reference.people.seats.values():
            owner = seat.unit or seat.node or ""
            found = self._seats.setdefault(f"{'unit' if seat.unit else 'node'}:{owner}", {})
            found[seat.post] = found[seat.position] = seat.code
        for unit in reference.units.all:
            for called in (unit.code, unit.name, unit.short):
                self._owners.setdefault(called, set()).add(f"unit:{unit.code}")
        for node in reference.tree.by_code.values():
            for called in (node.code, node.name, reference.tree.labels[node.code]):
                self._owners.setdefault(called, set()).add(f"node:{node.code}")

    def seat(self, place: str, post: str) -> str:
        """The code of the one seat that is meant. Raises `Invalid`."""
        owners = self._owners.get(place, set())
        if not owners:
            raise Invalid("没有「{value}」这个单位或属地；请按「说明」那张表写名称或代码", field="place", value=place)
        found = {seats[post] for owner in owners if post in (seats := self._seats.get(owner, {}))}
        if len(found) > 1:
            raise Invalid("「{value}」有 {n} 处；请写代码", field="place", value=place, n=len(found))
        if not found:
            known = sorted({self.people.seats[code].position for owner in owners
                            for code in self._seats.get(owner, {}).values()
                            if self.people.seats[code].post != ROTA})  # fmt: skip
            raise Invalid(
                "「{value}」不是{place}的岗位；请从这些里选：{known}",
                field="post",
                value=post,
                place=place,
                known="、".join(known) or "—",
            )
        (code,) = found
        if self.people.seats[code].post == ROTA:
            raise Invalid("「{value}」按值班表轮流，不在这里任职；请改值班表", field="post", value=post)
        return code


async def taken(connection: Connection, district: str, reference: Reference, rows: Sequence[Row]) -> list[Fault]:
    """Codes that are another district's, or whose account's name somebody else has."""
    names = {row.person: sign_in_of(row.person) for row in rows if row.person not in reference.people.persons}
    elsewhere, signed = await people.taken(connection, district, list(names), list(names.values()))
    first: dict[str, str] = {}
    faults = []
    for row in rows:
        name = names.get(row.person)
        if name is None:
            continue
        if row.person in elsewhere or signed.get(name, row.person) != row.person:
            faults.append(
                Fault(row.number, Invalid("「{value}」这个工号已有别人在用；请换一个", field="code", value=row.person))
            )
        elif first.setdefault(name, row.person) != row.person:
            faults.append(
                Fault(
                    row.number,
                    Invalid(
                        "「{value}」和「{other}」只差大小写，会成同一个账号；请改一个",
                        field="code",
                        value=row.person,
                        other=first[name],
                    ),
                )
            )
    return faults


def _kept(row: Row) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, date) else value for name, value in asdict(row).items()}


def _row(kept: Mapping[str, Any]) -> Row:
    days = {name: date.fromisoformat(kept[name]) if kept[name] else None for name in ("since", "until")}
    return Row(kept["number"], kept["person"], kept["name"], kept["seat"], days["since"], days["until"])


def _told(plan: Plan) -> dict[str, Any]:
    counts = {kind: len(plan.of(kind)) for kind in ("added", "changed", "ended", "unchanged")}
    return counts | {"rows": told_rows([line for line in plan.lines if line.kind != "unchanged"])}


def told_rows(lines: Sequence[roster.Line]) -> list[list[str]]:
    """What the log says of changes: kind, person, seat, from, to, what was before."""
    return [
        [line.kind, line.person, line.seat, str(line.since), str(line.until or ""), line.was] for line in lines[:TOLD]
    ]
