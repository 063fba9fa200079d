"""Cases locked, read and saved: the writing side of every step after intake.

`lock` takes the states in id order, so that two steps can never wait for each other in a circle; what stands under a
state is read in later statements, because the locking one may have waited and its snapshot would be old. `save`
writes everything that any number of cases decided in one statement, put together from the parts that have rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from dispatch.domain.case import Assignment, Case, Clock, Facts, Request
from dispatch.store import asides
from dispatch.store.connection import Connection
from dispatch.store.outbox import OutboxRow
from dispatch.store.save import PARTS, Rows, arguments, statement
from dispatch.store.unit_of_work import UnitOfWork

_LOCK = """
WITH locked AS MATERIALIZED (
    SELECT id, status, version, seq, gen, rung, outcome, lead, rework, status_version, last_at
    FROM whistle_state WHERE id = ANY($1::uuid[]) {where} ORDER BY id FOR UPDATE {skip}
)
SELECT *, clock_timestamp() AS now FROM locked"""

_COLUMNS = """
SELECT w.id, number, w.district, received_at, kind, danger, category, place, raised_by_node, raised_by, via,
       source_due_at, coalesce((source ->> 'callback_required')::boolean, false) AS callback_required, sealed,
       hidden_from, matched, named, parent, merged_into{more}
FROM whistle w {joined}WHERE w.id = ANY($1::uuid[])"""
_FACTS = _COLUMNS.format(more="", joined="")
_STATE = ", ".join(
    f"st.{column}"
    for column in ("status", "version", "seq", "gen", "rung", "outcome", "lead", "rework", "status_version", "last_at")
)
_READ, _READ_ASIDE = (
    _COLUMNS.format(more=f", {_STATE}{aside}", joined="JOIN whistle_state st ON st.id = w.id ")
    for aside in ("", "," + asides.COLUMNS)
)

_ASSIGNMENTS = """
SELECT whistle, gen, unit, role, status, assigned_at, on_site, handed_back, started, reported_at, done_at, version,
       stage, due_at, active
FROM assignment WHERE whistle = ANY($1::uuid[]) ORDER BY whistle, gen, assigned_at, role DESC, unit"""

_CLOCKS = """
SELECT whistle, id, stage, unit, gen, run, started_at, policy, calendar, rung, mark, nth, fires_at, due_at,
       running_since, used, remaining, fires_in, answered_at, provisional, parked, waits_on
