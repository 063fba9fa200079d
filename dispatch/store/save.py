"""The parts that one saving statement is put together from: one data-modifying CTE for each table with rows.

A part that changes rows names them twice, in its row set and in `= ANY({ids})`: a row set alone is taken for a hundred
rows, and a connection that made its plan while the table was small would read all of it for each whistle, until
PostgreSQL next looks at the table (decision 0031).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Part:
    """A table's share of the statement. `{x}` in `sql` is the row set `x (columns)`, `{ids}` its first column."""

    name: str
    columns: tuple[tuple[str, str], ...]
    sql: str


def columns(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, kind) for name, kind in (pair.split(":") for pair in text.split()))


_ASSIGNMENT = columns(
    "whistle:uuid gen:smallint unit:text role:text status:text on_site:boolean handed_back:boolean started:boolean"
    " assigned_at:timestamptz reported_at:timestamptz done_at:timestamptz version:integer stage:text"
    " due_at:timestamptz active:boolean"
)
_CLOCK = columns(
    "id:uuid whistle:uuid stage:text unit:text gen:smallint run:smallint rung:smallint mark:text nth:smallint"
    " fires_at:timestamptz started_at:timestamptz due_at:timestamptz running_since:timestamptz used:interval"
    " remaining:interval fires_in:interval answered_at:timestamptz policy:text calendar:text provisional:boolean"
    " parked:text waits_on:text"
)
_REQUEST = columns(
    "id:uuid whistle:uuid gen:smallint kind:text unit:text status:text asked_by:text asked_at:timestamptz"
    " decided_by:text decided_at:timestamptz data:text"
)


def _names(columns: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(name for name, _ in columns)


def _upsert(table: str, columns: tuple[tuple[str, str], ...], conflict: str, fixed: str) -> str:
    """Insert or overwrite; columns named in `fixed` never change once written."""
    changing = [name for name, _ in columns if name not in fixed.split()]
    sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in changing)
    values = ", ".join(f"{name}::jsonb" if name == "data" else name for name, _ in columns)
    return (
        f"INSERT INTO {table} ({_names(columns)}) SELECT {values} FROM {{x}}"
        f" ON CONFLICT ({conflict}) DO UPDATE SET {sets}"
    )


