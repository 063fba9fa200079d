"""One listener a process; what it hears is looked up once, kept in a small ring, and handed to whom it concerns.

Who may see a change is asked of the same table as everything else, for each subscriber, on the case as it stands.
Subscribers are found by what they watch (a unit, a street, a node …), so that a change costs what it concerns and not
everybody who looks. A slow reader loses nothing but the detail: it is told to look again.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from dispatch.domain import whistle
from dispatch.domain.case import CONSULTATION, Actor, Case
from dispatch.domain.permissions import may_ever
from dispatch.steps.service import Service
from dispatch.store import cases
from dispatch.store.database import Database
from dispatch.store.errors import StoreError
from dispatch.store.listen import CHANNEL, listen

log = structlog.get_logger(__name__)

#: changes kept for those who come back
RING = 500
#: changes that wait to be looked up; beyond it everybody is told to look again
MOST_HEARD = 5_000
#: whistles looked up at once
BATCH = 200
#: numbers that wait for one reader; beyond it, it is told to look again
MOST_WAITING = 100
#: readers of one process
MOST_READERS = 2_000
#: seconds in which changes gather before they are looked up
GATHER = 0.15
#: seconds for which changes are still looked up when the last reader has gone: mostly it is on its way to the next page
LINGER = 10.0


class Full(Exception):
    """So many readers that this process takes no more."""


@dataclass(frozen=True, slots=True)
class Change:
    """A whistle that changed, as it stands. `keys`: whom it concerns."""

    place: int
    case: Case
    keys: frozenset[str]


@dataclass(slots=True, eq=False)
class Reader:
    """Somebody's page. `key` is what it watches; `number` narrows it to one whistle; `since`: nothing older."""

    actor: Actor
    key: str
    since: datetime
    number: int | None = None
    waiting: dict[int, int] = field(default_factory=dict)
    again: bool = False
    place: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, change: Change) -> None:
        """This whistle changed; once for many changes that it has not fetched yet."""
        self.waiting[change.case.facts.number] = change.place
        if len(self.waiting) > MOST_WAITING:
            self.look_again(change.place)
        self.woken.set()

    def look_again(self, place: int) -> None:
        """More changed than can be told."""
        self.waiting.clear()
        self.again, self.place = True, place
        self.woken.set()

    def take(self) -> tuple[int, tuple[int, ...]] | None:
        """(place, numbers) of what waits; no numbers: look again. None: nothing waits."""
        self.woken.clear()
        if self.again:
            self.again = False
            return self.place, ()
        if not self.waiting:
            return None
        numbers, self.place = tuple(self.waiting), max(self.waiting.values())
        self.waiting.clear()
        return self.place, numbers