FROM whistle_clock WHERE whistle = ANY($1::uuid[]) {where} ORDER BY whistle, fires_at, id"""
_ALL_CLOCKS, _OPEN_CLOCKS = _CLOCKS.format(where=""), _CLOCKS.format(where="AND answered_at IS NULL")

_REQUESTS = """
SELECT whistle, id, gen, kind, unit, status, asked_by, asked_at, decided_by, decided_at, data
FROM request WHERE whistle = ANY($1::uuid[]) ORDER BY asked_at, id"""

_CALLED_BACK = """
SELECT DISTINCT whistle FROM whistle_event
WHERE whistle = ANY($1::uuid[]) AND type = 'called-back'"""


class _Later(Mapping[str, Any]):
    """A JSON object, read when it is first asked: most steps never look at what intake found in the text."""

    __slots__ = ("_read", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: dict[str, Any] | None = None

    def _whole(self) -> dict[str, Any]:
        if self._read is None:
            self._read = orjson.loads(self._text)
        return self._read

    def __getitem__(self, key: str) -> Any:
        return self._whole()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())


async def lock(
    uow: UnitOfWork, ids: Iterable[UUID], *, skip_locked: bool = False, status: str | None = None
) -> list[Case]:
    """Lock the states of these whistles, in id order, and read their facts; missing ones are left out.

    `skip_locked` leaves out whistles that somebody else holds just now; `status` those in another status.
    """
    sql = _LOCK.format(where="AND status = $2" if status else "", skip="SKIP LOCKED" if skip_locked else "")
    wanted = list(ids)
    rows = await uow.connection.fetch(sql, wanted, status) if status else await uow.connection.fetch(sql, wanted)
    if not rows:
        return []
    uow.seen(max(row["now"] for row in rows))
    found = [row["id"] for row in rows]
    facts = {row["id"]: read_facts(row) for row in await uow.connection.fetch(_FACTS, found)}
    cases = [_case(row, facts[row["id"]]) for row in rows if row["id"] in facts]
    for case in cases:
        uow.not_before(case.last_at)
    return cases


async def fill(
    connection: Connection,
    cases: Sequence[Case],
    *,
    fresh: bool = False,
    clocks: bool = True,
    answered: bool = True,
) -> None:
    """Read what stands under the states: assignments, requests, and unless told not to clocks.

    `fresh`: all were just raised, and have clocks only. `answered`: also the clocks that were answered; a step that
    may start a stage anew must have them.
    """
    by_id = {case.id: case for case in cases}
    ids = list(by_id)
    for row in await connection.fetch(_ALL_CLOCKS if answered else _OPEN_CLOCKS, ids) if clocks else ():
        clock = Clock(*row[1:])
        by_id[row[0]].clocks[(clock.stage, clock.unit)] = clock
    if fresh:
        return
    for whistle, part in await parts(connection, ids):
        by_id[whistle].assignments[part.unit] = part
    for row in await connection.fetch(_REQUESTS, ids):
        values = list(row.values())
        values[-1] = orjson.loads(values[-1])
        by_id[row["whistle"]].requests.append(Request(*values[1:]))
    asking = [case.id for case in cases if case.facts.callback_required]
    if asking:
        for row in await connection.fetch(_CALLED_BACK, asking):
            by_id[row["whistle"]].called_back = True


async def parts(connection: Connection, whistles: Sequence[UUID]) -> list[tuple[UUID, Assignment]]:
    """The units' parts in these whistles, of every generation, the latest last."""
    rows = await connection.fetch(_ASSIGNMENTS, list(whistles))
    return [(row[0], Assignment(*row[1:])) for row in rows]


async def read(connection: Connection, whistle: UUID, *, clocks: bool = True, aside: bool = False) -> Case | None:
    """One case for showing: nothing is locked."""
    found = await many(connection, [whistle], clocks=clocks, aside=aside)
    return found[0] if found else None


async def many(
    connection: Connection, whistles: Sequence[UUID], *, clocks: bool = True, aside: bool = False
) -> list[Case]:
    """Cases for showing, in the order asked for; missing ones are left out. Nothing is locked.

    `aside`: with what labels say beside the state.
    """
    by_id: dict[UUID, Case] = {}
    for row in await connection.fetch(_READ_ASIDE if aside else _READ, list(whistles)) if whistles else ():
        case = by_id[row["id"]] = _case(row, read_facts(row))
        if aside:
            case.aside = asides.read(row, case.seq)
    if by_id:
        await fill(connection, list(by_id.values()), clocks=clocks)
    return [by_id[whistle] for whistle in dict.fromkeys(whistles) if whistle in by_id]


def read_facts(row: asyncpg.Record) -> Facts:
    """A whistle's facts from a row with the columns of `_FACTS`."""
    return Facts(
        id=row["id"],
        number=row["number"],
        district=row["district"],
        received_at=row["received_at"],
        kind=row["kind"],
        danger=row["danger"],
        category=row["category"],
        place=row["place"],
        street=row["raised_by_node"],
        raised_by=row["raised_by"],
        via=row["via"],
        source_due_at=row["source_due_at"],
        callback_required=row["callback_required"],
        sealed=row["sealed"],
        hidden_from=list(row["hidden_from"]),
        matched=_Later(row["matched"]) if row["matched"] else None,
        named=_Later(row["named"]) if row["named"] else None,
        parent=row["parent"],
        merged_into=row["merged_into"],
    )


def _case(row: asyncpg.Record, facts: Facts) -> Case:
    return Case(
        facts=facts,
        status=row["status"],
        version=row["version"],
        seq=row["seq"],
        gen=row["gen"],
        rung=row["rung"],
        outcome=row["outcome"],
        lead=row["lead"],
        rework=row["rework"],
        last_at=row["last_at"],
        status_version=row["status_version"],
    )


