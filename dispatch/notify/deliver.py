"""Notices out of the door: claimed, said in words, sent outside any transaction, then settled in the ledger (what
took a blink to send, together).

Urgent ones first and each by itself while the channel has room; ordinary ones wait for each other a few seconds and
go together. At least once: what a dying process had in hand is claimed again after its lease.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from dispatch.domain import cover
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.notify import words
from dispatch.notify.channel import Channel, Message, Result
from dispatch.observe.metrics import Metrics
from dispatch.store import absences
from dispatch.store import notices as store
from dispatch.store.database import Database
from dispatch.store.errors import StoreError
from dispatch.store.notices import FAILED, PENDING, SENT, SKIPPED, About, Claimed

log = structlog.get_logger(__name__)

URGENT, ORDINARY = True, False
#: for so long a claimed notice is nobody else's; longer than `AT_ONCE` messages may take
LEASE = timedelta(seconds=90)
#: notices claimed in one go
AT_ONCE = 10
#: how often to look for what is due (seconds); also woken by `wake`. No sooner for ordinary ones that are left over:
#: nobody waits for them, and whoever blows a whistle waits for the processor
POLL = 1.0
#: messages sent within so long, and the one that ends it, are settled together (seconds): a transaction for each would
#: take longer than sending them did, where a channel answers at once. Where it is not committed they are sent again
TOGETHER = 0.05
#: waits before the next attempt; after the last one it has failed and a person must look
BACKOFF = tuple(timedelta(seconds=each) for each in (5, 15, 60, 300, 900, 3600, 14400))
URGENT_BACKOFF = tuple(timedelta(seconds=each) for each in (2, 5, 10, 20, 30, 60, 60, 120, 300, 600, 1800, 3600))
#: a channel that says "later" again and again is believed for so long, and anew for what is taken up by hand
TOO_OLD = timedelta(days=1)
#: one that was in hand more often than this and is that old takes its process with it each time
MOST_TRIES = 100
#: the first line of a message with several notices
HEADING = "吹哨报到，{n}件："


class Unfinished(Exception):
    """Claimed again and again without an end."""


@dataclass(slots=True)
class _Ready:
    """A notice with its words."""

    notice: Claimed
    text: str


@dataclass(slots=True)
class _Sorted:
    """What becomes of a claim: told now, told later (until), or not at all (why)."""

    ready: list[_Ready] = field(default_factory=list)
    later: dict[datetime, list[Claimed]] = field(default_factory=dict)
    moot: dict[str, list[Claimed]] = field(default_factory=dict)
    broken: dict[str, list[Claimed]] = field(default_factory=dict)


class Delivery:
    """`run(stopping)` delivers for all channels of this process; any number of processes may.

    `reference_of(district)` gives the rules as loaded, `link(number)` the address of a whistle's page.
    """

    def __init__(
        self,
        database: Database,
        channels: Sequence[Channel],
        reference_of: Callable[[str], Reference],
        link: Callable[[int], str],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._channels: Mapping[str, Channel] = {channel.name: channel for channel in channels}
        self._reference_of = reference_of
        self._link = link
        self._metrics = metrics
        self._woken = asyncio.Event()
        #: urgent, ordinary: a claim took as many as it might, and there may be more that should not wait
        self._more: set[bool] = set()

    def wake(self) -> None:
        """Urgent notices were written: look at once. Ordinary ones are found by the next look, and go together."""
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver until `stopping` is set; the round at work is still settled."""
        loop, wait, due = asyncio.get_running_loop(), POLL, 0.0
        while not stopping.is_set():
            ordinary = loop.time() >= due
            try:
                busy = await self.once(ordinary=ordinary)
                wait, due = POLL, min(due, loop.time() + POLL)
            except StoreError as error:
                log.warning("notify.away", exc_info=error)
                busy, wait = 0, min(wait * 2, 30.0)
            if ordinary and not (busy and ORDINARY in self._more):
                due = loop.time() + wait
            if not (busy and self._more):
                await self._pause(stopping, due - loop.time())
        for channel in self._channels.values():
            await channel.close()

    async def _pause(self, stopping: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (stopping, self._woken)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each
        self._woken.clear()

    async def once(self, *, ordinary: bool = True) -> int:
        """One round: what is urgent on every channel, then one message of the rest. Returns how many were in hand."""
        total = 0
        self._more.clear()
        for urgent in (URGENT, ORDINARY) if ordinary else (URGENT,):
            for channel in self._channels.values():
                total += await self._round(channel, urgent)
        return total

    async def _round(self, channel: Channel, urgent: bool) -> int:
        room = channel.room(urgent=urgent)
        if not room:
            return 0
        limit = AT_ONCE if urgent or channel.bundle == 1 else channel.bundle
        async with self._database.statement() as uow:
            now = await uow.now()
            claimed = await store.claim(uow, channel.name, urgent=urgent, limit=limit, lease=LEASE, now=now)
        if not claimed:
            return 0
        async with self._database.acquire() as connection:
            about = await store.about(connection, claimed)
            away = await absences.away(connection, now)
        found = self._sort(claimed, about, away, now)
        # where there was nothing to tell, what is to be told stands behind it
        if len(claimed) == limit and (urgent or not found.ready):
            self._more.add(urgent)
        if found.later or found.moot or found.broken:
            await self._put_aside(found, channel)
        alone = urgent and len(found.ready) <= room
        messages = pack(found.ready, longest=channel.longest, most=1 if alone else channel.bundle)
        await self._send(channel, messages[:room], urgent)
        unsent = [each.notice for group in messages[room:] for each in group]
        if unsent:
            async with self._database.statement() as uow:
                await store.put_back(uow, unsent, await uow.now())
        return len(claimed) - len(unsent)

    # ── what is told ────────────────────────────────────────────────────────────────────────────

    def _sort(
        self, claimed: Sequence[Claimed], about: Mapping[UUID, About], away: frozenset[str], now: datetime
    ) -> _Sorted:
        found = _Sorted()
        for asked in claimed:
            notice = asked
            try:
                if notice.tries > MOST_TRIES and now - notice.since > TOO_OLD:
                    raise Unfinished
                told = about[notice.id]
                reference = self._reference_of(told.district)
                emergency = told.kind == "emergency"
                seat = cover.stands_in(reference, asked.recipient, now, away, emergency=emergency)
                notice = replace(asked, recipient=seat)
                why = words.moot(notice, told)
                until = None if why else quiet_until(notice, told, reference, now)
                if why:
                    found.moot.setdefault(why, []).append(notice)
                elif until:
                    found.later.setdefault(until, []).append(notice)
                else:
                    found.ready.append(_Ready(notice, words.line(notice, told, reference, self._link(told.number))))
            except Exception as error:  # one that cannot be put into words must not hold up the others
                log.exception("notice.unspeakable", notice=str(notice.id), whistle=str(notice.whistle))
                found.broken.setdefault(type(error).__name__, []).append(notice)
        return found

    async def _put_aside(self, found: _Sorted, channel: Channel) -> None:
        async with self._database.transaction() as uow:
            now = await uow.now()
            for why, moot in found.moot.items():
                await store.settle(uow, moot, ok=False, detail=f"moot:{why}", status=SKIPPED, next_try_at=None, now=now)
            for until, quiet in found.later.items():
                await store.put_back(uow, quiet, until)
        for moot in found.moot.values():
            self._metrics.noticed(channel.name, "skipped", len(moot))
        for quiet in found.later.values():
            self._metrics.noticed(channel.name, "postponed", len(quiet))
        for error, broken in found.broken.items():
            await self._settle(channel, [(each, Result(False, error)) for each in broken])

    # ── sending ─────────────────────────────────────────────────────────────────────────────────

    async def _send(self, channel: Channel, messages: Sequence[Sequence[_Ready]], urgent: bool) -> None:
        loop, told = asyncio.get_running_loop(), list[tuple[Claimed, Result]]()
        began = loop.time()
        try:
            for group in messages:
                result = await channel.send(Message(join(group), urgent))
                told += ((each.notice, result) for each in group)
                if loop.time() - began >= TOGETHER:
                    some, told, began = told, [], loop.time()
                    await self._settle(channel, some)
        finally:
            if told:
                await self._settle(channel, told)

    async def _settle(self, channel: Channel, told: Sequence[tuple[Claimed, Result]]) -> None:
        now = await self._database.now()
        ends: dict[tuple[Result, str, datetime | None], list[Claimed]] = {}
        for notice, result in told:
            ends.setdefault((result, *outcome(notice, result, now)), []).append(notice)
        for (result, status, again), some in ends.items():
            async with self._database.statement() as uow:
                await store.settle(
                    uow, some, ok=result.ok, detail=result.detail, status=status, next_try_at=again, now=now
                )
            for notice in some:
                said = status if status != PENDING else "throttled" if result.wait else "retried"
                self._metrics.noticed(channel.name, said)
                if status == PENDING:
                    self._metrics.retried("notice")
                (log.info if result.ok else log.warning)(
                    f"notice.{said}", notice=str(notice.id), whistle=str(notice.whistle), channel=channel.name,
                    kind=notice.kind, recipient=notice.recipient, tries=notice.tries, result=result.detail,
                    urgent=notice.urgent,
                )  # fmt: skip


def outcome(notice: Claimed, result: Result, now: datetime) -> tuple[str, datetime | None]:
    """The status after an attempt, and when the next one is due."""
    if result.ok:
        return SENT, None
    waits = URGENT_BACKOFF if notice.urgent else BACKOFF
    if notice.tries > MOST_TRIES and now - notice.since > TOO_OLD:
        return FAILED, None
    if result.wait is not None and now - notice.since < TOO_OLD:
        return PENDING, now + result.wait
    # tries that were only told to wait do not use up the others; one taken up by hand has one try
    if notice.tries > len(waits) and now - notice.created_at >= sum(waits, timedelta()):
        return FAILED, None
    return PENDING, now + waits[min(notice.tries, len(waits)) - 1]


def pack(ready: Sequence[_Ready], *, longest: int, most: int) -> list[list[_Ready]]:
    """Groups of up to `most` notices whose joined text has at most `longest` bytes (one too long goes alone).

    Each is counted as if it stood last, so that one pass will do.
    """
    groups: list[list[_Ready]] = []
    size = 0
    for each in ready:
        own = len(each.text.encode()) + len(f"\n{most}. ")
        if groups and len(groups[-1]) < most and size + own <= longest:
            groups[-1].append(each)
        else:
            groups.append([each])
            size = len(HEADING.format(n=most).encode())
        size += own
    return groups


def join(group: Sequence[_Ready]) -> str:
    """One message's text."""
    if len(group) == 1:
        return group[0].text
    lines = (f"{i}. {each.text}" for i, each in enumerate(group, 1))
    return "\n".join((HEADING.format(n=len(group)), *lines))


def quiet_until(notice: Claimed, about: About, reference: Reference, now: datetime) -> datetime | None:
    """Volunteers on the lowest rungs are left in peace at night, except in an emergency: until when, or None."""
    if notice.urgent or not notice.recipient.startswith("node:"):
        return None
    node = reference.tree.get(notice.recipient.split(":")[1])
    policy = reference.policy_for(None, node.code if node else None)
    local = now.astimezone(ZONE)
    if node is None or not policy.quiet(node.level, local.hour, about.kind):
        return None
    morning = local.replace(hour=policy.quiet_until, minute=0, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)
