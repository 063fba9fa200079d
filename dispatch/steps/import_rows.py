"""Rows of a foreign file become whistles: each once, by the same intake as any other, group-committed.

A row's id in its file is its idempotency key, so an import may be cut short and run again: what is in stays as it is.
A row that cannot be taken is told with its number, field, value and reason, and costs its neighbours nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

import orjson

from dispatch.domain.case import Actor
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Refusal
from dispatch.steps.import_files import Row
from dispatch.steps.import_mapping import ImportMapping, fill
from dispatch.steps.intake import Intake, Receipt
from dispatch.steps.prepare import TITLE_LENGTH, NewWhistle
from dispatch.steps.route import route
from dispatch.steps.service import Service
from dispatch.store import imports
from dispatch.store.errors import Rejected
from dispatch.store.imports import Fate, Known

BATCH = 256
LONGEST_BODY = 10_000
#: with so many records waiting for the relay, or whistles on their topic for a worker, an import holds back, so that
#: people's whistles do not queue behind it
BACKLOG = 4000
#: while the backlog does not shrink for so long, nobody relays or routes: hold back no longer (seconds)
STUCK = 5.0
_YES = frozenset({"1", "true", "yes", "y", "是", "有"})


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken."""

    row: int
    field: str
    value: str
    reason: str


@dataclass(slots=True)
class Imported:
    """What an import did so far. `known` were in before."""

    read: int = 0
    raised: int = 0
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)