async def save(
    uow: UnitOfWork, cases: Sequence[Case], outbox: Sequence[OutboxRow], channels: Sequence[str] = ()
) -> None:
    """Write all that these cases decided, and what is to travel, in one statement. Raises on any broken rule."""
    if not any(case.events for case in cases):
        return
    now = await uow.now()
    rows: Rows = {part.name: [] for part in PARTS}
    for case in cases:
        if case.events:
            _collect(rows, case, now, channels)
    for out in outbox:
        rows["outbox"].append((out.topic, out.key, out.headers, orjson.Fragment(out.payload), out.urgent, now))
    used = tuple(part.name for part in PARTS if rows[part.name])
    await uow.connection.execute(statement(used), *arguments(used, rows))
    uow.wrote_outbox = uow.wrote_outbox or bool(outbox)
    uow.told_urgently = uow.told_urgently or any(notice.urgent for case in cases for notice in case.notices)
    uow.touched.extend(str(case.id) for case in cases if case.events)
    uow.facts.extend((event.type, event.data) for case in cases for event in case.events)


def _collect(rows: Rows, case: Case, now: Any, channels: Sequence[str]) -> None:
    rows["state"].append(
        (
            case.id, case.status, case.version, case.seq, case.gen, case.rung, case.outcome, case.lead, case.rework,
            case.status_version, case.last_at,
        )
    )  # fmt: skip
    if case.facts_touched:
        facts = case.facts
        rows["facts"].append(
            (
                case.id, facts.category, facts.place, facts.street, facts.sealed, ",".join(facts.hidden_from),
                facts.merged_into,
            )
        )  # fmt: skip
    for unit in case.touched_units | case.requeued_units:
        part = case.assignments[unit]
        rows["assignment"].append(
            (
                case.id, part.gen, part.unit, part.role, part.status, part.on_site, part.handed_back, part.started,
                part.assigned_at, part.reported_at, part.done_at, part.version, part.stage, part.due_at, part.active,
            )
        )  # fmt: skip
    for key in case.touched_clocks:
        clock = case.clocks[key]
        rows["clock"].append(clock_row(case.id, clock))
    for key in case.fired_clocks - case.touched_clocks:
        clock = case.clocks[key]
        rows["fired"].append((clock.id, clock.rung, clock.mark, clock.nth, clock.fires_at))
    for request in case.requests:
        if request.id in case.touched_requests:
            rows["request"].append(
                (
                    request.id, case.id, request.gen, request.kind, request.unit, request.status, request.asked_by,
                    request.asked_at, request.decided_by, request.decided_at, orjson.dumps(request.data).decode(),
                )
            )  # fmt: skip
    _collect_log(rows, case, now, channels)


def clock_row(whistle: UUID, clock: Clock) -> tuple[Any, ...]:
    """A clock in the column order of the `clock` part."""
    return (
        clock.id, whistle, clock.stage, clock.unit, clock.gen, clock.run, clock.rung, clock.mark, clock.nth,
        clock.fires_at, clock.started_at, clock.due_at, clock.running_since, clock.used, clock.remaining,
        clock.fires_in, clock.answered_at, clock.policy, clock.calendar, clock.provisional, clock.parked,
        clock.waits_on,
    )  # fmt: skip


def _collect_log(rows: Rows, case: Case, now: Any, channels: Sequence[str]) -> None:
    actor = case.actor
    for event in case.events:
        rows["event"].append((case.id, event.seq, now, event.id, event.type, actor.person, actor.seat, event.data))
        shown = (event.data.get("photo"), *(event.data.get("photos") or ()))
        rows["photo"].extend((photo,) for photo in shown if photo)
    for text in case.texts:
        rows["text"].append((text.id, case.id, text.kind, text.body, now))
    for notice in case.notices:
        for channel in channels:
            rows["notice"].append((notice.event, case.id, notice.recipient, channel, notice.kind, notice.urgent, now))
    for step in case.ledger:
        rows["ledger"].append(
            (step.clock, step.run, step.rung, step.mark, step.nth, case.id, now, step.due_at, step.event)
        )
    for draft in case.drafts:
        content = orjson.dumps({key: value for key, value in draft.items() if key != "id"}).decode()
        rows["draft"].append((UUID(draft["id"]), case.facts.district, case.id, content, actor.person, now))