PARTS: tuple[Part, ...] = (
    Part(
        "state",
        columns(
            "id:uuid status:text version:integer seq:integer gen:smallint rung:smallint outcome:text lead:text"
            " rework:smallint status_version:integer last_at:timestamptz"
        ),
        "UPDATE whistle_state s SET status = x.status, version = x.version, seq = x.seq, gen = x.gen, rung = x.rung,"
        " outcome = x.outcome, lead = x.lead, rework = x.rework, status_version = x.status_version,"
        " last_at = x.last_at FROM {x} WHERE s.id = x.id AND s.id = ANY({ids})",
    ),
    Part(
        "facts",
        columns("id:uuid category:text place:text street:text sealed:boolean hidden:text merged_into:uuid"),
        "UPDATE whistle w SET category = x.category, place = x.place, raised_by_node = x.street, sealed = x.sealed,"
        " hidden_from = string_to_array(x.hidden, ','), merged_into = x.merged_into FROM {x}"
        " WHERE w.id = x.id AND w.id = ANY({ids})",
    ),
    Part(
        "assignment",
        _ASSIGNMENT,
        _upsert("assignment", _ASSIGNMENT, "whistle, gen, unit", "whistle gen unit"),
    ),
    Part("clock", _CLOCK, _upsert("whistle_clock", _CLOCK, "whistle, stage, unit", "id whistle stage unit")),
    Part(
        "fired",
        columns("id:uuid rung:smallint mark:text nth:smallint fires_at:timestamptz"),
        "UPDATE whistle_clock c SET rung = x.rung, mark = x.mark, nth = x.nth, fires_at = x.fires_at"
        " FROM {x} WHERE c.id = x.id AND c.id = ANY({ids})",
    ),
    Part("request", _REQUEST, _upsert("request", _REQUEST, "id", "id whistle gen kind unit asked_by asked_at")),
    Part(
        "event",
        columns("whistle:uuid seq:integer at:timestamptz id:uuid type:text person:text seat:text data:jsonb"),
        "INSERT INTO whistle_event (whistle, seq, at, id, type, person, seat, data)"
        " SELECT whistle, seq, at, id, type, person, seat, data FROM {x}",
    ),
    Part(
        "text",
        columns("id:uuid whistle:uuid kind:text body:text created_at:timestamptz"),
        "INSERT INTO whistle_text (id, whistle, kind, body, sha256, created_at)"
        " SELECT id, whistle, kind, body, sha256(convert_to(body, 'UTF8')), created_at FROM {x}",
    ),
    Part(
        "photo",
        columns("id:uuid"),
        "UPDATE photo p SET attached = true FROM {x} WHERE p.id = x.id AND p.id = ANY({ids}) AND NOT p.attached",
    ),
    Part(
        "notice",
        columns("event:uuid whistle:uuid recipient:text channel:text kind:text urgent:boolean created_at:timestamptz"),
        "INSERT INTO notice (id, event, whistle, recipient, channel, kind, urgent, status, tries, next_try_at,"
        " created_at) SELECT gen_random_uuid(), event, whistle, recipient, channel, kind, urgent, 'pending', 0,"
        " created_at, created_at FROM {x} ON CONFLICT (event, recipient, channel) DO NOTHING",
    ),
    Part(
        "ledger",
        columns(
            "clock:uuid run:smallint rung:smallint mark:text nth:smallint whistle:uuid at:timestamptz"
            " due_at:timestamptz event:uuid"
        ),
        "INSERT INTO escalation (clock, run, rung, mark, nth, whistle, at, due_at, event)"
        " SELECT clock, run, rung, mark, nth, whistle, at, due_at, event FROM {x}",
    ),
    Part(
        "draft",
        columns("id:uuid district:text whistle:uuid content:text drafted_by:text at:timestamptz"),
        "INSERT INTO rule_draft (id, district, whistle, content, drafted_by, at, status)"
        " SELECT id, district, whistle, content::jsonb, drafted_by, at, 'drafted' FROM {x}",
    ),
    Part(
        "outbox",
        columns("topic:text key:text headers:jsonb payload:json urgent:boolean created_at:timestamptz"),
        "INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)"
        " SELECT topic, key, headers, convert_to(payload::text, 'UTF8'), urgent, created_at FROM {x}",
    ),
)
BY_NAME = {part.name: part for part in PARTS}
_KEYED = frozenset(part.name for part in PARTS if "{ids}" in part.sql)
_NAMES = {part.name: tuple(name for name, _ in part.columns) for part in PARTS}


def recordset(position: int, columns: Iterable[tuple[str, str]]) -> str:
    """The row set `x` of a parameter that `as_json` or `dumps` made."""
    return f"json_to_recordset(${position}::json) AS x ({', '.join(f'{name} {kind}' for name, kind in columns)})"


@lru_cache(maxsize=512)
def statement(names: tuple[str, ...]) -> str:
    """One statement that writes these parts; its parameters are `arguments`."""
    pieces: list[str] = []
    position = 1
    for name in names:
        part = BY_NAME[name]
        source = recordset(position, part.columns)
        pieces.append(f"{name}_part AS ({part.sql.format(x=source, ids=f'${position + 1}::uuid[]')})")
        position += 2 if name in _KEYED else 1
    return f"WITH {', '.join(pieces)} SELECT 1"


def arguments(names: Iterable[str], rows: Rows) -> list[Any]:
    """What `statement` of these names takes."""
    made: list[Any] = []
    for name in names:
        made.append(as_json(name, rows[name]))
        if name in _KEYED:
            made.append([row[0] for row in rows[name]])
    return made


def as_json(name: str, rows: Iterable[tuple[Any, ...]]) -> str:
    """A part's rows as its one parameter, a JSON array of objects without the columns that hold nothing.

    A tenth of the work of an array for every column, of which the driver looks at each element twice.
    """
    names = _NAMES[name]
    made = [{key: value for key, value in zip(names, row, strict=True) if value is not None} for row in rows]
    return dumps(made)


def dumps(rows: list[dict[str, Any]]) -> str:
    """Rows by column name, as a parameter that `recordset` reads."""
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: Any) -> str:
    """The driver's own UUIDs as text; spans as seconds with a fixed point, which PostgreSQL reads as an interval."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f}"
    raise TypeError(type(value).__name__)