class RowFault(Exception):
    """A cell that cannot be read."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, value, reason


async def import_rows(
    service: Service,
    intake: Intake,
    mapping: ImportMapping,
    rows: Iterable[Row],
    *,
    told: Callable[[Imported], None] = lambda _done: None,
    hold_back: bool = True,
) -> Imported:
    """Take every row. `told` is called after each batch; `hold_back` waits while the backlog is long.

    Raises `WrongFile` from `rows`, `Unavailable`, and `NotFound` for a district that was never loaded.
    """
    reference = service.rules.of(mapping.district)
    async with service.database.acquire() as connection:
        known = await imports.known(connection, mapping.principal)
    reader = _Reader(mapping, reference, known)
    done = Imported()
    stream = iter(rows)
    while batch := await asyncio.to_thread(lambda: list(islice(stream, BATCH))):
        if hold_back:
            await _patience(service)
        wanted = list(reader.new(batch, done))
        actor = Actor(role="import", district=mapping.district, principal=mapping.principal)
        answers = await asyncio.gather(
            *(intake.raise_(actor, new) for _, new in wanted),
            return_exceptions=True,
        )
        for (row, _), answer in zip(wanted, answers, strict=True):
            _note(done, row, answer)
        done.read += len(batch)
        told(done)
    return done


def _note(done: Imported, row: Row, answer: Receipt | BaseException) -> None:
    """What became of a row. Raises what is neither the rules' nor the database's no to this one row."""
    if isinstance(answer, Refusal):
        value = "" if answer.value is None else str(answer.value)
        done.rejects.append(Reject(row.number, answer.field or "", value, answer.words()))
    elif isinstance(answer, Rejected):
        done.rejects.append(Reject(row.number, "", "", f"数据库不收这一行：{answer}"))
    elif isinstance(answer, BaseException):
        raise answer
    else:
        done.raised += answer.created
        done.known += not answer.created


def whistles(
    mapping: ImportMapping, reference: Reference, rows: Iterable[Row]
) -> tuple[list[NewWhistle], list[Reject]]:
    """What the rows would be as whistles, and which cannot be; nothing is raised. Raises `WrongFile` from `rows`."""
    reader, done = _Reader(mapping, reference, {}), Imported()
    return [new for _, new in reader.new(list(rows), done)], done.rejects


class _Reader:
    """Rows into whistles, in the order of the file."""

    def __init__(self, mapping: ImportMapping, reference: Reference, known: dict[str, Known]) -> None:
        self._mapping, self._reference, self._known = mapping, reference, known
        self._seen: dict[str, int] = {}
        self._categories = {duty.name: duty.code for duty in reference.duties.duties}

    def new(self, batch: list[Row], done: Imported) -> Iterator[tuple[Row, NewWhistle]]:
        """What of a batch is to be raised; the rest is counted in `done`."""
        for row in batch:
            try:
                made = self.read(row)
            except RowFault as fault:
                done.rejects.append(Reject(row.number, fault.field, fault.value[:200], fault.reason))
                continue
            before = self._known.get(made.idempotency_key)
            if before is None:
                yield row, made
            elif before.request_sha256 == made.request_sha256:
                done.known += 1
            else:
                key = row.values[self._mapping.key]
                done.rejects.append(
                    Reject(row.number, self._mapping.key, key, "这一行以前导入过，内容与那时不同；已保留原来的")
                )

    def read(self, row: Row) -> NewWhistle:
        """One row. Raises `RowFault`."""
        mapping, values = self._mapping, row.values
        if row.fault:
            raise RowFault("", "", row.fault)
        for name, cell in values.items():
            if "\0" in cell:
                raise RowFault(name, cell.replace("\0", "␀"), "含有不能保存的字符（NUL）")
        key = self._key(row)
        texts = {name: fill(pattern, values).strip() for name, pattern in mapping.columns.items()}
        if not texts["body"]:
            raise RowFault(mapping.columns["body"], "", "没有写什么事")
        if len(texts["body"]) > LONGEST_BODY:
            raise RowFault(mapping.columns["body"], texts["body"][:40], f"超过 {LONGEST_BODY} 字，请分开")
        place = self._place(values)
        street = self._reference.tree.street_of(place) if place else None
        new = NewWhistle(
            street=street.code if street else mapping.district,
            place=place,
            place_unknown=street is None,
            title=texts.get("title", "")[:TITLE_LENGTH],
            body=texts["body"],
            category=self._category(texts.get("category")),
            address=texts.get("address") or None,
            latitude=self._degrees(row, "latitude", 90),
            longitude=self._degrees(row, "longitude", 180),
            occurred_at=self._moment(row),
            danger=texts.get("danger", "").lower() in _YES,
            danger_by_words=mapping.danger_by_words,
            reporter={k: texts[k] for k in ("name", "phone") if texts.get(k)} or None,
            source={"channel": mapping.channel, "number": texts.get("number") or None, "callback_required": False},
            via="import",
            idempotency_key=mapping.key_of(key),
            request_sha256=b"",
        )
        new.request_sha256 = _digest(new)
        return new

    def _key(self, row: Row) -> str:
        key = row.values.get(self._mapping.key, "")
        if not key or len(key) > 100:
            raise RowFault(self._mapping.key, key, "没有编号，认不出是哪一行" if not key else "编号太长")
        before = self._seen.setdefault(key, row.number)
        if before != row.number:
            raise RowFault(self._mapping.key, key, f"与第 {before} 行编号相同，只收第一个")
        return key

    def _place(self, values: dict[str, str]) -> str | None:
        mapping = self._mapping
        if mapping.areas is not None:
            return mapping.areas.street([values.get(column, "") for column in mapping.areas.read])
        tree = self._reference.tree
        for column in mapping.nodes:
            node = tree.named(values.get(column, ""))
            if node is not None and tree.street_of(node.code) is not None:
                return node.code
        otherwise = tree.named(mapping.otherwise) if mapping.otherwise else None
        return otherwise.code if otherwise else None

    def _category(self, name: str | None) -> str | None:
        """The duty of this name, or of its group: what stands up to and with the first hyphen."""
        if not name:
            return None
        group, hyphen, _ = name.partition("-")
        return self._categories.get(name) or (self._categories.get(f"{group}-") if hyphen else None)

    def _moment(self, row: Row) -> datetime | None:
        column = self._mapping.columns.get("occurred-at")
        text = row.values.get(column, "") if column else ""
        if not column or not text:
            return None
        found = row.dates.get(column)
        if found is None:
            try:
                found = datetime.strptime(text, self._mapping.date_format)  # noqa: DTZ007 — the zone is put on below
            except ValueError:
                raise RowFault(column, text, f"时间要写成 {self._mapping.date_format}") from None
        return found.replace(tzinfo=self._mapping.zone).astimezone(UTC)

    def _degrees(self, row: Row, name: str, most: int) -> float | None:
        column = self._mapping.columns.get(name)
        text = row.values.get(column, "") if column else ""
        if not column or not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise RowFault(column, text, "不是一个数") from None
        if not -most <= value <= most:
            raise RowFault(column, text, f"要在 -{most} 到 {most} 之间")
        return value


def _digest(new: NewWhistle) -> bytes:
    said = [new.title, new.body, new.address, new.latitude, new.longitude, new.occurred_at, new.danger, new.reporter]
    return hashlib.sha256(orjson.dumps(said)).digest()


async def _patience(service: Service) -> None:
    """Wait while the backlog is long, but not for a relay or workers that do not move."""
    before, since = BACKLOG + 1, asyncio.get_running_loop().time()
    while True:
        async with service.database.acquire() as connection:
            waiting = await imports.backlog(connection, 10 * BACKLOG)
        now = asyncio.get_running_loop().time()
        if waiting <= BACKLOG or now - since > STUCK:
            return
        if waiting < before:
            before, since = waiting, now
        await asyncio.sleep(0.1)


async def route_here(service: Service, mapping: ImportMapping) -> int:
    """Route this import's whistles in this process, as the reconciler does; publishes nothing twice."""
    routed = 0
    while True:
        async with service.database.acquire() as connection:
            ids = await imports.unrouted(connection, mapping.principal, BATCH)
        if not ids:
            return routed
        async with service.database.transaction() as uow:
            routed += len(await route(service, uow, ids, {}))


async def fates(service: Service, mapping: ImportMapping) -> list[Fate]:
    """What became of this import's rows."""
    async with service.database.acquire() as connection:
        return await imports.fates(connection, mapping.principal)