class Hub:
    """The live side of one process. It begins to listen with the first reader."""

    def __init__(self, service: Service) -> None:
        self._service = service
        #: places of another process, or of another life of this one, mean nothing here
        self.epoch = secrets.token_hex(4)
        self.closed = asyncio.Event()
        self._place = 0
        #: everything after this place stands in the ring, as far as it concerned a reader of that time
        self._floor = 0
        self._ring: deque[Change] = deque(maxlen=RING)
        self._readers: dict[str, set[Reader]] = {}
        self._count = 0
        self._heard: dict[str, None] = {}
        self._ringing = asyncio.Event()
        self._listened = False
        self._watched_until = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def reading(self, reader: Reader, last: str | None = None) -> AsyncIterator[Reader]:
        """Take part until the block ends. `last`: the last event id this page saw. Raises `Full`."""
        if self.full:
            raise Full
        self._start()
        self._catch_up(reader, last)
        self._readers.setdefault(reader.key, set()).add(reader)
        self._count += 1
        try:
            yield reader
        finally:
            self._count -= 1
            self._readers[reader.key].discard(reader)
            if not self._readers[reader.key]:
                del self._readers[reader.key]
            self._watched_until = asyncio.get_running_loop().time() + LINGER

    @property
    def full(self) -> bool:
        """Whether no more readers are taken."""
        return self._count >= MOST_READERS or self.closed.is_set()

    @property
    def readers(self) -> int:
        """How many pages are live."""
        return self._count

    def _start(self) -> None:
        if self._tasks and not any(task.done() for task in self._tasks):
            return
        self._tasks = [
            asyncio.create_task(listen(self._service.database, CHANNEL, self._hear), name="live-listen"),
            asyncio.create_task(self._tell(), name="live-tell"),
        ]

    def _hear(self, payload: str) -> None:
        if not payload:  # connected; after an interruption something may have been missed
            if self._listened:
                self._everybody()
            self._listened = True
            return
        if not self._count and asyncio.get_running_loop().time() > self._watched_until:
            self._floor = self._place = self._place + 1  # nobody watches: it is not looked up
            return
        self._heard.update(dict.fromkeys(payload.split(",")))
        if len(self._heard) > MOST_HEARD:
            self._heard.clear()
            self._everybody()
        self._ringing.set()

    def _everybody(self) -> None:
        self._place += 1
        self._floor = self._place
        for reader in self._all():
            reader.look_again(self._place)

    def _all(self) -> Iterator[Reader]:
        return (reader for readers in list(self._readers.values()) for reader in list(readers))

    async def _tell(self) -> None:
        while True:
            await self._ringing.wait()
            await asyncio.sleep(GATHER)
            self._ringing.clear()
            ids = [UUID(one) for one in self._heard]
            self._heard.clear()
            for start in range(0, len(ids), BATCH):
                try:
                    async with self._service.database.acquire() as connection:
                        found = await cases.many(connection, ids[start : start + BATCH])
                except StoreError as error:
                    log.warning("live.interrupted", error=type(error).__name__)
                    self._everybody()
                    break
                for case in found:
                    self._pass_on(case)

    def _pass_on(self, case: Case) -> None:
        self._place += 1
        change = Change(self._place, case, keys_of(case, self._service))
        self._ring.append(change)
        for key in change.keys:
            for reader in list(self._readers.get(key, ())):
                if self._concerns(change, reader):
                    reader.tell(change)

    def _concerns(self, change: Change, reader: Reader) -> bool:
        case = change.case
        if case.last_at <= reader.since or reader.number not in (None, case.facts.number):
            return False
        turn = self._service.turn(case.facts.district, case.last_at)
        return whistle.may(case, reader.actor, "read", turn)

    def _catch_up(self, reader: Reader, last: str | None) -> None:
        """What changed between the page, or its last word, and now."""
        place = self._place_of(last)
        oldest = self._ring[0].place - 1 if len(self._ring) == RING else 0
        if last and (place is None or place < max(self._floor, oldest)):
            reader.look_again(self._place)
            return
        for change in self._ring:
            if change.place > (place or 0) and reader.key in change.keys and self._concerns(change, reader):
                reader.tell(change)

    def _place_of(self, last: str | None) -> int | None:
        epoch, _dash, place = (last or "").partition("-")
        return int(place) if epoch == self.epoch and place.isdecimal() and len(place) < 16 else None

    def event_id(self, place: int) -> str:
        """What a browser sends back as Last-Event-ID."""
        return f"{self.epoch}-{place}"

    async def close(self) -> None:
        """End every stream and stop listening."""
        self.closed.set()
        for reader in self._all():
            reader.woken.set()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def keys_of(case: Case, service: Service) -> frozenset[str]:
    """Whom a whistle concerns, as keys of readers: its units, its street, the nodes of its chain, its district."""
    facts = case.facts
    keys = {f"street:{facts.street}", f"district:{facts.district}", f"desk:{facts.district}", f"whistle:{facts.number}"}
    keys.update(f"unit:{part.unit}" for part in case.assignments.values() if part.status != "released")
    for request in case.requests:
        if request.kind == CONSULTATION and request.gen == case.gen:
            keys.update(f"unit:{unit}" for unit in request.data.get("units", ()))
    with contextlib.suppress(Exception):
        tree = service.rules.of(facts.district).tree
        keys.update(f"node:{node.code}" for node in tree.chain(facts.place or facts.street) if node is not None)
        asked = case.pending("transfer")
        if asked is not None:
            keys.add(f"street:{asked.data.get('to')}")
    return frozenset(keys)


def key_of(actor: Actor, about: str, number: int | None) -> str | None:
    """What a page watches; None: nothing that this person could see there."""
    if number is not None:
        return f"whistle:{number}"
    match about:
        case "queue" | "street" | "chain" | "desk" if not may_ever(actor, about):
            return None
        case "queue":
            return f"unit:{actor.unit}" if actor.unit else None
        case "street":
            return f"street:{actor.node}" if actor.node else None
        case "chain":
            return f"node:{actor.node}" if actor.node else None
        case "desk":
            return f"desk:{actor.district}"
        case _:
            return f"unit:{actor.unit}" if actor.unit else f"district:{actor.district}"


_hubs: WeakKeyDictionary[Database, Hub] = WeakKeyDictionary()


def hub_of(service: Service) -> Hub:
    """This process's hub; one for each database."""
    found = _hubs.get(service.database)
    if found is None or found.closed.is_set():
        found = _hubs[service.database] = Hub(service)
    return found


async def close_when(service: Service, stopping: asyncio.Event) -> None:
    """For the root: end the streams as soon as the process is to stop, so that it need not wait for them."""
    await stopping.wait()
    found = _hubs.get(service.database)
    if found is not None:
        await found.close()
