"""Repeats of the same problem, proposed as merges: alike in their words, on one street, near in time.

Alike = Jaccard similarity of the texts' character pairs. An inverted index over the rarer pairs finds who could be
alike at all, so that a register of thousands is compared in seconds. Proposed only; a person decides.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from dispatch.store import imports, repeats
from dispatch.store.database import Database
from dispatch.store.imports import Text

#: pairs that stand in more texts of a street than this say little, and would make the index slow
COMMON = 60
#: candidates must share so many of the rarer pairs
SHARED = 4
#: characters of a text that are compared; what follows is mostly appeals and signatures
COMPARED = 400
#: passages that both have are shown from so many characters on, and no more of them than that
LONG, LONGEST = 4, 20
_NOISE = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """The later of two whistles, the earlier that it repeats, and how alike they are (0–1)."""

    whistle: UUID
    into: UUID
    score: float


def pairs_of(text: str) -> frozenset[str]:
    """A text's character pairs, without spaces and punctuation."""
    plain = _NOISE.sub("", text)[:COMPARED].lower()
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard: what both have among what either has."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def common(one: str, other: str, most: int = 3) -> tuple[str, ...]:
    """The longest passages that both texts have, in the order of the first: what makes them look alike."""
    plain, known = _NOISE.sub("", one)[:COMPARED], pairs_of(other)
    passages, start = list[str](), 0
    for at in range(len(plain)):
        if plain[at : at + 2].lower() not in known:
            passages.append(plain[start : at + 1])
            start = at + 1
    told = sorted((said for said in dict.fromkeys(passages) if len(said) >= LONG), key=len, reverse=True)[:most]
    return tuple(sorted((said[:LONGEST] for said in told), key=plain.find))


def find(texts: Sequence[Text], within: timedelta, least: float) -> list[Proposal]:
    """For each text the earlier one on its street that it is most alike to, by `least` or more.

    The same texts give the same proposals: ties go to the earliest. Places unknown count as one street.
    """
    streets: dict[str | None, list[Text]] = defaultdict(list)
    for text in sorted(texts, key=lambda one: (one.at, one.id.bytes)):
        streets[text.street].append(text)
    return [proposal for rows in streets.values() for proposal in _street(rows, within, least)]


def _street(rows: Sequence[Text], within: timedelta, least: float) -> list[Proposal]:
    sets = [pairs_of(row.text) for row in rows]
    common = {pair for pair, n in Counter(pair for one in sets for pair in one).items() if n > COMMON}
    index: dict[str, list[int]] = defaultdict(list)
    proposals: list[Proposal] = []
    for n, row in enumerate(rows):
        rare = sets[n] - common
        shared = Counter(earlier for pair in rare for earlier in index[pair])
        enough = min(SHARED, max(1, len(rare) // 2))
        best: tuple[float, int] | None = None
        for earlier, hits in sorted(shared.items()):
            if hits < enough or row.at - rows[earlier].at > within:
                continue
            score = similarity(sets[n], sets[earlier])
            if score >= least and (best is None or score > best[0]):
                best = (score, earlier)
        if best is not None:
            proposals.append(Proposal(row.id, rows[best[1]].id, round(best[0], 4)))
        for pair in rare:
            index[pair].append(n)
    return proposals


async def propose(
    database: Database, principal: str, streets: Sequence[str], within: timedelta, least: float
) -> tuple[int, int]:
    """Propose merges among what a principal raised. Returns how many were found, and how many of them are new."""
    async with database.acquire() as connection:
        texts = await imports.texts(connection, principal, streets)
    found = find(texts, within, least)
    async with database.transaction() as uow:
        now = await uow.now()
        new = await repeats.propose(uow, [(one.whistle, one.into, one.score) for one in found], now)
    return len(found), new
