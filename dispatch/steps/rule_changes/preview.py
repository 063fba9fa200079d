"""What other rules would have made of the last days' whistles: the domain's own matching and routing, nothing written.

Compared is what the rules in force decide with what the others would; what people assigned by hand since plays no
part. The newest are looked at first, in pieces that leave the loop to others, until all are or the time is up.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from dispatch.domain.matching import Match, match
from dispatch.domain.reference import Reference
from dispatch.domain.routing import Routing, decide
from dispatch.steps.reading.build import make_duties, make_policies
from dispatch.steps.rule_changes.texts import DUTIES, POLICIES, WORDS
from dispatch.steps.service import Service
from dispatch.store import recent_whistles, references
from dispatch.store.recent_whistles import Recent

DAYS = 30
#: whistles looked at, at most; seconds of looking; whistles in one piece
MOST, SECONDS, PIECE = 5000, 4.0, 100
#: counted no further than this
COUNTED = 20_000
#: so many are listed
LISTED = 50
_NO_LIMIT = "15d"


@dataclass(frozen=True, slots=True)
class Decided:
    """What rules decide of one whistle; unit codes are of the place."""

    outcome: str
    duty: str | None
    lead: str | None
    assist: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A whistle that would have gone elsewhere. `title` None: it is not for everybody to read."""

    number: int
    title: str | None
    old: Decided
    new: Decided

    @property
    def elsewhere(self) -> bool:
        """Another lead or outcome; else only those who assist differ."""
        return (self.old.outcome, self.old.lead) != (self.new.outcome, self.new.lead)


@dataclass(frozen=True, slots=True)
class Retimed:
    """A limit that would have been another: which stage (`waits`: from rung to rung), from what to what, how often."""

    stage: str
    old: str | None
    new: str | None
    count: int
    numbers: tuple[int, ...]


@dataclass(slots=True)
class Preview:
    """What was found. `there_are` is counted up to `COUNTED`; `named`, `erased` of those looked at say nothing."""

    there_are: int = 0
    looked: int = 0
    named: int = 0
    erased: int = 0
    elsewhere: int = 0
    assist_only: int = 0
    moved: list[Moved] = field(default_factory=list)
    retimed: list[Retimed] = field(default_factory=list)
    complete: bool = False
    """Whether every whistle of these days was looked at."""


@dataclass(slots=True)
class _Rules:
    """The rules in force, and the others; the same object where they do not differ in what they match by."""

    old: Reference
    new: Reference
    same_matching: bool


async def preview(service: Service, district: str, kind: str, document: Mapping[str, Any]) -> Preview:
    """What this document in place of the one in force would change. Raises `NotFound`, `Unavailable`."""
    rules = await _rules(service, district, kind, document)
    since = await service.database.now() - timedelta(days=DAYS)
    until = time.monotonic() + SECONDS
    found, times, before = Preview(), _Times(), None
    async with service.database.acquire() as connection:
        found.there_are = await recent_whistles.count(connection, district, since, COUNTED)
    seen = 0
    while seen < MOST and time.monotonic() < until:
        async with service.database.acquire() as connection:
            rows = await recent_whistles.newest(connection, district, since, before, PIECE)
        seen += len(rows)
        await asyncio.to_thread(_look, rules, rows, found, times)
        if len(rows) < PIECE:
            found.complete = True
            break
        before = rows[-1].id
    found.retimed = times.listed()
    found.moved.sort(key=lambda one: not one.elsewhere)
    return found


async def _rules(service: Service, district: str, kind: str, document: Mapping[str, Any]) -> _Rules:
    old = service.rules.of(district)
    if kind == POLICIES:
        return _Rules(old, replace(old, policies=make_policies(dict(document), old.policies.version + 1)), True)
    async with service.database.acquire() as connection:
        stored = await references.newest(connection, district, (DUTIES, WORDS))
    documents = {one: current.content for one, current in stored.items()} | {kind: dict(document)}
    duties = await asyncio.to_thread(make_duties, documents[DUTIES], documents[WORDS], old.duties.version + 1)
    return _Rules(old, replace(old, duties=duties), False)


def _look(rules: _Rules, rows: Sequence[Recent], found: Preview, times: _Times) -> None:
    for row in rows:
        if row.named:  # the street named the units itself: no rule decided
            found.named += 1
            continue
        if not row.body:
            found.erased += 1
            continue
        found.looked += 1
        old, new = _both(rules, row)
        times.count(row.number, limits(rules.old, old, row), limits(rules.new, new, row))
        moved = Moved(row.number, None if row.guarded or new.sealed else row.title, _decided(old), _decided(new))
        if (moved.old.outcome, moved.old.lead, moved.old.assist) == (
            moved.new.outcome,
            moved.new.lead,
            moved.new.assist,
        ):
            continue
        if moved.elsewhere:
            found.elsewhere += 1
        else:
            found.assist_only += 1
        if sum(one.elsewhere == moved.elsewhere for one in found.moved) < LISTED:
            found.moved.append(moved)


def _both(rules: _Rules, row: Recent) -> tuple[Routing, Routing]:
    matched = row.matched
    if matched is not None and matched["version"] == rules.old.duties.version:
        before = Match.from_json(matched)
    else:
        before = match(rules.old.duties, row.title, row.body)
    after = before if rules.same_matching else match(rules.new.duties, row.title, row.body)
    return _route(rules.old, before, row), _route(rules.new, after, row)


def _route(reference: Reference, found: Match, row: Recent) -> Routing:
    chain = reference.tree.chain(row.place) if row.place else (None,) * 5
    chosen = row.chosen if row.chosen is None or reference.duties.get(row.chosen) else None
    return decide(reference.duties, found, chain=chain, units=reference.units, category=chosen, danger=row.danger)


def _decided(routing: Routing) -> Decided:
    return Decided(routing.outcome, routing.duty, routing.lead, routing.assist)


def limits(reference: Reference, routing: Routing, row: Recent) -> dict[str, str | None]:
    """The limit of each stage that this whistle would have had, as rules write it; `waits`: from rung to rung."""
    duty = reference.duties.get(routing.duty) if routing.duty else None
    policy = reference.policy_for(routing.duty, row.place or row.street, routing.kind)
    found = {stage: _text(policy.limit(stage, routing.kind)) for stage in ("dispatch", "verification", "answering")}
    if routing.outcome == "dispatch":
        own = duty.report_limit if duty else None
        found["reported"] = _text(own or policy.limit("reported", routing.kind))
    if routing.lead is not None:
        found["handling"] = _text(duty.limit if duty else policy.limit("handling", routing.kind)) or _NO_LIMIT
    found["total"] = _text(policy.limit("total", routing.kind))
    found["waits"] = "・".join(_text(policy.wait(rung, routing.kind)) or "–" for rung in range(1, 6))
    return found


def _text(limit: object | None) -> str | None:
    return None if limit is None else str(limit)


@dataclass(slots=True)
class _Times:
    """How often each limit changed into which."""

    counts: Counter[tuple[str, str | None, str | None]] = field(default_factory=Counter)
    first: dict[tuple[str, str | None, str | None], list[int]] = field(default_factory=dict)

    def count(self, number: int, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> None:
        """Those stages that the whistle would have had either way."""
        for stage in old.keys() & new.keys():
            if old[stage] != new[stage]:
                key = (stage, old[stage], new[stage])
                self.counts[key] += 1
                numbers = self.first.setdefault(key, [])
                if len(numbers) < 3:
                    numbers.append(number)

    def listed(self) -> list[Retimed]:
        return [Retimed(*key, n, tuple(self.first[key])) for key, n in self.counts.most_common(LISTED)]
