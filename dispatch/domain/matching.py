"""Matching a text against the duty list: which categories it speaks of, and how strongly.

Score of a category = sum of length squared over its distinct words found, times the title weight for words
in the title; a one-character word counts only where another word of the category was found too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from dispatch.domain.avoidance import Accused, accused
from dispatch.domain.duty import DutyList

_AT = itemgetter(2)
KEPT = 4
"""So many categories of a text are kept: the first and three runners-up; the others play no part."""


class Word(NamedTuple):
    """A word of the duty list found in a text: where it first stands (`title` or `body`, offset)."""

    text: str
    where: str
    at: int


class Hit(NamedTuple):
    """A category found, by its code. `buried`: only far down in a long text, see `MatchRule`."""

    duty: str
    score: int
    words: tuple[Word, ...]
    buried: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """What was found in a text with one version of the duty list. Plain data: kept with the whistle.

    `asks` is the word that makes it a question, if any.
    """

    version: int
    hits: tuple[Hit, ...] = ()
    danger: tuple[str, ...] = ()
    accused: tuple[Accused, ...] = ()
    asks: str = ""

    def as_json(self) -> dict[str, Any]:
        """For storing beside the whistle (words of the duty list only, nothing of the text)."""
        return {
            "version": self.version,
            "hits": [[h.duty, h.score, [[w.text, w.where, w.at] for w in h.words], h.buried] for h in self.hits],
            "danger": list(self.danger),
            "accused": [[a.unit, a.name, a.word, a.misconduct] for a in self.accused],
            "asks": self.asks,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Match:
        return cls(
            int(kept["version"]),
            tuple(Hit(d, s, tuple(Word(*word) for word in words), b) for d, s, words, b in kept["hits"]),
            tuple(kept["danger"]),
            tuple(Accused(*row) for row in kept["accused"]),
            kept["asks"],
        )


def match(duties: DutyList, title: str, body: str) -> Match:
    """Categories found in title and body, best first (ties by code); danger words; units complained about."""
    scan = duties.scan
    whole = f"{title}\n{body}" if title else body
    found = {word: word in title for word in scan.words.found(whole)}
    scores, words = _scores(duties, found, title, body)
    best = sorted(scores, key=lambda code: (-scores[code], code))[:KEPT] if len(scores) > 1 else list(scores)
    blamed: tuple[Accused, ...] = ()
    if not scan.blame.isdisjoint(found) and any(word in scan.names for word in found):
        blamed = accused(duties.accusation, title, body)
    head = title or body[: duties.rule.short]
    return Match(
        duties.version,
        tuple(_hit(duties, code, scores[code], words[code], title, body) for code in best),
        tuple(word for word in duties.danger if word in found) if not scan.danger.isdisjoint(found) else (),
        blamed,
        _asked(duties.rule.asking, head),
    )


def _asked(asking: Iterable[str], head: str) -> str:
    """The first of the words that make it a question. A plain loop: this is on the way of every whistle."""
    for word in asking:
        if word in head:
            return word
    return ""


def _scores(
    duties: DutyList, found: Mapping[str, bool], title: str, body: str
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Score and words found of each category."""
    scan, weight = duties.scan, duties.rule.title_weight
    scores: dict[str, int] = {}
    words: dict[str, list[str]] = {}
    for word, titled in found.items():
        scored = scan.scoring.get(word)
        if scored is None:
            continue
        square = scored[0] * weight if titled else scored[0]
        for code in scored[1]:
            if code in scores:
                scores[code] += square
                words[code].append(word)
            else:
                scores[code] = square
                words[code] = [word]
    if not scan.barred_words.isdisjoint(found):
        for word in scan.barred_words.intersection(found):
            for code in scan.barred[word]:
                scores.pop(code, None)
    for code in scan.needs.keys() & scores.keys():
        if scan.needs[code].isdisjoint(found):
            del scores[code]
    for code in scan.singles.keys() & scores.keys():
        for single in scan.singles[code]:
            if single in title or single in body:
                scores[code] += weight if single in title else 1
                words[code].append(single)
    return scores, words


def _hit(duties: DutyList, code: str, score: int, words: Sequence[str], title: str, body: str) -> Hit:
    places, short = _places(words, title, body), duties.rule.short
    buried = len(body) > short and not any(word.where == "title" or (not title and word.at < short) for word in places)
    return Hit(code, score, places, buried)


def _places(words: Sequence[str], title: str, body: str) -> tuple[Word, ...]:
    in_title, in_body = [], []
    for word in words:
        at = title.find(word)
        if at >= 0:
            in_title.append(Word(word, "title", at))
        else:
            in_body.append(Word(word, "body", body.find(word)))
    for found in (in_title, in_body):
        if len(found) > 1:
            found.sort(key=_AT)
    return (*in_title, *in_body)


def danger_words(duties: DutyList, *texts: str) -> list[str]:
    """Danger words of the list in any of the texts, in the list's order."""
    found: set[str] = set()
    for text in texts:
        found.update(word for word in duties.scan.words.found(text) if word in duties.scan.danger)
    return [word for word in duties.danger if word in found]


def codes(hits: Iterable[Hit]) -> tuple[str, ...]:
    return tuple(hit.duty for hit in hits)
