"""Several problems in one text: where one ends and the next begins, and whose each is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dispatch.domain.duty import DutyList
from dispatch.domain.matching import match

#: so many are offered at most; a longer list is a petition, and a person takes it apart
MOST = 6
#: a single two-character word of a category
LEAST = 4
_END = re.compile(r"[\n；;。！!？?]+|[，,\s](?=另外|还有|此外|同时|[二三四五六]是|第[二三四五六])")
_HEAD = re.compile(
    r"^[\s，,、]*(?:\d{1,2}[、.．)）]\s*|[一二三四五六七八九][、是]|[①-⑨]|第[一二三四五六][、，,：:]?|另外|还有|此外|同时)?[\s，,：:]*"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One of several: its words as they were written, and the category they speak of."""

    text: str
    duty: str


def several(duties: DutyList, text: str) -> tuple[Problem, ...]:
    """The problems of a text, if it holds two or more that different units lead; else none.

    A sentence that speaks of no category, or of the one before it, goes on with what came before.
    """
    found: list[Problem] = []
    opening = ""
    for sentence in _sentences(text):
        hits = match(duties, "", sentence).hits
        duty = duties.get(hits[0].duty) if hits and hits[0].score >= LEAST else None
        if duty is None:
            if found:
                found[-1] = Problem(f"{found[-1].text}。{sentence}", found[-1].duty)
            else:
                opening += f"{sentence}。"
            continue
        before = duties.get(found[-1].duty) if found else None
        if before is not None and before.lead == duty.lead:
            found[-1] = Problem(f"{found[-1].text}。{sentence}", found[-1].duty)
        else:
            found.append(Problem(sentence, duty.code))
    if not 2 <= len(found) <= MOST:
        return ()
    return (Problem(opening + found[0].text, found[0].duty), *found[1:])


def _sentences(text: str) -> list[str]:
    pieces = (_HEAD.sub("", piece, count=1).strip(" \t，,") for piece in _END.split(text))
    return [piece for piece in pieces if len(piece) > 1]
